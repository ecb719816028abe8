#include "ticking.h"

#include <structmember.h>

#define MILLION 1000000

typedef __int128 Wide;

typedef struct {
    PyObject_HEAD
    int64_t drift_ppm;
    int64_t base_ns;
    int64_t gained_ns;
    int64_t offset_ns;
} Ticking;

/* Divides by a positive number and rounds down, as Python does; what is beyond 64 bits is the last number there. */
static int64_t floored(Wide number, int64_t by)
{
    Wide quotient = number / by - (number % by < 0);
    return (int64_t)(quotient > INT64_MAX ? INT64_MAX : quotient < -INT64_MAX ? -INT64_MAX : quotient);
}

int64_t ticking_monotonic_ns(PyObject *self, int64_t now_ns)
{
    const Ticking *clock = (const Ticking *)self;
    int64_t shown_ns = now_ns + clock->gained_ns;
    if (clock->drift_ppm)
        shown_ns += floored((Wide)(now_ns - clock->base_ns) * clock->drift_ppm, MILLION);
    return shown_ns;
}

int64_t ticking_wall_ns(PyObject *clock, int64_t now_ns)
{
    return ticking_monotonic_ns(clock, now_ns) + ((const Ticking *)clock)->offset_ns;
}

int64_t ticking_true_ns(PyObject *self, int64_t local_ns)
{
    const Ticking *clock = (const Ticking *)self;
    return clock->drift_ppm ? -floored((Wide)local_ns * -MILLION, MILLION + clock->drift_ppm) : local_ns;
}

static PyObject *shown(PyObject *clock, PyObject *number, int64_t (*reading)(PyObject *, int64_t))
{
    long long given = PyLong_AsLongLong(number);
    return given == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(reading(clock, given));
}

static PyObject *monotonic_ns(PyObject *clock, PyObject *now_ns)
{
    return shown(clock, now_ns, ticking_monotonic_ns);
}

static PyObject *wall_ns(PyObject *clock, PyObject *now_ns)
{
    return shown(clock, now_ns, ticking_wall_ns);
}

static PyObject *true_ns(PyObject *clock, PyObject *local_ns)
{
    return shown(clock, local_ns, ticking_true_ns);
}

static PyObject *get_drift(Ticking *clock, void *Py_UNUSED(closure))
{
    return PyLong_FromLongLong(clock->drift_ppm);
}

/* A clock that stands still, or goes backwards, would let no timer come. */
static int set_drift(Ticking *clock, PyObject *ppm, void *Py_UNUSED(closure))
{
    long long drift_ppm = ppm == NULL ? -MILLION : PyLong_AsLongLong(ppm);
    if (drift_ppm == -1 && PyErr_Occurred())
        return -1;
    if (drift_ppm <= -MILLION) {
        PyErr_SetString(PyExc_ValueError, "a clock loses less than a second a second");
        return -1;
    }
    clock->drift_ppm = drift_ppm;
    return 0;
}

static PyMethodDef methods[] = {
    {"monotonic_ns", monotonic_ns, METH_O, NULL},
    {"wall_ns", wall_ns, METH_O, NULL},
    {"true_ns", true_ns, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"base_ns", T_LONGLONG, offsetof(Ticking, base_ns), 0, NULL},
    {"gained_ns", T_LONGLONG, offsetof(Ticking, gained_ns), 0, NULL},
    {"offset_ns", T_LONGLONG, offsetof(Ticking, offset_ns), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"drift_ppm", (getter)get_drift, (setter)set_drift, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject TickingType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.Ticking",
    .tp_basicsize = sizeof(Ticking),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_methods = methods,
    .tp_members = members,
    .tp_getset = properties,
};
