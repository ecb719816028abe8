#include "delays.h"

#include <math.h>
#include <structmember.h>

#include "draws.h"
#include "owner.h"

#define NS_PER_MS 1e6
#define MOST_NS 9e18

static PyObject *other_delay_ns, *loses;

bool delays_prepare(void)
{
    other_delay_ns = PyUnicode_InternFromString("other_delay_ns");
    loses = PyUnicode_InternFromString("loses");
    return other_delay_ns != NULL && loses != NULL;
}

static int64_t ask(PyObject *delays, int64_t now_ns, Py_ssize_t size)
{
    PyObject *now = PyLong_FromLongLong(now_ns), *bytes = PyLong_FromSsize_t(size), *delay = NULL;
    if (now != NULL && bytes != NULL)
        delay = PyObject_CallMethodObjArgs(delays, other_delay_ns, now, bytes, NULL);
    int64_t delay_ns = delay == NULL ? -1 : PyLong_AsLongLong(delay);
    Py_XDECREF(now);
    Py_XDECREF(bytes);
    Py_XDECREF(delay);
    return delay_ns;
}

/* Rounds to the nearest whole number, of two the even one, as Python does. */
static int64_t log_normal_ns(const Delays *delays)
{
    double delay = delays->median_ms * exp(delays->sigma * draws_normal(delays->stream)) * NS_PER_MS;
    if (delay < MOST_NS)
        return llrint(delay);
    PyErr_SetString(PyExc_OverflowError, "a delay is longer than any simulation");
    return -1;
}

int64_t delays_draw_ns(PyObject *self, int64_t now_ns, Py_ssize_t size)
{
    Delays *delays = (Delays *)self;
    switch (delays->way) {
    case CONSTANT:
        return delays->low_ns + delays->extra_ns;
    case UNIFORM:
        return draws_integer(delays->stream, delays->low_ns, delays->high_ns) + delays->extra_ns;
    case LOG_NORMAL: {
        int64_t delay_ns = log_normal_ns(delays);
        return delay_ns < 0 ? -1 : delay_ns + delays->extra_ns;
    }
    default:
        return ask(self, now_ns, size);
    }
}

int delays_loses(PyObject *self)
{
    Delays *delays = (Delays *)self;
    if (delays->blocked || !delays->is_lossy)
        return delays->blocked != 0;
    PyObject *lost = PyObject_CallMethodNoArgs(self, loses);
    int is_lost = lost == NULL ? -1 : PyObject_IsTrue(lost);
    Py_XDECREF(lost);
    return is_lost;
}

static PyObject *delay_ns(PyObject *delays, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "delay_ns takes the time and a size");
        return NULL;
    }
    long long now_ns = PyLong_AsLongLong(args[0]);
    Py_ssize_t size = now_ns == -1 && PyErr_Occurred() ? -1 : PyLong_AsSsize_t(args[1]);
    if (size == -1 && PyErr_Occurred())
        return NULL;
    int64_t delay = delays_draw_ns(delays, now_ns, size);
    return delay == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(delay);
}

static PyObject *be(Delays *delays, Way way, PyObject *stream)
{
    Py_XSETREF(delays->stream, Py_XNewRef(stream));
    delays->way = way;
    Py_RETURN_NONE;
}

static PyObject *be_constant(Delays *delays, PyObject *delay)
{
    delays->low_ns = PyLong_AsLongLong(delay);
    return delays->low_ns == -1 && PyErr_Occurred() ? NULL : be(delays, CONSTANT, NULL);
}

static PyObject *be_uniform(Delays *delays, PyObject *args)
{
    PyObject *stream;
    long long low_ns, high_ns;
    if (!PyArg_ParseTuple(args, "O!LL", &DrawsType, &stream, &low_ns, &high_ns))
        return NULL;
    delays->low_ns = low_ns;
    delays->high_ns = high_ns;
    return be(delays, UNIFORM, stream);
}

static PyObject *be_log_normal(Delays *delays, PyObject *args)
{
    PyObject *stream;
    if (!PyArg_ParseTuple(args, "O!dd", &DrawsType, &stream, &delays->median_ms, &delays->sigma))
        return NULL;
    return be(delays, LOG_NORMAL, stream);
}

static PyObject *be_other(Delays *delays, PyObject *Py_UNUSED(none))
{
    return be(delays, OTHERWISE, NULL);
}

static int delays_init(Delays *delays, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    PyObject *target;
    if (!PyArg_ParseTuple(args, "O!", &OwnerType, &target))
        return -1;
    Py_XSETREF(delays->target, Py_NewRef(target));
    return 0;
}

static int delays_traverse(Delays *delays, visitproc visit, void *arg)
{
    Py_VISIT(delays->target);
    Py_VISIT(delays->stream);
    return 0;
}

static int delays_clear(Delays *delays)
{
    delays->way = OTHERWISE;
    Py_CLEAR(delays->stream);
    return 0;
}

static void delays_dealloc(Delays *delays)
{
    PyObject_GC_UnTrack(delays);
    delays_clear(delays);
    Py_CLEAR(delays->target);
    Py_TYPE(delays)->tp_free((PyObject *)delays);
}

static PyMethodDef methods[] = {
    {"delay_ns", (PyCFunction)(void (*)(void))delay_ns, METH_FASTCALL, NULL},
    {"be_constant", (PyCFunction)be_constant, METH_O, NULL},
    {"be_uniform", (PyCFunction)be_uniform, METH_VARARGS, NULL},
    {"be_log_normal", (PyCFunction)be_log_normal, METH_VARARGS, NULL},
    {"be_other", (PyCFunction)be_other, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"target", T_OBJECT_EX, offsetof(Delays, target), READONLY, NULL},
    {"extra_ns", T_LONGLONG, offsetof(Delays, extra_ns), 0, NULL},
    {"blocked", T_INT, offsetof(Delays, blocked), 0, NULL},
    {"is_lossy", T_BOOL, offsetof(Delays, is_lossy), 0, NULL},
    {"spoils_datagrams", T_BOOL, offsetof(Delays, spoils_datagrams), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject DelaysType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.Delays",
    .tp_basicsize = sizeof(Delays),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)delays_init,
    .tp_dealloc = (destructor)delays_dealloc,
    .tp_traverse = (traverseproc)delays_traverse,
    .tp_clear = (inquiry)delays_clear,
    .tp_methods = methods,
    .tp_members = members,
};
