/* `streams.PlainPipe`, compiled: a segment leaves, and comes out at the other end. */
#include "streams.h"

#include <structmember.h>

#include "agenda.h"
#include "delays.h"
#include "rows.h"

/* Segments that are no data, and kinds of events in a trace: as in the modules `streams` and `trace`. */
enum { SEGMENT_FIN = 1, SEGMENT_RESET = 2 };
enum { KIND_SEND = 10, KIND_FIN = 13, KIND_RESET = 14 };

static PyObject *arrive_name, *lose, *cut, *hold, *join, *deliver_early;

bool pipes_prepare(void)
{
    arrive_name = PyUnicode_InternFromString("arrive");
    lose = PyUnicode_InternFromString("lose");
    cut = PyUnicode_InternFromString("cut");
    hold = PyUnicode_InternFromString("hold");
    join = PyUnicode_InternFromString("join");
    deliver_early = PyUnicode_InternFromString("deliver_early");
    return arrive_name != NULL && lose != NULL && cut != NULL && hold != NULL && join != NULL && deliver_early != NULL;
}

static bool is_done(PyObject *result)
{
    Py_XDECREF(result);
    return result != NULL;
}

bool pipe_is_made(const Pipe *pipe)
{
    if (pipe->arrival == NULL)
        PyErr_SetString(PyExc_AttributeError, "a direction of no connection");
    return pipe->arrival != NULL;
}

/* Puts into the trace that a segment leaves. */
static bool tell_sent(const Pipe *pipe, PyObject *segment, Py_ssize_t size)
{
    Row row = {.kind = KIND_SEND, .flow = pipe->flow, .size = size};
    if (!PyBytes_Check(segment)) {
        long kind = PyLong_AsLong(segment);
        if (kind != SEGMENT_FIN && kind != SEGMENT_RESET)
            return kind != -1 || !PyErr_Occurred();
        row.kind = kind == SEGMENT_FIN ? KIND_FIN : KIND_RESET;
    }
    Timeline *timeline = pipe->source->timeline;
    row.time_ns = timeline->now_ns;
    row.host = pipe->source->host->index;
    row.peer = ((Owner *)((Delays *)pipe->link)->target)->index;
    return rows_add(timeline->trace, row, size > 0 && pipe->is_opaque != Py_True ? segment : NULL);
}

/* Has a function of Python's know of a numbered segment. */
static bool call_numbered(Pipe *pipe, PyObject *name, int64_t number, PyObject *segment, PyObject *attempt)
{
    PyObject *its = PyLong_FromLongLong(number);
    bool is_called = its != NULL && is_done(PyObject_CallMethodObjArgs((PyObject *)pipe, name, its, segment, attempt, NULL));
    Py_XDECREF(its);
    return is_called;
}

static bool transmit(Pipe *pipe, int64_t number, PyObject *segment, long attempt)
{
    Timeline *timeline = pipe->source->timeline;
    Py_ssize_t size = PyBytes_Check(segment) ? PyBytes_GET_SIZE(segment) : 0;
    if (attempt == 0 && timeline->trace != Py_None && !tell_sent(pipe, segment, size))
        return false;
    int is_lost = delays_loses(pipe->link);
    PyObject *tries = is_lost < 0 ? NULL : PyLong_FromLong(attempt);
    if (tries == NULL)
        return false;
    bool is_sent = false;
    if (is_lost) {
        is_sent = call_numbered(pipe, lose, number, segment, tries);
    } else {
        int64_t delay_ns = delays_draw_ns(pipe->link, timeline->now_ns, size);
        PyObject *its = delay_ns == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(number);
        PyObject *args = its == NULL ? NULL : PyTuple_Pack(3, its, segment, tries);
        is_sent = args != NULL && agenda_add(timeline->agenda, timeline->now_ns + delay_ns,
                                             ((Delays *)pipe->link)->target, pipe->arrival, args);
        Py_XDECREF(its);
        Py_XDECREF(args);
    }
    Py_DECREF(tries);
    return is_sent;
}

