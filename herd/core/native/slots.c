#include "slots.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 8
#define MOST_SPARE_SLOTS 4096
#define SPARSE 16

void slots_add(Slots *slots, Slot slot)
{
    uint32_t at = slots_first(slots, slot.hash);
    while (slots->at[at].handle != NO_HANDLE)
        at = slots_next(slots, at);
    slots->at[at] = slot;
    slots->count++;
}

static void mark_as_empty(Slots *slots)
{
    memset(slots->at, 0xFF, slots->capacity * sizeof(Slot)); /* every handle is NO_HANDLE */
}

bool slots_make_room(Slots *slots)
{
    if (slots->count < slots->capacity / 4 * 3)
        return true;
    Slots larger = {.capacity = slots->capacity == 0 ? FIRST_SLOTS : slots->capacity * 2};
    larger.at = malloc(larger.capacity * sizeof(Slot));
    if (larger.at == NULL)
        return false;
    mark_as_empty(&larger);
    for (uint32_t at = 0; at < slots->capacity; at++)
        if (slots->at[at].handle != NO_HANDLE)
            slots_add(&larger, slots->at[at]);
    free(slots->at);
    *slots = larger;
    return true;
}

void slots_remove(Slots *slots, uint32_t hash, Handle handle)
{
    uint32_t hole = slots_first(slots, hash);
    while (slots->at[hole].handle != handle)
        hole = slots_next(slots, hole);
    /* Those that stand after it go where they would stand without it. */
    uint32_t mask = slots->capacity - 1;
    for (uint32_t at = (hole + 1) & mask; slots->at[at].handle != NO_HANDLE; at = (at + 1) & mask) {
        uint32_t wanted = slots_first(slots, slots->at[at].hash);
        if (((at - wanted) & mask) >= ((at - hole) & mask)) {
            slots->at[hole] = slots->at[at];
            hole = at;
        }
    }
    slots->at[hole].handle = NO_HANDLE;
    slots->count--;
}

void slots_empty(Slots *slots)
{
    if (slots->capacity > MOST_SPARE_SLOTS && slots->count < slots->capacity / SPARSE) {
        slots_clear(slots);
        return;
    }
    mark_as_empty(slots);
    slots->count = 0;
}

void slots_clear(Slots *slots)
{
    free(slots->at);
    *slots = (Slots){0};
}
