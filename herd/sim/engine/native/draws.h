/* Lehmer's generator of 128 bits: `draws.Draws`, compiled. */
#ifndef HERD_SIM_DRAWS_H
#define HERD_SIM_DRAWS_H

#include <Python.h>

extern PyTypeObject DrawsType;

#endif
