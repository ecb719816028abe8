#include "dispatcher.h"

#include <structmember.h>

#include "owner.h"

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *original;
    PyObject *inside;
    PyObject *dictionary;
} Dispatcher;

static PyObject *call(PyObject *self, PyObject *const *args, size_t count, PyObject *names)
{
    Dispatcher *dispatcher = (Dispatcher *)self;
    PyObject *process = hosted();
    if (process == NULL)
        return NULL;
    if (process == Py_None)
        return PyObject_Vectorcall(dispatcher->original, args, count, names);
    if (PyVectorcall_NARGS(count) != 0 || (names != NULL && PyTuple_GET_SIZE(names) != 0)) {
        PyErr_SetString(PyExc_TypeError, "this function takes no arguments");
        return NULL;
    }
    return PyObject_CallOneArg(dispatcher->inside, process);
}

static int dispatcher_init(Dispatcher *dispatcher, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    PyObject *original, *inside;
    if (!PyArg_ParseTuple(args, "OO", &original, &inside))
        return -1;
    dispatcher->call = call;
    Py_XSETREF(dispatcher->original, Py_NewRef(original));
    Py_XSETREF(dispatcher->inside, Py_NewRef(inside));
    return 0;
}

static int dispatcher_traverse(Dispatcher *dispatcher, visitproc visit, void *arg)
{
    Py_VISIT(dispatcher->original);
    Py_VISIT(dispatcher->inside);
    Py_VISIT(dispatcher->dictionary);
    return 0;
}

/* What it calls is kept for as long as it lives itself: a pin may be called to the very end. */
static int dispatcher_clear(Dispatcher *dispatcher)
{
    Py_CLEAR(dispatcher->dictionary);
    return 0;
}

static void dispatcher_dealloc(Dispatcher *dispatcher)
{
    PyObject_GC_UnTrack(dispatcher);
    Py_CLEAR(dispatcher->original);
    Py_CLEAR(dispatcher->inside);
    Py_CLEAR(dispatcher->dictionary);
    Py_TYPE(dispatcher)->tp_free((PyObject *)dispatcher);
}

static PyGetSetDef properties[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject DispatcherType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.Dispatcher",
    .tp_basicsize = sizeof(Dispatcher),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)dispatcher_init,
    .tp_dealloc = (destructor)dispatcher_dealloc,
    .tp_traverse = (traverseproc)dispatcher_traverse,
    .tp_clear = (inquiry)dispatcher_clear,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Dispatcher, call),
    .tp_dictoffset = offsetof(Dispatcher, dictionary),
    .tp_getset = properties,
};
