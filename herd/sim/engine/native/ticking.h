/* What a clock shows: `ticking.Ticking`, compiled. */
#ifndef HERD_SIM_TICKING_H
#define HERD_SIM_TICKING_H

#include <Python.h>
#include <stdint.h>

extern PyTypeObject TickingType;

/* What the methods of `Ticking` do that have these names. */
int64_t ticking_monotonic_ns(PyObject *clock, int64_t now_ns);
int64_t ticking_wall_ns(PyObject *clock, int64_t now_ns);
int64_t ticking_true_ns(PyObject *clock, int64_t local_ns);

#endif
