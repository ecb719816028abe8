#include "transports.h"

#include <structmember.h>

#include "streams.h"
#include "turns.h"

static PyObject *add_writer, *remove_writer, *maybe_pause_producer, *write_otherwise, *do_write_otherwise;

bool transports_prepare(void)
{
    add_writer = PyUnicode_InternFromString("addWriter");
    remove_writer = PyUnicode_InternFromString("removeWriter");
    maybe_pause_producer = PyUnicode_InternFromString("_maybePauseProducer");
    write_otherwise = PyUnicode_InternFromString("write_otherwise");
    do_write_otherwise = PyUnicode_InternFromString("do_write_otherwise");
    return add_writer != NULL && remove_writer != NULL && maybe_pause_producer != NULL && write_otherwise != NULL &&
           do_write_otherwise != NULL;
}

static bool is_done(PyObject *result)
{
    Py_XDECREF(result);
    return result != NULL;
}

static bool is_true(PyObject *value)
{
    return value == Py_True || (value != Py_False && value != NULL && PyObject_IsTrue(value) == 1);
}

static End *end_of(const Transport *transport)
{
    PyObject *socket = transport->socket;
    bool is_end = socket != NULL && PyObject_TypeCheck(socket, &EndType) && ((End *)socket)->inbox != NULL;
    return is_end ? (End *)socket : NULL;
}

/* Adds to what waits to be written; false with an exception. */
static bool keep(Transport *transport, PyObject *data)
{
    Py_ssize_t size = PyLong_AsSsize_t(transport->temp_size);
    if ((size == -1 && PyErr_Occurred()) || PyList_Append(transport->temp_data, data) < 0)
        return false;
    PyObject *sum = PyLong_FromSsize_t(size + PyBytes_GET_SIZE(data));
    if (sum != NULL)
        Py_SETREF(transport->temp_size, sum);
    return sum != NULL;
}

/* Tells whether so much waits to be written that a producer has to be paused. */
static bool is_full(const Transport *transport)
{
    if (transport->data_buffer == NULL || transport->buffer_size == NULL)
        return true; /* Twisted may say. */
    return PyObject_Size(transport->data_buffer) + PyLong_AsSsize_t(transport->temp_size) >
           PyLong_AsSsize_t(transport->buffer_size);
}

/* Asks to write when the turn is over, unless it has. */
static bool start_writing(Transport *transport, End *end)
{
    PyObject *self = (PyObject *)transport;
    if (end->writer == self)
        return true;
    bool waits_for_room = transport->producer != Py_None && (end->outgoing == Py_None || !end_is_writable(end));
    if (end->writer != Py_None || end->reader != self || waits_for_room)
        return is_done(PyObject_CallMethodOneArg(transport->reactor, add_writer, self));
    Py_SETREF(end->writer, Py_NewRef(self));
    return write_at_end(end, self);
}

static PyObject *py_write(Transport *transport, PyObject *data)
{
    End *end = end_of(transport);
    if (!PyBytes_CheckExact(data) || end == NULL || is_true(transport->TLS) || is_true(transport->write_disconnected) ||
        !is_true(transport->connected) || transport->temp_data == NULL || !PyList_CheckExact(transport->temp_data) ||
        transport->temp_size == NULL || transport->producer == NULL || transport->reactor == NULL)
        return PyObject_CallMethodOneArg((PyObject *)transport, write_otherwise, data);
    if (PyBytes_GET_SIZE(data) == 0)
        Py_RETURN_NONE;
    if (!keep(transport, data))
        return NULL;
    if (transport->producer != Py_None && is_true(transport->streaming_producer) && is_full(transport) &&
        !is_done(PyObject_CallMethodNoArgs((PyObject *)transport, maybe_pause_producer)))
        return NULL;
    Py_INCREF(end);
    bool is_begun = start_writing(transport, end);
    Py_DECREF(end);
    return is_begun ? Py_NewRef(Py_None) : NULL;
}

