#include "draws.h"

#include <math.h>

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

double draws_random(PyObject *draws)
{
    return (double)(draw((Draws *)draws) >> 11) * 0x1p-53;
}

int64_t draws_integer(PyObject *draws, int64_t low, int64_t high)
{
    Wide values = (Wide)((uint64_t)high - (uint64_t)low) + 1;
    return (int64_t)((uint64_t)low + (uint64_t)(draw((Draws *)draws) * values >> 64));
}

double draws_normal(PyObject *draws)
{
    double radius = sqrt(-2.0 * log(1.0 - draws_random(draws)));
    return radius * cos(2.0 * Py_MATH_PI * draws_random(draws));
}

static PyObject *bits(PyObject *draws, PyObject *Py_UNUSED(none))
{
    return PyLong_FromUnsignedLongLong(draw((Draws *)draws));
}

static PyObject *a_random(PyObject *draws, PyObject *Py_UNUSED(none))
{
    return PyFloat_FromDouble(draws_random(draws));
}

static PyObject *normal(PyObject *draws, PyObject *Py_UNUSED(none))
{
    return PyFloat_FromDouble(draws_normal(draws));
}

static PyObject *integer(PyObject *draws, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "integer takes the lowest and the highest");
        return NULL;
    }
    long long low = PyLong_AsLongLong(args[0]);
    long long high = low == -1 && PyErr_Occurred() ? -1 : PyLong_AsLongLong(args[1]);
    if (high == -1 && PyErr_Occurred())
        return NULL;
    return PyLong_FromLongLong(draws_integer(draws, low, high));
}

static PyMethodDef methods[] = {
    {"bits", bits, METH_NOARGS, NULL},
    {"random", a_random, METH_NOARGS, NULL},
    {"normal", normal, METH_NOARGS, NULL},
    {"integer", (PyCFunction)(void (*)(void))integer, METH_FASTCALL, NULL},
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
