/* The compiled outbox as Python sees it: the same methods as `outbox.Outbox`. */
#include "outbox.h"

#include <stddef.h>
#include <structmember.h>

static PyObject *outbox_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "", names))
        return NULL;
    Outbox *outbox = (Outbox *)type->tp_alloc(type, 0);
    if (outbox != NULL)
        outbox_init(outbox);
    return (PyObject *)outbox;
}

static void outbox_dealloc(Outbox *outbox)
{
    outbox_empty(outbox);
    free(outbox->entries);
    slots_clear(&outbox->places);
    Py_TYPE(outbox)->tp_free((PyObject *)outbox);
}

static Py_ssize_t outbox_length(Outbox *outbox)
{
    return (Py_ssize_t)outbox->places.count;
}

static PyObject *outbox_open(Outbox *outbox, PyObject *nothing)
{
    outbox->is_open = 1;
    Py_RETURN_NONE;
}

static PyObject *outbox_close(Outbox *outbox, PyObject *nothing)
{
    outbox->is_open = 0;
    outbox_empty(outbox);
    Py_RETURN_NONE;
}

static bool read_at_line(PyObject *line, AtLine *at)
{
    if (!PyBytes_Check(line) || !split_at_line(text_of(line), at)) {
        PyErr_Format(PyExc_ValueError, "not an AT line: %R", line);
        return false;
    }
    at->key = key_of(at->client_id);
    return true;
}

static bool is_newer_than_waiting(const Outbox *outbox, const AtLine *at)
{
    Handle entry = outbox_find(outbox, at->key.hash, at->client_id);
    if (entry == NO_HANDLE)
        return true;
    const Record *waits = outbox->entries[entry].record;
    return is_newer(at->time, at->origin, at->line, record_time(waits), record_origin(waits), record_line(waits));
}

static int put_line(Outbox *outbox, PyObject *line, bool if_newer)
{
    AtLine at;
    if (!read_at_line(line, &at))
        return -1;
    if (if_newer && !is_newer_than_waiting(outbox, &at))
        return 0;
    int64_t of_no_interest_ns = 0; /* when it was received concerns the cache */
    size_t id_at = (size_t)(at.client_id.at - at.line.at);
    Record *record = record_make(at.key.checksum, at.line, id_at, of_no_interest_ns);
    bool is_put = record != NULL && outbox_put(outbox, at.key.hash, record, at.client_id);
    if (record != NULL)
        record_release(record);
    return is_put ? 0 : (PyErr_NoMemory(), -1);
}

static PyObject *put_lines(Outbox *outbox, PyObject *records, bool if_newer)
{
    PyObject *lines = outbox->is_open ? PyMapping_Values(records) : PyList_New(0);
    if (lines == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(lines); i++)
        if (put_line(outbox, PyList_GET_ITEM(lines, i), if_newer) < 0) {
            Py_DECREF(lines);
            return NULL;
        }
    Py_DECREF(lines);
    Py_RETURN_NONE;
}

static PyObject *outbox_put_method(Outbox *outbox, PyObject *records)
{
    return put_lines(outbox, records, false);
}

static PyObject *outbox_put_if_newer(Outbox *outbox, PyObject *records)
{
    return put_lines(outbox, records, true);
}

static PyObject *outbox_forget_method(Outbox *outbox, PyObject *args)
{
    PyObject *client_id, *line;
    AtLine at;
    if (!PyArg_ParseTuple(args, "SS:forget", &client_id, &line) || !read_at_line(line, &at))
        return NULL;
    outbox_forget(outbox, &at);
    Py_RETURN_NONE;
}

/* Read how many bytes at most; false with an exception set. */
static bool read_size(PyObject *number, size_t *bytes)
{
    Py_ssize_t size = PyLong_AsSsize_t(number);
    *bytes = size < 0 ? 0 : (size_t)size;
    return size != -1 || !PyErr_Occurred();
}

static PyObject *outbox_take(Outbox *outbox, PyObject *max_bytes)
{
    size_t bytes;
    if (!read_size(max_bytes, &bytes))
        return NULL;
    Portion portion = outbox_front(outbox, bytes);
    PyObject *lines = PyList_New((Py_ssize_t)portion.records);
    Handle entry = outbox->front;
    for (size_t i = 0; lines != NULL && i < portion.records; i++) {
        PyObject *line = bytes_of(record_line(outbox->entries[entry].record));
        if (line == NULL)
            Py_CLEAR(lines);
        else
            PyList_SET_ITEM(lines, (Py_ssize_t)i, line);
        entry = outbox->entries[entry].after;
    }
    if (lines != NULL)
        outbox_drop(outbox, portion);
    return lines;
}

static PyObject *outbox_take_joined(Outbox *outbox, PyObject *max_bytes)
{
    size_t bytes;
    if (!read_size(max_bytes, &bytes))
        return NULL;
    Portion portion = outbox_front(outbox, bytes);
    PyObject *joined = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(portion.bytes + portion.records));
    if (joined == NULL)
        return NULL;
    char *to = PyBytes_AS_STRING(joined);
    for (Handle entry = outbox->front; entry != portion.rest; entry = outbox->entries[entry].after) {
        Text line = record_line(outbox->entries[entry].record);
        memcpy(to, line.at, line.bytes);
        to += line.bytes;
        *to++ = '\n';
    }
    outbox_drop(outbox, portion);
    return Py_BuildValue("nN", (Py_ssize_t)portion.records, joined);
}

static PyMethodDef methods[] = {
    {"open", (PyCFunction)outbox_open, METH_NOARGS, NULL},
    {"close", (PyCFunction)outbox_close, METH_NOARGS, NULL},
    {"put", (PyCFunction)outbox_put_method, METH_O, NULL},
    {"put_if_newer", (PyCFunction)outbox_put_if_newer, METH_O, NULL},
    {"forget", (PyCFunction)outbox_forget_method, METH_VARARGS, NULL},
    {"take", (PyCFunction)outbox_take, METH_O, NULL},
    {"take_joined", (PyCFunction)outbox_take_joined, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"is_open", T_BOOL, offsetof(Outbox, is_open), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PySequenceMethods as_sequence = {.sq_length = (lenfunc)outbox_length};

PyTypeObject OutboxType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "herd.core._native.Outbox",
    .tp_basicsize = sizeof(Outbox),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "The records that one neighbor is owed; compiled.",
    .tp_new = outbox_new,
    .tp_dealloc = (destructor)outbox_dealloc,
    .tp_as_sequence = &as_sequence,
    .tp_methods = methods,
    .tp_members = members,
};
