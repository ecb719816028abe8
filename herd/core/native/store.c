#include "store.h"

#define FIRST_RECORDS 64

void store_init(Store *store)
{
    memset(store, 0, sizeof *store);
    store->first_free = NO_HANDLE;
}

void store_clear(Store *store)
{
    for (size_t i = 0; i < SHARDS; i++) {
        Slots *shard = &store->shards[i];
        for (uint32_t at = 0; at < shard->capacity; at++)
            if (shard->at[at].handle != NO_HANDLE)
                record_release(store->records[shard->at[at].handle]);
        slots_clear(shard);
    }
    free(store->records);
    store_init(store);
}

static inline const Slots *shard_of(const Store *store, Key key)
{
    return &store->shards[key.checksum >> SHARD_SHIFT];
}

Handle store_find(const Store *store, Key key, Text client_id)
{
    const Slots *shard = shard_of(store, key);
    if (shard->capacity == 0)
        return NO_HANDLE;
    for (uint32_t at = slots_first(shard, key.hash);; at = slots_next(shard, at)) {
        Slot slot = shard->at[at];
        if (slot.handle == NO_HANDLE)
            return NO_HANDLE;
        if (slot.hash == key.hash && is_record_of(store->records[slot.handle], client_id))
            return slot.handle;
    }
}

void store_foresee_slot(const Store *store, Key key)
{
    slots_foresee(shard_of(store, key), key.hash);
}

/* What stands in the first slot of a hash, where that is probably what is looked for. */
static Handle likely_handle(const Store *store, Key key)
{
    const Slots *shard = shard_of(store, key);
    if (shard->capacity == 0)
        return NO_HANDLE;
    Slot slot = shard->at[slots_first(shard, key.hash)];
    return slot.hash == key.hash ? slot.handle : NO_HANDLE;
}

void store_foresee_place(const Store *store, Key key)
{
    Handle handle = likely_handle(store, key);
    if (handle != NO_HANDLE)
        __builtin_prefetch(&store->records[handle]);
}

void store_foresee_record(const Store *store, Key key)
{
    Handle handle = likely_handle(store, key);
    if (handle == NO_HANDLE)
        return;
    const char *record = (const char *)store->records[handle];
    __builtin_prefetch(record, 1);
    __builtin_prefetch(record + 64, 1);
}

static bool make_room_for_record(Store *store)
{
    if (store->first_free != NO_HANDLE || store->first_unused < store->capacity)
        return true;
    Handle capacity = store->capacity == 0 ? FIRST_RECORDS : store->capacity + store->capacity / 4;
    Record **records = realloc(store->records, capacity * sizeof *records);
    if (records == NULL)
        return false;
    store->records = records;
    store->capacity = capacity;
    return true;
}

static Handle take_handle(Store *store)
{
    if (store->first_free == NO_HANDLE)
        return store->first_unused++;
    Handle handle = store->first_free;
    store->first_free = (Handle)(uintptr_t)store->records[handle];
    return handle;
}

Handle store_add(Store *store, Key key, Text line, size_t id_at, int64_t received_ns)
{
    Slots *shard = &store->shards[key.checksum >> SHARD_SHIFT];
    if (!slots_make_room(shard) || !make_room_for_record(store))
        return NO_HANDLE;
    Record *record = record_make(key.checksum, line, id_at, received_ns);
    if (record == NULL)
        return NO_HANDLE;
    Handle handle = take_handle(store);
    store->records[handle] = record;
    slots_add(shard, (Slot){key.hash, handle});
    store->count++;
    return handle;
}

/* Put another record in the place of one that others hold too. */
static bool supplant(Record **place, Text line, size_t id_at, int64_t received_ns)
{
    Record *record = record_make((*place)->checksum, line, id_at, received_ns);
    if (record == NULL)
        return false;
    record->filed_below = (*place)->filed_below;
    record_release(*place);
    *place = record;
    return true;
}

bool store_replace(Store *store, Handle handle, Text line, size_t id_at, int64_t received_ns)
{
    Record *record = store->records[handle];
    if (record->holders > 1)
        return supplant(&store->records[handle], line, id_at, received_ns);
    if (record->line_bytes != line.bytes) {
        record = realloc(record, size_of_record(line.bytes));
        if (record == NULL)
            return false;
        store->records[handle] = record;
    }
    record_write(record, line, id_at, received_ns);
    return true;
}

void store_remove(Store *store, Handle handle)
{
    Record *record = store->records[handle];
    slots_remove(&store->shards[record->checksum >> SHARD_SHIFT], hash_of(record_client(record)), handle);
    store->count--;
    record_release(record);
    store->records[handle] = (Record *)(uintptr_t)store->first_free;
    store->first_free = handle;
}
