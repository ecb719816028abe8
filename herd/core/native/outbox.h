/* What one neighbor is owed, a record per client, in the order of waiting: the outbox of `outbox.py`, compiled.
 *
 * Records wait in a chain of entries, and a table finds a client's entry. A record is not copied to wait: the cache and all
 * outboxes hold the same one.
 */
#ifndef HERD_OUTBOX_H
#define HERD_OUTBOX_H

#include "cache.h"

typedef struct {
    Record *record;
    Handle before; /* NO_HANDLE at the front */
    Handle after;  /* NO_HANDLE at the end; of an entry that is free, the next free one */
} Waiting;

typedef struct {
    PyObject_HEAD
    char is_open;
    Slots places; /* of the clients that wait: as many as there are entries in use */
    Waiting *entries;
    Handle capacity;
    Handle first_unused;
    Handle first_free;
    Handle front;
    Handle end;
} Outbox;

/* A row of entries at the front. */
typedef struct {
    size_t records;
    size_t bytes; /* of the lines, without endings */
    Handle rest;  /* what follows it */
} Portion;

extern PyTypeObject OutboxType;

void outbox_init(Outbox *outbox);

/* The entry of a client; NO_HANDLE if none waits. */
Handle outbox_find(const Outbox *outbox, uint32_t hash, Text client_id);

/* Have a record wait, in the place of an older one of its client or at the end; false where memory is out. */
bool outbox_put(Outbox *outbox, uint32_t hash, Record *record, Text client_id);

/* Drop what waits for a client, unless it is newer than a record that the neighbor has. */
void outbox_forget(Outbox *outbox, const AtLine *at);

/* Those that have waited longest: one if any waits, and at most about so many bytes. */
Portion outbox_front(const Outbox *outbox, size_t max_bytes);

/* Let go of a portion that was just measured. */
void outbox_drop(Outbox *outbox, Portion portion);

/* Let go of everything. */
void outbox_empty(Outbox *outbox);

/* A tuple of outboxes: whoever is owed what is news. */
bool are_outboxes(PyObject *outboxes);

/* Ask for where a client of such a hash would stand, before it is time for it. */
void owe_soon(PyObject *outboxes, uint32_t hash);

/* Owe a record to all of them that are open; -1 with an exception set. */
int owe(PyObject *outboxes, uint32_t hash, Record *record, Text client_id);

#endif
