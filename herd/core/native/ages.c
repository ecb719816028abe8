#include "ages.h"

#include <stdlib.h>

#define FIRST_CAPACITY 64

void ages_init(Ages *ages, Store *store, int64_t width_ns)
{
    *ages = (Ages){.store = store, .width_ns = width_ns, .front_bucket = INT64_MIN, .unsettled = NO_HANDLE};
}

void ages_clear(Ages *ages)
{
    buckets_clear(&ages->filed);
    free(ages->front);
    ages->front = NULL;
}

static bool comes_before(const Ages *ages, Entry one, Entry other)
{
    if (one.filed_ns != other.filed_ns)
        return one.filed_ns < other.filed_ns;
    return text_compare(record_client(store_record(ages->store, one.handle)),
                        record_client(store_record(ages->store, other.handle))) < 0;
}

static bool front_push(Ages *ages, Entry entry)
{
    if (ages->count == ages->capacity) {
        size_t capacity = ages->capacity == 0 ? FIRST_CAPACITY : ages->capacity * 2;
        Entry *front = realloc(ages->front, capacity * sizeof *front);
        if (front == NULL)
            return false;
        ages->front = front;
        ages->capacity = capacity;
    }
    size_t at = ages->count++;
    while (at > 0 && comes_before(ages, entry, ages->front[(at - 1) / 2])) {
        ages->front[at] = ages->front[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    ages->front[at] = entry;
    return true;
}

static Entry front_pop(Ages *ages)
{
    Entry *front = ages->front, popped = front[0], last = front[--ages->count];
    size_t at = 0, below = 1;
    while (below < ages->count) {
        if (below + 1 < ages->count && comes_before(ages, front[below + 1], front[below]))
            below++;
        if (!comes_before(ages, front[below], last))
            break;
        front[at] = front[below];
        at = below;
        below = 2 * at + 1;
    }
    front[at] = last;
    return popped;
}

/* Divide as Python does: down, for moments before 1970 too. */
static int64_t bucket_of(const Ages *ages, int64_t received_ns)
{
    int64_t bucket = received_ns / ages->width_ns;
    return received_ns % ages->width_ns < 0 ? bucket - 1 : bucket;
}

bool ages_add(Ages *ages, Handle handle, int64_t received_ns)
{
    int64_t bucket = bucket_of(ages, received_ns);
    if (bucket <= ages->front_bucket)
        return front_push(ages, (Entry){received_ns, handle});
    return buckets_push(&ages->filed, ages->store, bucket, handle);
}

bool ages_is_due(const Ages *ages, int64_t until_ns)
{
    if (ages->unsettled != NO_HANDLE)
        return true;
    if (ages->count > 0)
        return ages->front[0].filed_ns <= until_ns;
    return !buckets_are_empty(&ages->filed) && buckets_earliest(&ages->filed) <= bucket_of(ages, until_ns);
}

bool ages_settle(Ages *ages, int64_t until_ns, size_t budget)
{
    if (ages->count == 0 && ages->unsettled == NO_HANDLE && ages_is_due(ages, until_ns)) {
        ages->front_bucket = buckets_earliest(&ages->filed);
        ages->unsettled = buckets_pop_earliest(&ages->filed);
    }
    for (; budget > 0 && ages->unsettled != NO_HANDLE; budget--) {
        Handle handle = ages->unsettled;
        const Record *record = store_record(ages->store, handle);
        ages->unsettled = record->filed_below;
        if (!ages_add(ages, handle, record->received_ns))
            return false;
    }
    return true;
}

AgesLook ages_look(Ages *ages, int64_t until_ns, Handle *due)
{
    if (ages->unsettled != NO_HANDLE || ages->count == 0 || ages->front[0].filed_ns > until_ns)
        return AGES_NONE;
    Entry entry = front_pop(ages);
    int64_t received_ns = store_record(ages->store, entry.handle)->received_ns;
    *due = entry.handle;
    if (received_ns == entry.filed_ns)
        return AGES_DUE;
    return ages_add(ages, entry.handle, received_ns) ? AGES_REFILED : AGES_NO_MEMORY;
}

Handle ages_pop_oldest(Ages *ages, bool *no_memory)
{
    Handle due = NO_HANDLE;
    AgesLook look = AGES_REFILED;
    while (look == AGES_REFILED || (look == AGES_NONE && !buckets_are_empty(&ages->filed)))
        look = ages_settle(ages, INT64_MAX, SIZE_MAX) ? ages_look(ages, INT64_MAX, &due) : AGES_NO_MEMORY;
    *no_memory = look == AGES_NO_MEMORY;
    return look == AGES_DUE ? due : NO_HANDLE;
}
