#include "buckets.h"

#include <stdlib.h>

#define FIRST_CAPACITY 8

void buckets_clear(Buckets *buckets)
{
    free(buckets->table);
    free(buckets->order);
    *buckets = (Buckets){0};
}

static size_t first_place(const Buckets *buckets, int64_t number)
{
    uint64_t mixed = (uint64_t)number * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(mixed >> 32) & (buckets->capacity - 1);
}

/* Where a bucket stands, or the free place where it would. */
static Bucket *place_of(const Buckets *buckets, int64_t number)
{
    size_t at = first_place(buckets, number);
    while (buckets->table[at].top != NO_HANDLE && buckets->table[at].number != number)
        at = (at + 1) & (buckets->capacity - 1);
    return &buckets->table[at];
}

static bool make_room(Buckets *buckets)
{
    if (buckets->count < buckets->capacity / 2)
        return true;
    Buckets larger = {.count = buckets->count, .capacity = buckets->capacity ? buckets->capacity * 2 : FIRST_CAPACITY};
    larger.table = malloc(larger.capacity * sizeof *larger.table);
    larger.order = realloc(buckets->order, larger.capacity / 2 * sizeof *larger.order);
    if (larger.order != NULL)
        buckets->order = larger.order;
    if (larger.table == NULL || larger.order == NULL) {
        free(larger.table);
        return false;
    }
    for (size_t at = 0; at < larger.capacity; at++)
        larger.table[at].top = NO_HANDLE;
    for (size_t at = 0; at < buckets->capacity; at++)
        if (buckets->table[at].top != NO_HANDLE)
            *place_of(&larger, buckets->table[at].number) = buckets->table[at];
    free(buckets->table);
    *buckets = larger;
    return true;
}

static void order_push(Buckets *buckets, int64_t number)
{
    size_t at = buckets->count++;
    while (at > 0 && buckets->order[(at - 1) / 2] > number) {
        buckets->order[at] = buckets->order[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    buckets->order[at] = number;
}

static int64_t order_pop(Buckets *buckets)
{
    int64_t *order = buckets->order, earliest = order[0], last = order[--buckets->count];
    size_t at = 0, below = 1;
    while (below < buckets->count) {
        if (below + 1 < buckets->count && order[below + 1] < order[below])
            below++;
        if (order[below] >= last)
            break;
        order[at] = order[below];
        at = below;
        below = 2 * at + 1;
    }
    order[at] = last;
    return earliest;
}

bool buckets_push(Buckets *buckets, Store *store, int64_t number, Handle handle)
{
    if (!make_room(buckets))
        return false;
    Bucket *bucket = place_of(buckets, number);
    if (bucket->top == NO_HANDLE)
        order_push(buckets, number);
    store_record(store, handle)->filed_below = bucket->top;
    *bucket = (Bucket){number, handle};
    return true;
}

/* Empty a place, and move those that stand after it to where they would stand without it. */
static void empty_place(Buckets *buckets, size_t hole)
{
    size_t mask = buckets->capacity - 1;
    for (size_t at = (hole + 1) & mask; buckets->table[at].top != NO_HANDLE; at = (at + 1) & mask) {
        size_t wanted = first_place(buckets, buckets->table[at].number);
        if (((at - wanted) & mask) >= ((at - hole) & mask)) {
            buckets->table[hole] = buckets->table[at];
            hole = at;
        }
    }
    buckets->table[hole].top = NO_HANDLE;
}

Handle buckets_pop_earliest(Buckets *buckets)
{
    Bucket *bucket = place_of(buckets, order_pop(buckets));
    Handle top = bucket->top;
    empty_place(buckets, (size_t)(bucket - buckets->table));
    return top;
}
