/* The hot path, compiled: chunks of whole lines -> answers, and what is news. `ingest.py` explains it. */
#ifndef HERD_INGEST_H
#define HERD_INGEST_H

#include "cache.h"

/* What else `ingest` is told. */
typedef struct {
    PyObject *prefix;
    PyObject *now; /* nanoseconds */
    size_t longest_id;
    bool is_owed;
} Intent;

/* Read an intent from four arguments; false with an exception set. */
bool read_intent(PyObject *const *args, Intent *intent);

/* Take whole lines of clients; (reply, fresh, count), or None if they are not for the hot path. */
PyObject *ingest_lines(Cache *cache, Text lines, const Intent *intent);

/* ingest(cache, lines, prefix, now_ns, longest_id, is_owed) -> (reply, fresh, count) or None */
PyObject *ingest(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* learn(cache, lines, waiting, now_ns, latest_ns, longest_id, longest_line) -> (fresh, count, refused) or None */
PyObject *learn(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* take(waiting, max_bytes) -> the AT lines that have waited longest */
PyObject *take(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* Add to what is news; -1 with an exception set. */
int put_fresh(PyObject *fresh, Text client_id, Text line);

#endif
