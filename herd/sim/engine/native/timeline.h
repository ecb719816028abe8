/* The loop that takes one event after another: `timeline.Timeline`, compiled.
 *
 * It holds what events ask for most, the time above all, in fields that the other compiled parts read directly.
 */
#ifndef HERD_SIM_TIMELINE_H
#define HERD_SIM_TIMELINE_H

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    PyObject_HEAD
    int64_t now_ns;
    int64_t events;
    int64_t flows;      /* Connections and datagrams so far. */
    int64_t collect_at; /* How many events there are at the next collection of garbage. */
    int64_t timed;      /* The number of the last event in which a timer's function was called, */
    int64_t put_off;    /* and of the last that has put something off to the reactor's next turn. */
    PyObject *agenda;
    PyObject *turns; /* A list: processes that have something to do when the event that runs is over. */
    PyObject *owner; /* Whose event has failed, or None. */
    PyObject *trace; /* Rows or None. */
    PyObject *on_write;
    PyObject *on_read;
    char stopped;
    char unfinished; /* An event has failed, and its turns are not over. */
} Timeline;

extern PyTypeObject TimelineType;

/* Makes the names of what is called in Python; false with an exception. */
bool timeline_prepare(void);

#endif
