/* What is to happen: `agenda.Agenda`, compiled.
 *
 * One heap of all events, with four below each. An event lies there whole, 40 bytes beside the next: with 100,000
 * under way most time goes by in waiting for memory, and what is compared with each other comes from one place.
 */
#ifndef HERD_SIM_AGENDA_H
#define HERD_SIM_AGENDA_H

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

/* What happens at a time, to whom, and the how-manieth it was to be asked for. */
typedef struct {
    int64_t time_ns;
    int64_t number;
    PyObject *owner;
    PyObject *function;
    PyObject *args;
} Event;

extern PyTypeObject AgendaType;

/* Has a function be called at a time, as `Agenda.add`; takes references of its own. False with an exception. */
bool agenda_add(PyObject *agenda, int64_t time_ns, PyObject *owner, PyObject *function, PyObject *args);

/* Takes the first event out, if there is one until the limit; its references are the caller's then. */
bool agenda_take(PyObject *agenda, int64_t limit_ns, Event *taken);

/* Tells whether something is to happen at a time, or before. */
bool agenda_is_due(PyObject *agenda, int64_t time_ns);

/* Returns an event as Python has it: a tuple. */
PyObject *event_tuple(const Event *event);

/* Lets go of an event's references. */
void event_release(Event *event);

#endif
