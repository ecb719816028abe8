/* Whose an event is, and which program runs now: `owner.Owner`, compiled, and `current.process`.
 *
 * Each event asks whether its owner is there, and makes its process the current one. Both lie here in fields of C.
 */
#ifndef HERD_SIM_OWNER_H
#define HERD_SIM_OWNER_H

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    PyObject_HEAD
    PyObject *process;    /* An Owner whose program runs in its events, or None. */
    PyObject *simulation; /* A Timeline, or None. */
    PyObject *clock;      /* A Ticking, or None. */
    PyObject *directory; /* The process's working directory, or None. */
    PyObject *context;   /* The process's contextvars.Context, or None. */
    PyObject *ending;    /* A list: what is to be called when this turn is over. Or NULL, which is an empty one. */
    PyObject *writing;   /* A list: what may write when this turn is over. Or NULL. */
    uint32_t index;      /* Of a host, its number in a trace. */
    char halted;
} Owner;

extern PyTypeObject OwnerType;

/* Tells whether it has a simulation and a clock; false with an exception. */
bool owner_has_time(const Owner *owner);

/* Returns the process whose turn it is, or None, borrowed; NULL with an exception. */
PyObject *hosted(void);

/* Has a process, or nobody (None), be the one whose program runs: in its own context while a loop runs, or in the
 * context of whoever runs the loop. False with an exception. */
bool become_current(PyObject *process);

/* Begins a loop: the context of its caller is that of nobody. Returns what `contexts_end` takes. False with an exception. */
bool contexts_begin(PyObject **before);

/* Ends a loop: the context is again that of its caller. */
void contexts_end(PyObject *before);

/* Finds `current.process`, once; false with an exception. */
bool owner_prepare(void);

#endif
