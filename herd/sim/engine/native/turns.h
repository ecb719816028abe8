/* The end of a turn: `SimulatedReactor.end_turn`, compiled, for transports that are compiled in part. */
#ifndef HERD_SIM_TURNS_H
#define HERD_SIM_TURNS_H

#include <Python.h>
#include <stdbool.h>

#include "streams.h"

/* Calls what a process has put off to the end of its turn, and sends what it has written. False with an exception. */
bool end_turn(PyObject *process);

/* Lets a transport write when this turn is over. False with an exception. */
bool write_at_end(End *end, PyObject *transport);

/* Makes the names of what is called in Python; false with an exception. */
bool turns_prepare(void);

#endif
