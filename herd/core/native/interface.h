/* What the compiled core offers to other C of herd, through a capsule. */
#ifndef HERD_INTERFACE_H
#define HERD_INTERFACE_H

#include "ingest.h"

#define CORE_INTERFACE "herd.core._native.interface"

typedef struct {
    PyTypeObject *cache_type;
    bool (*read_intent)(PyObject *const *args, Intent *intent);
    PyObject *(*ingest_lines)(Cache *cache, Text lines, const Intent *intent);
} CoreInterface;

#endif
