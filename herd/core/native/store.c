#include "store.h"

#include <stddef.h>
#include <stdlib.h>

#define FIRST_SLOTS 8
#define FIRST_RECORDS 64

static uint32_t crc_of_byte[256];

void store_init(Store *store)
{
    memset(store, 0, sizeof *store);
    store->first_free = NO_HANDLE;
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
        crc_of_byte[byte] = crc;
    }
}

void store_clear(Store *store)
{
    for (size_t i = 0; i < SHARDS; i++) {
        Shard *shard = &store->shards[i];
        for (uint32_t at = 0; at < shard->capacity; at++)
            if (shard->slots[at].handle != NO_HANDLE)
                free(store->records[shard->slots[at].handle]);
        free(shard->slots);
    }
    free(store->records);
    store_init(store);
}

uint32_t checksum_of(Text client_id)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < client_id.bytes; i++)
        crc = crc >> 8 ^ crc_of_byte[(crc ^ (unsigned char)client_id.at[i]) & 0xFF];
    return ~crc;
}

/* The slots of a shard differ in the checksum's lower bits: its upper ones are the shard's number. */
static uint32_t first_slot(const Shard *shard, uint32_t checksum)
{
    return checksum & (shard->capacity - 1);
}

static bool is_record_of(const Record *record, Text client_id)
{
    const char *at = record->line + record->id_at;
    return record->line_bytes - record->id_at > client_id.bytes && at[client_id.bytes] == ' '
        && memcmp(at, client_id.at, client_id.bytes) == 0;
}

Handle store_find(const Store *store, uint32_t checksum, Text client_id)
{
    const Shard *shard = &store->shards[checksum >> SHARD_SHIFT];
    if (shard->capacity == 0)
        return NO_HANDLE;
    for (uint32_t at = first_slot(shard, checksum);; at = (at + 1) & (shard->capacity - 1)) {
        Slot slot = shard->slots[at];
        if (slot.handle == NO_HANDLE)
            return NO_HANDLE;
        if (slot.checksum == checksum && is_record_of(store->records[slot.handle], client_id))
            return slot.handle;
    }
}

void store_foresee_slot(const Store *store, uint32_t checksum)
{
    const Shard *shard = &store->shards[checksum >> SHARD_SHIFT];
    if (shard->capacity > 0)
        __builtin_prefetch(&shard->slots[first_slot(shard, checksum)]);
}

void store_foresee_record(const Store *store, uint32_t checksum)
{
    const Shard *shard = &store->shards[checksum >> SHARD_SHIFT];
    if (shard->capacity == 0)
        return;
    Slot slot = shard->slots[first_slot(shard, checksum)];
    if (slot.handle == NO_HANDLE || slot.checksum != checksum)
        return;
    const char *record = (const char *)store->records[slot.handle];
    __builtin_prefetch(record, 1);
    __builtin_prefetch(record + 64, 1);
}

static void fill_slot(Shard *shard, Slot slot)
{
    uint32_t at = first_slot(shard, slot.checksum);
    while (shard->slots[at].handle != NO_HANDLE)
        at = (at + 1) & (shard->capacity - 1);
    shard->slots[at] = slot;
}

static bool make_room_in_shard(Shard *shard)
{
    if (shard->count < shard->capacity / 4 * 3)
        return true;
    Shard larger = {NULL, shard->capacity == 0 ? FIRST_SLOTS : shard->capacity * 2, shard->count};
    larger.slots = malloc(larger.capacity * sizeof(Slot));
    if (larger.slots == NULL)
        return false;
    memset(larger.slots, 0xFF, larger.capacity * sizeof(Slot)); /* every handle is NO_HANDLE */
    for (uint32_t at = 0; at < shard->capacity; at++)
        if (shard->slots[at].handle != NO_HANDLE)
            fill_slot(&larger, shard->slots[at]);
    free(shard->slots);
    *shard = larger;
    return true;
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

static size_t size_of_record(size_t line_bytes)
{
    return offsetof(Record, line) + line_bytes;
}

static void write_record(Record *record, Text line, size_t id_at, int64_t received_ns)
{
    record->received_ns = received_ns;
    record->line_bytes = (uint32_t)line.bytes;
    record->id_at = (uint32_t)id_at;
    memcpy(record->line, line.at, line.bytes);
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
    Shard *shard = &store->shards[checksum >> SHARD_SHIFT];
    if (!make_room_in_shard(shard) || !make_room_for_record(store))
        return NO_HANDLE;
    Record *record = malloc(size_of_record(line.bytes));
    if (record == NULL)
        return NO_HANDLE;
    record->checksum = checksum;
    write_record(record, line, id_at, received_ns);
    Handle handle = take_handle(store);
    store->records[handle] = record;
    fill_slot(shard, (Slot){checksum, handle});
    shard->count++;
    store->count++;
    return handle;
}

bool store_replace(Store *store, Handle handle, Text line, size_t id_at, int64_t received_ns)
{
    Record *record = store->records[handle];
    if (record->line_bytes != line.bytes) {
        record = realloc(record, size_of_record(line.bytes));
        if (record == NULL)
            return false;
        store->records[handle] = record;
    }
    write_record(record, line, id_at, received_ns);
    return true;
}

/* Empty a slot, and move those that stand after it to where they would stand without it. */
static void empty_slot(Shard *shard, uint32_t hole)
{
    uint32_t mask = shard->capacity - 1;
    for (uint32_t at = (hole + 1) & mask; shard->slots[at].handle != NO_HANDLE; at = (at + 1) & mask) {
        uint32_t wanted = first_slot(shard, shard->slots[at].checksum);
        if (((at - wanted) & mask) >= ((at - hole) & mask)) {
            shard->slots[hole] = shard->slots[at];
            hole = at;
        }
    }
    shard->slots[hole].handle = NO_HANDLE;
}

void store_remove(Store *store, Handle handle)
{
    Record *record = store->records[handle];
    Shard *shard = &store->shards[record->checksum >> SHARD_SHIFT];
    uint32_t at = first_slot(shard, record->checksum);
    while (shard->slots[at].handle != handle)
        at = (at + 1) & (shard->capacity - 1);
    empty_slot(shard, at);
    shard->count--;
    store->count--;
    free(record);
    store->records[handle] = (Record *)(uintptr_t)store->first_free;
    store->first_free = handle;
}
