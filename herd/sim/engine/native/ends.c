/* `streams.PlainEnd`, compiled: a segment is written by a program, and read by one. */
#include "streams.h"

#include <structmember.h>

#include "delays.h"
#include "failures.h"
#include "rows.h"

/* A state from which on the program holds the socket no more, and a kind of event: as in `streams` and `trace`. */
enum { STATE_CLOSED = 4 };
enum { KIND_DELIVER = 11 };

static PyObject *host_name, *simulation_name, *reads_at_once, *protocol, *data_received, *acknowledge, *take_otherwise;

bool ends_prepare(void)
{
    host_name = PyUnicode_InternFromString("host");
    simulation_name = PyUnicode_InternFromString("simulation");
    reads_at_once = PyUnicode_InternFromString("reads_at_once");
    protocol = PyUnicode_InternFromString("protocol");
    data_received = PyUnicode_InternFromString("dataReceived");
    acknowledge = PyUnicode_InternFromString("acknowledge");
    take_otherwise = PyUnicode_InternFromString("take_otherwise");
    return host_name != NULL && simulation_name != NULL && reads_at_once != NULL && protocol != NULL &&
           data_received != NULL && acknowledge != NULL && take_otherwise != NULL;
}

static bool is_done(PyObject *result)
{
    Py_XDECREF(result);
    return result != NULL;
}

bool end_is_made(const End *end)
{
    if (end->inbox == NULL)
        PyErr_SetString(PyExc_AttributeError, "a socket that belongs to no process");
    return end->inbox != NULL;
}

bool end_is_writable(const End *end)
{
    const Pipe *outgoing = (const Pipe *)end->outgoing;
    return outgoing->outstanding <= outgoing->comfort || end->error != 0;
}

int end_send_whole(End *end, PyObject *data)
{
    if (end->outgoing == Py_None || end->error || end->fin_sent)
        return 0;
    Pipe *outgoing = (Pipe *)end->outgoing;
    if (outgoing->outstanding + PyBytes_GET_SIZE(data) > outgoing->window)
        return 0;
    if (PyBytes_GET_SIZE(data) == 0)
        return 1; /* Nothing is sent of nothing: an empty segment would be read as an end. */
    if (!pipe_write(outgoing, data))
        return -1;
    end->is_waiting = outgoing->outstanding > outgoing->comfort;
    return 1;
}

/* Tells whoever wants to know that the program reads, and the other kernel. */
static bool note_read(End *end, PyObject *data)
{
    Pipe *incoming = (Pipe *)end->incoming;
    Timeline *timeline = end->timeline;
    Py_ssize_t size = PyBytes_GET_SIZE(data);
    if (timeline->trace != Py_None) {
        Row row = {.kind = KIND_DELIVER, .time_ns = timeline->now_ns, .flow = incoming->flow, .size = size};
        row.host = end->host->index;
        row.peer = incoming->source->host->index;
        if (!rows_add(timeline->trace, row, incoming->is_opaque == Py_True ? NULL : data))
            return false;
    }
    if (timeline->on_read != Py_None &&
        !is_done(PyObject_CallFunctionObjArgs(timeline->on_read, (PyObject *)incoming, data, NULL)))
        return false;
    if (!((Delays *)incoming->back)->blocked && !incoming->source->is_waiting) {
        incoming->outstanding -= size;
        return true;
    }
    PyObject *bytes = PyLong_FromSsize_t(size);
    bool is_told = bytes != NULL && is_done(PyObject_CallMethodOneArg((PyObject *)incoming, acknowledge, bytes));
    Py_XDECREF(bytes);
    return is_told;
}

/* Tells how much data a transport takes as it comes; -1 with an exception. */
static Py_ssize_t at_once(PyObject *reader)
{
    PyObject *most = PyObject_GetAttr(reader, reads_at_once);
    Py_ssize_t size = most == NULL ? -1 : PyLong_AsSsize_t(most);
    Py_XDECREF(most);
    return size;
}

/* Hands data to the protocol of a transport: it fails as under any reactor. */
static bool receive(End *end, PyObject *reader, PyObject *data)
{
    if (!become_current((PyObject *)end->process))
        return false;
    PyObject *its = PyObject_GetAttr(reader, protocol);
    bool is_received = its != NULL && is_done(PyObject_CallMethodOneArg(its, data_received, data));
    Py_XDECREF(its);
    return is_received || fail((PyObject *)end->process, reader, true);
}

bool end_take(End *end, PyObject *segment)
{
    PyObject *reader = end->reader;
    bool is_plain = PyBytes_Check(segment) && end->state < STATE_CLOSED && reader != Py_None &&
                    PyList_GET_SIZE(end->inbox) == 0 && !end->process->halted && end->incoming != Py_None;
    Py_ssize_t most = is_plain ? at_once(reader) : -1;
    if (most == -1 && PyErr_Occurred())
        return false;
    if (!is_plain || PyBytes_GET_SIZE(segment) > most)
        return is_done(PyObject_CallMethodOneArg((PyObject *)end, take_otherwise, segment));
    Py_INCREF(reader);
    bool is_taken = note_read(end, segment) && receive(end, reader, segment);
    Py_DECREF(reader);
    return is_taken;
}