/* Returns what waits to be written as one, if it can be written in the plain way; NULL if not. */
static PyObject *whole(const Transport *transport)
{
    PyObject *taken = transport->temp_data;
    bool is_free = transport->producer == Py_None ||
                   (transport->producer != NULL && !is_true(transport->producer_paused) &&
                    is_true(transport->streaming_producer));
    if (taken == NULL || !PyList_CheckExact(taken) || PyList_GET_SIZE(taken) == 0 || !is_free ||
        is_true(transport->data_buffer) || is_true(transport->disconnecting) ||
        is_true(transport->write_disconnecting) || transport->temp_size == NULL || transport->send_limit == NULL ||
        PyLong_AsSsize_t(transport->temp_size) > PyLong_AsSsize_t(transport->send_limit))
        return NULL;
    if (PyList_GET_SIZE(taken) == 1 && PyBytes_CheckExact(PyList_GET_ITEM(taken, 0)))
        return Py_NewRef(PyList_GET_ITEM(taken, 0));
    PyObject *nothing = PyBytes_FromStringAndSize(NULL, 0);
    PyObject *joined = nothing == NULL ? NULL : PyObject_CallMethod(nothing, "join", "O", taken);
    Py_XDECREF(nothing);
    return joined;
}

static PyObject *py_do_write(Transport *transport, PyObject *Py_UNUSED(none))
{
    PyObject *self = (PyObject *)transport;
    End *end = end_of(transport);
    PyObject *data = end == NULL ? NULL : whole(transport);
    if (data == NULL && PyErr_Occurred())
        return NULL;
    int is_sent = data == NULL ? 0 : end_send_whole(end, data);
    Py_XDECREF(data);
    if (is_sent < 0)
        return NULL;
    if (!is_sent)
        return PyObject_CallMethodNoArgs(self, do_write_otherwise);
    PyObject *nothing = PyList_New(0), *zero = PyLong_FromLong(0);
    if (nothing == NULL || zero == NULL)
        return NULL;
    Py_XSETREF(transport->temp_data, nothing);
    Py_XSETREF(transport->temp_size, zero);
    if (end->reader != self)
        return PyObject_CallMethodOneArg(transport->reactor, remove_writer, self);
    Py_SETREF(end->writer, Py_NewRef(Py_None));
    Py_RETURN_NONE;
}

/* All fields of a transport, one after the other. */
static PyObject **fields(Transport *transport)
{
    return &transport->TLS;
}

#define FIELDS ((sizeof(Transport) - offsetof(Transport, TLS)) / sizeof(PyObject *))

static int transport_traverse(Transport *transport, visitproc visit, void *arg)
{
    for (size_t at = 0; at < FIELDS; at++)
        Py_VISIT(fields(transport)[at]);
    return 0;
}

static int transport_clear(Transport *transport)
{
    for (size_t at = 0; at < FIELDS; at++)
        Py_CLEAR(fields(transport)[at]);
    return 0;
}

static void transport_dealloc(Transport *transport)
{
    PyObject_GC_UnTrack(transport);
    transport_clear(transport);
    Py_TYPE(transport)->tp_free((PyObject *)transport);
}

static PyMethodDef methods[] = {
    {"write", (PyCFunction)py_write, METH_O, NULL},
    {"doWrite", (PyCFunction)py_do_write, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

#define FIELD(name, field) {name, T_OBJECT_EX, offsetof(Transport, field), 0, NULL}

static PyMemberDef members[] = {
    FIELD("TLS", TLS),
    FIELD("bufferSize", buffer_size),
    FIELD("connected", connected),
    FIELD("dataBuffer", data_buffer),
    FIELD("disconnecting", disconnecting),
    FIELD("producer", producer),
    FIELD("producerPaused", producer_paused),
    FIELD("protocol", protocol),
    FIELD("reactor", reactor),
    FIELD("reads_at_once", reads_at_once),
    FIELD("SEND_LIMIT", send_limit),
    FIELD("socket", socket),
    FIELD("streamingProducer", streaming_producer),
    FIELD("_tempDataBuffer", temp_data),
    FIELD("_tempDataLen", temp_size),
    FIELD("_writeDisconnected", write_disconnected),
    FIELD("_writeDisconnecting", write_disconnecting),
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject TransportType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.PlainTransport",
    .tp_basicsize = sizeof(Transport),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = (destructor)transport_dealloc,
    .tp_traverse = (traverseproc)transport_traverse,
    .tp_clear = (inquiry)transport_clear,
    .tp_methods = methods,
    .tp_members = members,
};