bool pipe_write(Pipe *pipe, PyObject *data)
{
    Timeline *timeline = pipe->source->timeline;
    Py_ssize_t size = PyBytes_GET_SIZE(data);
    pipe->outstanding += size;
    if (pipe->is_opaque == Py_None) {
        const char *bytes = PyBytes_AS_STRING(data);
        bool is_tls = size >= 2 && bytes[0] == 0x16 && bytes[1] == 0x03; /* A handshake begins so. */
        Py_SETREF(pipe->is_opaque, Py_NewRef(is_tls ? Py_True : Py_False));
    }
    if (timeline->on_write != Py_None &&
        !is_done(PyObject_CallFunctionObjArgs(timeline->on_write, (PyObject *)pipe, data, NULL)))
        return false;
    PyObject *rest = pipe->is_cut && size > 1 ? PyObject_CallMethodOneArg((PyObject *)pipe, cut, data) : Py_NewRef(data);
    bool is_sent = rest != NULL && transmit(pipe, pipe->next_segment++, rest, 0);
    Py_XDECREF(rest);
    return is_sent;
}

static bool arrive(Pipe *pipe, int64_t number, PyObject *segment, PyObject *attempt)
{
    if (((Delays *)pipe->link)->blocked)
        return call_numbered(pipe, lose, number, segment, attempt);
    if (number != pipe->next_arrival)
        return call_numbered(pipe, hold, number, segment, NULL);
    pipe->next_arrival = number + 1;
    bool is_joined = pipe->join_ns && PyBytes_Check(segment);
    if (is_joined ? !is_done(PyObject_CallMethodOneArg((PyObject *)pipe, join, segment)) : !end_take(pipe->target, segment))
        return false;
    return pipe->early == Py_None || is_done(PyObject_CallMethodNoArgs((PyObject *)pipe, deliver_early));
}

