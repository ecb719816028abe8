/* Delayed calls: `plaintimer.PlainTimer`, compiled. */
#ifndef HERD_SIM_TIMERS_H
#define HERD_SIM_TIMERS_H

#include <Python.h>
#include <stdbool.h>

extern PyTypeObject TimerType;

/* Makes the names of what is called in Python; false with an exception. */
bool timers_prepare(void);

#endif
