/* Hashes -> handles: a table with open addressing, under the cache and under the outboxes.
 *
 * It keeps the hashes and not what they are made of: two things may have the same, so a look-up goes through the slots of
 * a hash until it finds what it looks for or an empty one.
 */
#ifndef HERD_SLOTS_H
#define HERD_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#define NO_HANDLE UINT32_MAX

typedef uint32_t Handle;

typedef struct {
    uint32_t hash;
    Handle handle; /* NO_HANDLE where the slot is empty */
} Slot;

typedef struct {
    Slot *at; /* a power of two of them, at most three quarters in use; none before the first */
    uint32_t capacity;
    uint32_t count;
} Slots;

/* The slot where the search for a hash begins, and the one that follows. There must be slots. */
static inline uint32_t slots_first(const Slots *slots, uint32_t hash)
{
    return hash & (slots->capacity - 1);
}

static inline uint32_t slots_next(const Slots *slots, uint32_t at)
{
    return (at + 1) & (slots->capacity - 1);
}

/* Ask for the slot of a hash before it is time for it. */
static inline void slots_foresee(const Slots *slots, uint32_t hash)
{
    if (slots->capacity > 0)
        __builtin_prefetch(&slots->at[slots_first(slots, hash)]);
}

/* Make room for one more; false where memory is out. */
bool slots_make_room(Slots *slots);

/* Fill a slot; there must be room. */
void slots_add(Slots *slots, Slot slot);

/* Empty the slot of a handle; there must be one. */
void slots_remove(Slots *slots, uint32_t hash, Handle handle);

/* Empty them all; the memory goes too where they were many more than needed. */
void slots_empty(Slots *slots);

void slots_clear(Slots *slots);

#endif