static PyObject *py_write(Pipe *pipe, PyObject *data)
{
    if (!PyBytes_Check(data))
        return PyErr_Format(PyExc_TypeError, "write takes bytes, no %s", Py_TYPE(data)->tp_name);
    return pipe_is_made(pipe) && pipe_write(pipe, data) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *py_push(Pipe *pipe, PyObject *segment)
{
    return pipe_is_made(pipe) && transmit(pipe, pipe->next_segment++, segment, 0) ? Py_NewRef(Py_None) : NULL;
}

/* Reads a segment's number, which is the first of three arguments; false with an exception. */
static bool read_number(PyObject *const *args, Py_ssize_t count, int64_t *number)
{
    if (count != 3) {
        PyErr_SetString(PyExc_TypeError, "a segment comes with its number and how often it was sent before");
        return false;
    }
    *number = PyLong_AsLongLong(args[0]);
    return *number != -1 || !PyErr_Occurred();
}

static PyObject *py_transmit(Pipe *pipe, PyObject *const *args, Py_ssize_t count)
{
    int64_t number;
    if (!pipe_is_made(pipe) || !read_number(args, count, &number))
        return NULL;
    long attempt = PyLong_AsLong(args[2]);
    if (attempt == -1 && PyErr_Occurred())
        return NULL;
    return transmit(pipe, number, args[1], attempt) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *py_arrive(Pipe *pipe, PyObject *const *args, Py_ssize_t count)
{
    int64_t number;
    return pipe_is_made(pipe) && read_number(args, count, &number) && arrive(pipe, number, args[1], args[2]) ? Py_NewRef(Py_None) : NULL;
}

static int pipe_init(Pipe *pipe, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    PyObject *source, *target, *link, *back;
    long long flow;
    if (!PyArg_ParseTuple(args, "O!O!O!O!L", &EndType, &source, &EndType, &target, &DelaysType, &link, &DelaysType,
                          &back, &flow))
        return -1;
    if (!end_is_made((End *)source) || !end_is_made((End *)target))
        return -1;
    if (((Delays *)link)->target == NULL || ((Delays *)back)->target == NULL) {
        PyErr_SetString(PyExc_AttributeError, "a link that leads nowhere");
        return -1;
    }
    Py_XSETREF(pipe->source, (End *)Py_NewRef(source));
    Py_XSETREF(pipe->target, (End *)Py_NewRef(target));
    Py_XSETREF(pipe->link, Py_NewRef(link));
    Py_XSETREF(pipe->back, Py_NewRef(back));
    Py_XSETREF(pipe->early, Py_NewRef(Py_None));
    Py_XSETREF(pipe->is_opaque, Py_NewRef(Py_None));
    Py_XSETREF(pipe->arrival, PyObject_GetAttr((PyObject *)pipe, arrive_name));
    pipe->flow = flow;
    return pipe->arrival == NULL ? -1 : 0;
}

static int pipe_traverse(Pipe *pipe, visitproc visit, void *arg)
{
    Py_VISIT(pipe->source);
    Py_VISIT(pipe->target);
    Py_VISIT(pipe->link);
    Py_VISIT(pipe->back);
    Py_VISIT(pipe->early);
    Py_VISIT(pipe->arrival);
    return 0;
}

/* The rest is kept for as long as it lives itself: whoever still calls it finds that. */
static int pipe_clear(Pipe *pipe)
{
    if (pipe->arrival != NULL)
        Py_SETREF(pipe->arrival, Py_NewRef(Py_None));
    return 0;
}

static void pipe_dealloc(Pipe *pipe)
{
    PyObject_GC_UnTrack(pipe);
    Py_CLEAR(pipe->source);
    Py_CLEAR(pipe->target);
    Py_CLEAR(pipe->link);
    Py_CLEAR(pipe->back);
    Py_CLEAR(pipe->early);
    Py_CLEAR(pipe->is_opaque);
    Py_CLEAR(pipe->arrival);
    Py_TYPE(pipe)->tp_free((PyObject *)pipe);
}

static PyMethodDef methods[] = {
    {"write", (PyCFunction)py_write, METH_O, NULL},
    {"push", (PyCFunction)py_push, METH_O, NULL},
    {"transmit", (PyCFunction)(void (*)(void))py_transmit, METH_FASTCALL, NULL},
    {"arrive", (PyCFunction)(void (*)(void))py_arrive, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"source", T_OBJECT_EX, offsetof(Pipe, source), READONLY, NULL},
    {"target", T_OBJECT_EX, offsetof(Pipe, target), READONLY, NULL},
    {"link", T_OBJECT_EX, offsetof(Pipe, link), READONLY, NULL},
    {"back", T_OBJECT_EX, offsetof(Pipe, back), READONLY, NULL},
    {"arrival", T_OBJECT_EX, offsetof(Pipe, arrival), READONLY, NULL},
    {"early", T_OBJECT_EX, offsetof(Pipe, early), 0, NULL},
    {"is_opaque", T_OBJECT_EX, offsetof(Pipe, is_opaque), READONLY, NULL},
    {"flow", T_LONGLONG, offsetof(Pipe, flow), READONLY, NULL},
    {"outstanding", T_LONGLONG, offsetof(Pipe, outstanding), 0, NULL},
    {"window", T_LONGLONG, offsetof(Pipe, window), 0, NULL},
    {"comfort", T_LONGLONG, offsetof(Pipe, comfort), 0, NULL},
    {"next_segment", T_LONGLONG, offsetof(Pipe, next_segment), 0, NULL},
    {"next_arrival", T_LONGLONG, offsetof(Pipe, next_arrival), 0, NULL},
    {"join_ns", T_LONGLONG, offsetof(Pipe, join_ns), 0, NULL},
    {"is_cut", T_BOOL, offsetof(Pipe, is_cut), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject PipeType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.PlainPipe",
    .tp_basicsize = sizeof(Pipe),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)pipe_init,
    .tp_dealloc = (destructor)pipe_dealloc,
    .tp_traverse = (traverseproc)pipe_traverse,
    .tp_clear = (inquiry)pipe_clear,
    .tp_methods = methods,
    .tp_members = members,
};