static PyObject *py_take(End *end, PyObject *segment)
{
    return end_is_made(end) && end_take(end, segment) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *py_note_read(End *end, PyObject *data)
{
    if (!end_is_made(end))
        return NULL;
    if (!PyBytes_Check(data) || end->incoming == Py_None) {
        PyErr_SetString(PyExc_TypeError, "note_read takes bytes that have come over a connection");
        return NULL;
    }
    return note_read(end, data) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *py_send_whole(End *end, PyObject *data)
{
    if (!end_is_made(end))
        return NULL;
    if (!PyBytes_Check(data))
        return PyErr_Format(PyExc_TypeError, "send_whole takes bytes, no %s", Py_TYPE(data)->tp_name);
    int is_sent = end_send_whole(end, data);
    return is_sent < 0 ? NULL : PyBool_FromLong(is_sent);
}

bool find_place(PyObject *process, Owner **host, Timeline **timeline)
{
    PyObject *its = PyObject_GetAttr(process, host_name), *simulation = PyObject_GetAttr(process, simulation_name);
    if (its != NULL && simulation != NULL && PyObject_TypeCheck(its, &OwnerType) &&
        PyObject_TypeCheck(simulation, &TimelineType)) {
        *host = (Owner *)its;
        *timeline = (Timeline *)simulation;
        return true;
    }
    Py_XDECREF(its);
    Py_XDECREF(simulation);
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_TypeError, "a socket belongs to a process of a host in a simulation");
    return false;
}

static int end_init(End *end, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    PyObject *process;
    Owner *host;
    Timeline *timeline;
    if (!PyArg_ParseTuple(args, "O!", &OwnerType, &process) || !find_place(process, &host, &timeline))
        return -1;
    Py_XSETREF(end->process, (Owner *)Py_NewRef(process));
    Py_XSETREF(end->host, host);
    Py_XSETREF(end->timeline, timeline);
    Py_XSETREF(end->inbox, PyList_New(0));
    Py_XSETREF(end->reader, Py_NewRef(Py_None));
    Py_XSETREF(end->writer, Py_NewRef(Py_None));
    Py_XSETREF(end->incoming, Py_NewRef(Py_None));
    Py_XSETREF(end->outgoing, Py_NewRef(Py_None));
    return end->inbox == NULL ? -1 : 0;
}

static PyObject *py_connect(End *end, PyObject *args)
{
    PyObject *outgoing, *incoming;
    if (!end_is_made(end) || !PyArg_ParseTuple(args, "O!O!", &PipeType, &outgoing, &PipeType, &incoming) ||
        !pipe_is_made((Pipe *)outgoing) || !pipe_is_made((Pipe *)incoming))
        return NULL;
    Py_SETREF(end->outgoing, Py_NewRef(outgoing));
    Py_SETREF(end->incoming, Py_NewRef(incoming));
    Py_RETURN_NONE;
}

static int end_traverse(End *end, visitproc visit, void *arg)
{
    Py_VISIT(end->timeline);
    Py_VISIT(end->process);
    Py_VISIT(end->host);
    Py_VISIT(end->reader);
    Py_VISIT(end->writer);
    Py_VISIT(end->inbox);
    Py_VISIT(end->incoming);
    Py_VISIT(end->outgoing);
    return 0;
}

/* What it belongs to is kept for as long as it lives itself: whoever still calls it finds that. */
static int end_clear(End *end)
{
    PyObject **ways[] = {&end->reader, &end->writer, &end->incoming, &end->outgoing};
    for (size_t at = 0; at < Py_ARRAY_LENGTH(ways); at++) {
        if (*ways[at] != NULL)
            Py_SETREF(*ways[at], Py_NewRef(Py_None));
    }
    return 0;
}

static void end_dealloc(End *end)
{
    PyObject_GC_UnTrack(end);
    Py_CLEAR(end->timeline);
    Py_CLEAR(end->process);
    Py_CLEAR(end->host);
    Py_CLEAR(end->reader);
    Py_CLEAR(end->writer);
    Py_CLEAR(end->inbox);
    Py_CLEAR(end->incoming);
    Py_CLEAR(end->outgoing);
    Py_TYPE(end)->tp_free((PyObject *)end);
}

static PyMethodDef methods[] = {
    {"connect_pipes", (PyCFunction)py_connect, METH_VARARGS, NULL},
    {"note_read", (PyCFunction)py_note_read, METH_O, NULL},
    {"send_whole", (PyCFunction)py_send_whole, METH_O, NULL},
    {"take", (PyCFunction)py_take, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"simulation", T_OBJECT_EX, offsetof(End, timeline), READONLY, NULL},
    {"process", T_OBJECT_EX, offsetof(End, process), READONLY, NULL},
    {"host", T_OBJECT_EX, offsetof(End, host), READONLY, NULL},
    {"reader", T_OBJECT_EX, offsetof(End, reader), 0, NULL},
    {"writer", T_OBJECT_EX, offsetof(End, writer), 0, NULL},
    {"inbox", T_OBJECT_EX, offsetof(End, inbox), READONLY, NULL},
    {"incoming", T_OBJECT_EX, offsetof(End, incoming), READONLY, NULL},
    {"outgoing", T_OBJECT_EX, offsetof(End, outgoing), READONLY, NULL},
    {"unread", T_PYSSIZET, offsetof(End, unread), 0, NULL},
    {"error", T_INT, offsetof(End, error), 0, NULL},
    {"state", T_INT, offsetof(End, state), 0, NULL},
    {"eof", T_BOOL, offsetof(End, eof), 0, NULL},
    {"fin_sent", T_BOOL, offsetof(End, fin_sent), 0, NULL},
    {"is_polled", T_BOOL, offsetof(End, is_polled), 0, NULL},
    {"is_waiting", T_BOOL, offsetof(End, is_waiting), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject EndType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.PlainEnd",
    .tp_basicsize = sizeof(End),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)end_init,
    .tp_dealloc = (destructor)end_dealloc,
    .tp_traverse = (traverseproc)end_traverse,
    .tp_clear = (inquiry)end_clear,
    .tp_methods = methods,
    .tp_members = members,
};
