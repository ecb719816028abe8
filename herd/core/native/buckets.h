/* Stacks of clients, one for each bucket of time, and which of them is the earliest.
 *
 * A stack is a chain through the records themselves, so a client costs no memory here; the buckets stand in a hash table
 * by number, and their numbers in a heap.
 */
#ifndef HERD_BUCKETS_H
#define HERD_BUCKETS_H

#include "store.h"

typedef struct {
    int64_t number;
    Handle top; /* NO_HANDLE where the place in the table is free */
} Bucket;

typedef struct {
    Bucket *table; /* a power of two of places, at most half of them in use */
    int64_t *order; /* a heap of the numbers in use */
    size_t count;
    size_t capacity;
} Buckets;

void buckets_clear(Buckets *buckets);

/* Put a client on top of a bucket's stack; false where memory is out. */
bool buckets_push(Buckets *buckets, Store *store, int64_t number, Handle handle);

static inline bool buckets_are_empty(const Buckets *buckets)
{
    return buckets->count == 0;
}

static inline int64_t buckets_earliest(const Buckets *buckets)
{
    return buckets->order[0];
}

/* Take the earliest bucket out; return the top of its stack. There must be one. */
Handle buckets_pop_earliest(Buckets *buckets);

#endif
