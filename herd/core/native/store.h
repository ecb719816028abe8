/* Client id -> record, in as little memory as Redis takes: the table under the compiled cache.
 *
 * A record is one piece of memory that begins with what is asked for most and ends with the AT line itself. Records are
 * known by handles, small numbers that stay the same while a record's line changes. Each shard is a hash table with open
 * addressing; a slot keeps the checksum, so that a miss seldom touches a record.
 */
#ifndef HERD_STORE_H
#define HERD_STORE_H

#include "grammar.h"

#define SHARDS 256
#define SHARD_SHIFT 24
#define NO_HANDLE UINT32_MAX

typedef uint32_t Handle;

typedef struct {
    int64_t received_ns; /* when the origin received it, by the line itself */
    uint32_t checksum;   /* of the client id */
    uint32_t line_bytes;
    uint32_t id_at;
    Handle filed_below; /* the next client in the same bucket of time, see `buckets` */
    char line[];
} Record;

typedef struct {
    uint32_t checksum;
    Handle handle;
} Slot;

typedef struct {
    Slot *slots; /* a power of two of them, at most three quarters in use */
    uint32_t capacity;
    uint32_t count;
} Shard;

typedef struct {
    Shard shards[SHARDS];
    Record **records; /* by handle; one that is free holds the next free one's number */
    Handle capacity;
    Handle first_unused;
    Handle first_free;
    size_t count;
} Store;

void store_init(Store *store);
void store_clear(Store *store);

/* The CRC-32 that zlib computes. */
uint32_t checksum_of(Text client_id);

static inline Record *store_record(const Store *store, Handle handle)
{
    return store->records[handle];
}

static inline Text record_line(const Record *record)
{
    return (Text){record->line, record->line_bytes};
}

static inline Text record_client(const Record *record)
{
    const char *at = record->line + record->id_at;
    const char *end = memchr(at, ' ', record->line_bytes - record->id_at);
    return text_between(at, end);
}

static inline Text record_time(const Record *record)
{
    const char *end = record->line + record->line_bytes, *at = end;
    while (at[-1] != ' ')
        at--;
    return text_between(at, end);
}

static inline Text record_origin(const Record *record)
{
    const char *at = record->line + 3;
    return text_between(at, memchr(at, ' ', record->line_bytes - 3));
}

/* Most of a look-up is waiting for memory. Who has many before him asks for the slot early, and a few before it is time
   for the record that it leads to. */
#define FORESIGHT 8
void store_foresee_slot(const Store *store, uint32_t checksum);
void store_foresee_record(const Store *store, uint32_t checksum);

/* Find a client's record; NO_HANDLE if there is none. */
Handle store_find(const Store *store, uint32_t checksum, Text client_id);

/* Add the record of a client that has none; NO_HANDLE where memory is out. */
Handle store_add(Store *store, uint32_t checksum, Text line, size_t id_at, int64_t received_ns);

/* Give a record another line; false where memory is out, and nothing has changed then. */
bool store_replace(Store *store, Handle handle, Text line, size_t id_at, int64_t received_ns);

void store_remove(Store *store, Handle handle);

#endif
