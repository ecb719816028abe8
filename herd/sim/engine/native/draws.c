#include "draws.h"

#include <stdint.h>

typedef unsigned __int128 Wide;

typedef struct {
    PyObject_HEAD
    uint64_t high; /* Two halves, for Python's memory is not aligned for a whole. */
    uint64_t low;
} Draws;

static uint64_t draw(Draws *draws)
{
    Wide state = ((Wide)draws->high << 64 | draws->low) * 0xDA942042E4DD58B5u;
    draws->high = (uint64_t)(state >> 64);
    draws->low = (uint64_t)state;
    return draws->high;
}

static int draws_init(Draws *draws, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"seed", NULL};
    PyObject *seed;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!", names, &PyLong_Type, &seed))
        return -1;
    PyObject *half = PyLong_FromLong(64);
    PyObject *upper = half == NULL ? NULL : PyNumber_Rshift(seed, half);
    Py_XDECREF(half);
    if (upper == NULL)
        return -1;
    draws->high = PyLong_AsUnsignedLongLongMask(upper);
    draws->low = PyLong_AsUnsignedLongLongMask(seed) | 1;
    Py_DECREF(upper);
    return 0;
}

static PyObject *draws_bits(Draws *draws, PyObject *Py_UNUSED(none))
{
    return PyLong_FromUnsignedLongLong(draw(draws));
}

static PyObject *draws_random(Draws *draws, PyObject *Py_UNUSED(none))
{
    return PyFloat_FromDouble((double)(draw(draws) >> 11) * 0x1p-53);
}

static PyObject *draws_integer(Draws *draws, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "integer takes the lowest and the highest");
        return NULL;
    }
    long long low = PyLong_AsLongLong(args[0]);
    long long high = low == -1 && PyErr_Occurred() ? -1 : PyLong_AsLongLong(args[1]);
    if (high == -1 && PyErr_Occurred())
        return NULL;
    Wide values = (Wide)((uint64_t)high - (uint64_t)low) + 1;
    return PyLong_FromLongLong((long long)((uint64_t)low + (uint64_t)(draw(draws) * values >> 64)));
}

static PyMethodDef methods[] = {
    {"bits", (PyCFunction)draws_bits, METH_NOARGS, NULL},
    {"random", (PyCFunction)draws_random, METH_NOARGS, NULL},
    {"integer", (PyCFunction)(void (*)(void))draws_integer, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject DrawsType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.Draws",
    .tp_basicsize = sizeof(Draws),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)draws_init,
    .tp_methods = methods,
};
