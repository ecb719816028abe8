/* The plain way of TCP: `streams.PlainEnd` and `streams.PlainPipe`, compiled.
 *
 * Most segments are written with room for them, arrive in their order, and are read as they come. That way has no
 * function of Python's in it but the protocol's own; a segment with any other fate goes the way that Python knows.
 */
#ifndef HERD_SIM_STREAMS_H
#define HERD_SIM_STREAMS_H

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#include "owner.h"
#include "timeline.h"

/* One end of a connection, or a listener. */
typedef struct {
    PyObject_HEAD
    Timeline *timeline;
    Owner *process;
    Owner *host;
    PyObject *reader; /* A transport that reads as soon as there is something, or None. */
    PyObject *writer;
    PyObject *inbox; /* A list of bytes that nobody has read. */
    PyObject *incoming; /* A Pipe, or None. */
    PyObject *outgoing;
    Py_ssize_t unread;
    int error;
    int state;
    char eof;
    char fin_sent;
    char is_polled;
    char is_waiting;
} End;

/* One direction of a connection. */
typedef struct {
    PyObject_HEAD
    End *source;
    End *target;
    PyObject *link; /* Delays, in this direction. */
    PyObject *back;
    PyObject *arrival;   /* What an event of a segment calls. */
    PyObject *early;     /* A dictionary of segments that have overtaken others, or None. */
    PyObject *is_opaque; /* None, True or False. */
    int64_t flow;
    int64_t outstanding;
    int64_t window;
    int64_t comfort;
    int64_t next_segment;
    int64_t next_arrival;
    int64_t join_ns;
    char is_cut;
} Pipe;

extern PyTypeObject EndType;
extern PyTypeObject PipeType;

/* Finds the host and the simulation that a process is in, new references; false with an exception. */
bool find_place(PyObject *process, Owner **host, Timeline **timeline);

/* Tells whether `__init__` has run; false with an exception. */
bool end_is_made(const End *end);
bool pipe_is_made(const Pipe *pipe);

/* Writes, at most as much as there is room for, as `PlainPipe.write`. False with an exception. */
bool pipe_write(Pipe *pipe, PyObject *data);

/* Writes all of it if there is room for that now; -1 with an exception. */
int end_send_whole(End *end, PyObject *data);

/* Takes what has arrived, as `PlainEnd.take`. False with an exception. */
bool end_take(End *end, PyObject *segment);

/* Tells whether writing would not be put off. */
bool end_is_writable(const End *end);

/* Make the names of what is called in Python; false with an exception. */
bool ends_prepare(void);
bool pipes_prepare(void);

#endif
