/* The hot path, compiled: chunks of whole lines -> answers, and what is news. `ingest.py` explains it. */
#ifndef HERD_INGEST_H
#define HERD_INGEST_H

#include "cache.h"

/* ingest(cache, lines, prefix, now_ns, longest_id) -> (reply, fresh, count) or None */
PyObject *ingest(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* learn(cache, lines, waiting, now_ns, latest_ns, longest_id, longest_line) -> (fresh, count, refused) or None */
PyObject *learn(PyObject *module, PyObject *const *args, Py_ssize_t count);

/* take(waiting, max_bytes) -> the AT lines that have waited longest */
PyObject *take(PyObject *module, PyObject *const *args, Py_ssize_t count);

#endif
