/* Client id -> record, in as little memory as Redis takes: the table under the compiled cache.
 *
 * Records are known by handles, small numbers that stay the same while a client's record changes. Each shard is a hash
 * table of them; a slot keeps the hash of the id, so that a miss seldom touches a record.
 */
#ifndef HERD_STORE_H
#define HERD_STORE_H

#include "record.h"

#define SHARDS 256
#define SHARD_SHIFT 24

typedef struct {
    Slots shards[SHARDS];
    Record **records; /* by handle; one that is free holds the next free one's number */
    Handle capacity;
    Handle first_unused;
    Handle first_free;
    size_t count;
} Store;

void store_init(Store *store);
void store_clear(Store *store);

static inline Record *store_record(const Store *store, Handle handle)
{
    return store->records[handle];
}

/* Most of a look-up is waiting for memory. Who has many before him asks for the slot early, a while before its time for
   what says where the record is, and shortly before it for the record. */
#define FORESIGHT 8
void store_foresee_slot(const Store *store, Key key);
void store_foresee_place(const Store *store, Key key);
void store_foresee_record(const Store *store, Key key);

/* Find a client's record; NO_HANDLE if there is none. */
Handle store_find(const Store *store, Key key, Text client_id);

/* Add the record of a client that has none; NO_HANDLE where memory is out. */
Handle store_add(Store *store, Key key, Text line, size_t id_at, int64_t received_ns);

/* Give a client another line; false where memory is out, and nothing has changed then. */
bool store_replace(Store *store, Handle handle, Text line, size_t id_at, int64_t received_ns);

void store_remove(Store *store, Handle handle);

#endif
