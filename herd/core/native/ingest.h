/* The hot path, compiled: chunks of whole lines -> answers, and what is news. `ingest.py` explains it. */
#ifndef HERD_INGEST_H
#define HERD_INGEST_H

#include "outbox.h"

/* What else `ingest` is told. */
typedef struct {
    PyObject *prefix;
    PyObject *now; /* nanoseconds */
    size_t longest_id;
    PyObject *owed; /* a tuple of outboxes */
} Intent;

/* Read an intent from four arguments; false with an exception set. */
bool read_intent(PyObject *const *args, Intent *intent);

/* Take whole lines of clients; (reply, is_news, count), or None if they are not for the hot path. */
PyObject *ingest_lines(Cache *cache, Text lines, const Intent *intent);

/* ingest(cache, lines, prefix, now_ns, longest_id, owed) -> (reply, is_news, count) or None */
PyObject *ingest(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* learn(cache, lines, outbox, owed, now_ns, latest_ns, longest_id, longest_line) -> (is_news, count, refused) or None */
PyObject *learn(PyObject *module, PyObject *const *args, Py_ssize_t count);

#endif
