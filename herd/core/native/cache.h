/* The cache of `cache.py`, compiled: a Python type over the store and the ages.
 *
 * What its methods promise is written there; here is only how.
 */
#ifndef HERD_CACHE_H
#define HERD_CACHE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "ages.h"

#define LONGEST_NS (INT64_MAX / 4) /* so that no sum or difference of two overflows */

typedef struct {
    PyObject_HEAD
    Store store;
    Ages ages;
    size_t most_clients;
    int64_t lifetime_ns;
    PyObject *dirty;      /* a bytearray with one byte for each leaf */
    PyObject *on_dropped; /* called with each client whose record expired or was evicted */
} Cache;

/* A record that may be news. */
typedef struct {
    AtLine at;
    Key key;
    Handle held;         /* what the cache has of this client */
    int64_t filed_ns;    /* when its origin received it, as the caller says */
    int64_t received_ns; /* the same, as the line says */
} Candidate;

typedef enum { OFFER_FAILED = -1, OFFER_OLD = 0, OFFER_NEWS = 1 } Offer;

extern PyTypeObject CacheType;

/* Bind what the compiled core borrows from the pure one, for numerals that do not fit 64 bits. */
int cache_setup(void);

/* `herd.core.record.make_line`, for such times; a new reference. */
PyObject *make_line_exactly(PyObject *prefix, PyObject *now_ns, Text client_id, Text position, Text time);

/* A Python integer as 64 bits; one that is larger or smaller becomes the largest or smallest. */
bool as_ns(PyObject *number, int64_t *ns);

static inline Text text_of(PyObject *bytes)
{
    return (Text){PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes)};
}

static inline PyObject *bytes_of(Text text)
{
    return PyBytes_FromStringAndSize(text.at, (Py_ssize_t)text.bytes);
}

/* When a record was received, by its line alone; false with an exception set. */
bool received_by(const AtLine *at, int64_t *received_ns);

/* Tell whether `line` is greater than the other in the order of records. */
bool is_newer(Text time, Text origin, Text line, Text other_time, Text other_origin, Text other_line);

static inline bool is_expired(const Cache *cache, int64_t received_ns, int64_t now_ns)
{
    return received_ns <= now_ns - cache->lifetime_ns;
}

/* Store a record if it is news: not held as new, not expired, not older than a full cache's oldest. Then it is held. */
Offer cache_offer(Cache *cache, Candidate *candidate, int64_t now_ns);

/* Drop the record of a client that is filed no more, and say so; -1 with an exception set. */
int cache_drop(Cache *cache, Handle handle);

/* Drop the oldest record; its handle, or NO_HANDLE with an exception set. There must be one. */
Handle cache_evict(Cache *cache);

#endif
