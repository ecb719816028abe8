#include "store.h"

#define FIRST_RECORDS 64
#define BYTES_AT_ONCE 8

/* What a byte comes to in a checksum, by how many bytes follow it. */
static uint32_t crc_of_byte[BYTES_AT_ONCE][256];

static void fill_crc_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
        crc_of_byte[0][byte] = crc;
    }
    for (int following = 1; following < BYTES_AT_ONCE; following++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t crc = crc_of_byte[following - 1][byte];
            crc_of_byte[following][byte] = crc >> 8 ^ crc_of_byte[0][crc & 0xFF];
        }
}

void store_init(Store *store)
{
    memset(store, 0, sizeof *store);
    store->first_free = NO_HANDLE;
    fill_crc_table();
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

uint32_t checksum_of(Text client_id)
{
    const unsigned char *at = (const unsigned char *)client_id.at, *end = at + client_id.bytes;
    uint32_t crc = UINT32_MAX;
    for (; end - at >= BYTES_AT_ONCE; at += BYTES_AT_ONCE)
        crc = crc_of_byte[7][(crc & 0xFF) ^ at[0]] ^ crc_of_byte[6][(crc >> 8 & 0xFF) ^ at[1]]
            ^ crc_of_byte[5][(crc >> 16 & 0xFF) ^ at[2]] ^ crc_of_byte[4][crc >> 24 ^ at[3]]
            ^ crc_of_byte[3][at[4]] ^ crc_of_byte[2][at[5]] ^ crc_of_byte[1][at[6]] ^ crc_of_byte[0][at[7]];
    for (; at < end; at++)
        crc = crc >> 8 ^ crc_of_byte[0][(crc ^ *at) & 0xFF];
    return ~crc;
}

/* The slots of a shard differ in the checksum's lower bits: its upper ones are the shard's number. */
static inline const Slots *shard_of(const Store *store, uint32_t checksum)
{
    return &store->shards[checksum >> SHARD_SHIFT];
}

Handle store_find(const Store *store, uint32_t checksum, Text client_id)
{
    const Slots *shard = shard_of(store, checksum);
    if (shard->capacity == 0)
        return NO_HANDLE;
    for (uint32_t at = slots_first(shard, checksum);; at = slots_next(shard, at)) {
        Slot slot = shard->at[at];
        if (slot.handle == NO_HANDLE)
            return NO_HANDLE;
        if (slot.checksum == checksum && is_record_of(store->records[slot.handle], client_id))
            return slot.handle;
    }
}

void store_foresee_slot(const Store *store, uint32_t checksum)
{
    slots_foresee(shard_of(store, checksum), checksum);
}

/* What stands in the first slot of a checksum, where that is probably what is looked for. */
static Handle likely_handle(const Store *store, uint32_t checksum)
{
    const Slots *shard = shard_of(store, checksum);
    if (shard->capacity == 0)
        return NO_HANDLE;
    Slot slot = shard->at[slots_first(shard, checksum)];
    return slot.checksum == checksum ? slot.handle : NO_HANDLE;
}

void store_foresee_place(const Store *store, uint32_t checksum)
{
    Handle handle = likely_handle(store, checksum);
    if (handle != NO_HANDLE)
        __builtin_prefetch(&store->records[handle]);
}

void store_foresee_record(const Store *store, uint32_t checksum)
{
    Handle handle = likely_handle(store, checksum);
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

Handle store_add(Store *store, uint32_t checksum, Text line, size_t id_at, int64_t received_ns)
{
    Slots *shard = &store->shards[checksum >> SHARD_SHIFT];
    if (!slots_make_room(shard) || !make_room_for_record(store))
        return NO_HANDLE;
    Record *record = record_make(checksum, line, id_at, received_ns);
    if (record == NULL)
        return NO_HANDLE;
    Handle handle = take_handle(store);
    store->records[handle] = record;
    slots_add(shard, (Slot){checksum, handle});
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
    slots_remove(&store->shards[record->checksum >> SHARD_SHIFT], record->checksum, handle);
    store->count--;
    record_release(record);
    store->records[handle] = (Record *)(uintptr_t)store->first_free;
    store->first_free = handle;
}
