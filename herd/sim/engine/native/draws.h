/* Lehmer's generator of 128 bits: `draws.Draws`, compiled. */
#ifndef HERD_SIM_DRAWS_H
#define HERD_SIM_DRAWS_H

#include <Python.h>
#include <stdint.h>

extern PyTypeObject DrawsType;

/* What the methods of `Draws` do that have these names. */
int64_t draws_integer(PyObject *draws, int64_t low, int64_t high);
double draws_random(PyObject *draws);
double draws_normal(PyObject *draws);

#endif
