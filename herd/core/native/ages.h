/* Which client's record is the oldest: the compiled form of `ages.py`, whose opening says how it works.
 *
 * Clients are handles here. Those in front stand in a heap, by the moment under which they were filed and the client's id.
 */
#ifndef HERD_AGES_H
#define HERD_AGES_H

#include "buckets.h"

typedef struct {
    int64_t filed_ns;
    Handle handle;
} Entry;

typedef struct {
    Store *store;
    int64_t width_ns;
    Buckets filed;
    int64_t front_bucket; /* the last one that was opened; INT64_MIN before the first */
    Handle unsettled;     /* what is left of its stack */
    Entry *front;         /* a heap */
    size_t count;
    size_t capacity;
} Ages;

void ages_init(Ages *ages, Store *store, int64_t width_ns);
void ages_clear(Ages *ages);

/* File a client that is not filed yet; false where memory is out. */
bool ages_add(Ages *ages, Handle handle, int64_t received_ns);

/* Tell whether there may be a client whose record was received no later than `until_ns`. */
bool ages_is_due(const Ages *ages, int64_t until_ns);

/* If nothing is in front, begin with the earliest bucket if it is due; look at `budget` clients. */
bool ages_settle(Ages *ages, int64_t until_ns, size_t budget);

typedef enum { AGES_NONE, AGES_REFILED, AGES_DUE, AGES_NO_MEMORY } AgesLook;

/* Look at the client in front, no later than `until_ns`: take it out if it is as old as it was filed. */
AgesLook ages_look(Ages *ages, int64_t until_ns, Handle *due);

/* Take the client with the oldest record out, however long that takes; NO_HANDLE if there is none. */
Handle ages_pop_oldest(Ages *ages, bool *no_memory);

#endif
