#include "owner.h"

#include <pythread.h>
#include <structmember.h>

#include "rows.h"
#include "ticking.h"
#include "timeline.h"

#define NOBODY UINT32_MAX /* As in a trace. */
#define NS_PER_S 1000000000
#define EXACT ((int64_t)1 << 53) /* Up to here a float is any whole number. */

static PyObject *current = NULL; /* The dictionary of the module `current`. */
static PyObject *process_name = NULL;
static PyObject *thread_name = NULL;
static PyObject *enter_directory = NULL;
static PyObject *second = NULL;
static PyObject *outer = NULL; /* The context of whoever runs the loop; NULL while none runs. */

bool owner_prepare(void)
{
    process_name = PyUnicode_InternFromString("process");
    thread_name = PyUnicode_InternFromString("thread");
    enter_directory = PyUnicode_InternFromString("enter_directory");
    second = PyLong_FromLong(NS_PER_S);
    PyObject *module = PyImport_ImportModule("herd.sim.engine.current");
    if (module == NULL || process_name == NULL || thread_name == NULL || enter_directory == NULL || second == NULL)
        return false;
    current = Py_NewRef(PyModule_GetDict(module));
    Py_DECREF(module);
    return true;
}

PyObject *hosted(void)
{
    PyObject *process = PyDict_GetItemWithError(current, process_name);
    if (process == NULL || process == Py_None)
        return PyErr_Occurred() ? NULL : Py_None;
    PyObject *thread = PyDict_GetItemWithError(current, thread_name);
    unsigned long ident = thread == NULL ? 0 : PyLong_AsUnsignedLong(thread);
    if (PyErr_Occurred())
        return NULL;
    return ident == PyThread_get_thread_ident() ? process : Py_None;
}

bool owner_has_time(const Owner *owner)
{
    if (owner->simulation != Py_None && owner->clock != Py_None)
        return true;
    PyErr_SetString(PyExc_ValueError, "it has no clock, or is in no simulation");
    return false;
}

/* Has what runs next see the variables of a context. Not PyContext_Enter and PyContext_Exit, which have to be paired:
 * an event may begin within a program's own Context.run, when it runs other events. */
static void see(PyObject *context)
{
    PyThreadState *state = PyThreadState_Get();
    if (state->context == context)
        return;
    PyObject *before = state->context;
    state->context = Py_NewRef(context);
    state->context_ver++; /* Variables keep what they have found for a version. */
    Py_XDECREF(before);
}

static void see_context_of(PyObject *process)
{
    if (outer == NULL)
        return;
    bool is_own = process != Py_None && ((Owner *)process)->context != Py_None;
    see(is_own ? ((Owner *)process)->context : outer);
}

bool contexts_begin(PyObject **before)
{
    PyObject *copy = PyContext_CopyCurrent(); /* It makes a context where there is none yet. */
    PyObject *process = PyDict_GetItemWithError(current, process_name);
    if (copy == NULL || PyErr_Occurred()) {
        Py_XDECREF(copy);
        return false;
    }
    Py_DECREF(copy);
    *before = outer;
    outer = Py_NewRef(PyThreadState_Get()->context);
    if (process != NULL && PyObject_TypeCheck(process, &OwnerType))
        see_context_of(process);
    return true;
}

void contexts_end(PyObject *before)
{
    PyObject *there = outer;
    outer = before;
    see(there);
    Py_DECREF(there);
}

bool become_current(PyObject *process)
{
    PyObject *before = PyDict_GetItemWithError(current, process_name);
    if (before == process)
        return true;
    if (PyErr_Occurred() || PyDict_SetItem(current, process_name, process) < 0)
        return false;
    see_context_of(process);
    if (process == Py_None || ((Owner *)process)->directory == Py_None)
        return true;
    PyObject *done = PyObject_CallMethodNoArgs(process, enter_directory);
    Py_XDECREF(done);
    return done != NULL;
}

static PyObject *owner_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(keywords))
{
    Owner *owner = (Owner *)type->tp_alloc(type, 0);
    if (owner == NULL)
        return NULL;
    owner->index = NOBODY;
    owner->process = Py_NewRef(Py_None);
    owner->simulation = Py_NewRef(Py_None);
    owner->clock = Py_NewRef(Py_None);
    owner->directory = Py_NewRef(Py_None);
    owner->context = Py_NewRef(Py_None);
    return (PyObject *)owner;
}

static int owner_traverse(Owner *owner, visitproc visit, void *arg)
{
    Py_VISIT(owner->process);
    Py_VISIT(owner->simulation);
    Py_VISIT(owner->clock);
    Py_VISIT(owner->directory);
    Py_VISIT(owner->context);
    Py_VISIT(owner->ending);
    Py_VISIT(owner->writing);
    return 0;
}

static int owner_clear(Owner *owner)
{
    Py_SETREF(owner->process, Py_NewRef(Py_None)); /* Not NULL: whoever holds it may still ask. */
    Py_SETREF(owner->context, Py_NewRef(Py_None));
    Py_CLEAR(owner->ending);
    Py_CLEAR(owner->writing);
    return 0;
}

static void owner_dealloc(Owner *owner)
{
    PyObject_GC_UnTrack(owner);
    Py_CLEAR(owner->process);
    Py_CLEAR(owner->simulation);
    Py_CLEAR(owner->clock);
    Py_CLEAR(owner->directory);
    Py_CLEAR(owner->context);
    Py_CLEAR(owner->ending);
    Py_CLEAR(owner->writing);
    Py_TYPE(owner)->tp_free((PyObject *)owner);
}

static PyObject *list_of(PyObject **list)
{
    if (*list == NULL)
        *list = PyList_New(0);
    return Py_XNewRef(*list);
}

static PyObject *get_ending(Owner *owner, void *Py_UNUSED(closure))
{
    return list_of(&owner->ending);
}

static PyObject *get_writing(Owner *owner, void *Py_UNUSED(closure))
{
    return list_of(&owner->writing);
}

/* A field that other parts in C read: whatever stands there is of one type, or None. */
typedef struct {
    Py_ssize_t offset;
    PyTypeObject *type;
    const char *error;
} Field;

static Field process_field = {offsetof(Owner, process), &OwnerType, "its process is an owner itself, or None"};
static Field simulation_field = {offsetof(Owner, simulation), &TimelineType, "its simulation is a timeline, or None"};
static Field clock_field = {offsetof(Owner, clock), &TickingType, "its clock is one that ticks, or None"};
static Field context_field = {offsetof(Owner, context), &PyContext_Type, "its context is one of contextvars, or None"};

static PyObject *get(Owner *owner, Field *field)
{
    return Py_NewRef(*(PyObject **)((char *)owner + field->offset));
}

static int set(Owner *owner, PyObject *value, Field *field)
{
    if (value == NULL || (value != Py_None && !PyObject_TypeCheck(value, field->type))) {
        PyErr_SetString(PyExc_TypeError, field->error);
        return -1;
    }
    PyObject **place = (PyObject **)((char *)owner + field->offset);
    Py_SETREF(*place, Py_NewRef(value));
    return 0;
}

/* Reads the clock; false with an exception. */
static bool read_clock(const Owner *owner, int64_t (*reading)(PyObject *, int64_t), int64_t *time_ns)
{
    if (!owner_has_time(owner))
        return false;
    *time_ns = reading(owner->clock, ((Timeline *)owner->simulation)->now_ns);
    return true;
}

static PyObject *in_seconds(int64_t time_ns)
{
    if (time_ns < EXACT && time_ns > -EXACT)
        return PyFloat_FromDouble((double)time_ns / NS_PER_S);
    PyObject *whole = PyLong_FromLongLong(time_ns); /* Python rounds a quotient of whole numbers only once. */
    PyObject *seconds = whole == NULL ? NULL : PyNumber_TrueDivide(whole, second);
    Py_XDECREF(whole);
    return seconds;
}

static PyObject *monotonic_ns(Owner *owner, PyObject *Py_UNUSED(none))
{
    int64_t time_ns;
    return read_clock(owner, ticking_monotonic_ns, &time_ns) ? PyLong_FromLongLong(time_ns) : NULL;
}

static PyObject *monotonic_s(Owner *owner, PyObject *Py_UNUSED(none))
{
    int64_t time_ns;
    return read_clock(owner, ticking_monotonic_ns, &time_ns) ? in_seconds(time_ns) : NULL;
}

static PyObject *wall_ns(Owner *owner, PyObject *Py_UNUSED(none))
{
    int64_t time_ns;
    return read_clock(owner, ticking_wall_ns, &time_ns) ? PyLong_FromLongLong(time_ns) : NULL;
}

static PyObject *wall_s(Owner *owner, PyObject *Py_UNUSED(none))
{
    int64_t time_ns;
    return read_clock(owner, ticking_wall_ns, &time_ns) ? in_seconds(time_ns) : NULL;
}

/* Reads what an event is: its kind, the peer or None, the flow, the size. False with an exception. */
static bool read_event(PyObject *const *args, Py_ssize_t count, Row *row)
{
    bool is_whole = count == 4 || (count == 5 && PyBytes_Check(args[4]));
    if (!is_whole || (args[1] != Py_None && !PyObject_TypeCheck(args[1], &OwnerType))) {
        PyErr_SetString(PyExc_TypeError, "record takes a kind, a peer, a flow, a size, perhaps bytes");
        return false;
    }
    unsigned long kind = PyLong_AsUnsignedLong(args[0]);
    if (!PyErr_Occurred())
        row->flow = PyLong_AsLongLong(args[2]);
    if (!PyErr_Occurred())
        row->size = PyLong_AsLongLong(args[3]);
    if (!PyErr_Occurred() && kind > UINT8_MAX)
        PyErr_SetString(PyExc_OverflowError, "there are fewer kinds of events");
    row->kind = (uint8_t)kind;
    row->peer = args[1] == Py_None ? NOBODY : ((Owner *)args[1])->index;
    return !PyErr_Occurred();
}

static PyObject *record(Owner *owner, PyObject *const *args, Py_ssize_t count)
{
    Row row = {.host = owner->index};
    if (!owner_has_time(owner))
        return NULL;
    Timeline *timeline = (Timeline *)owner->simulation;
    if (timeline->trace == Py_None)
        Py_RETURN_NONE;
    row.time_ns = timeline->now_ns;
    if (!read_event(args, count, &row) || !rows_add(timeline->trace, row, count == 5 ? args[4] : NULL))
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *py_become_current(PyObject *process, PyObject *Py_UNUSED(none))
{
    return become_current(process) ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef methods[] = {
    {"become_current", py_become_current, METH_NOARGS, NULL},
    {"record", (PyCFunction)(void (*)(void))record, METH_FASTCALL, NULL},
    {"monotonic_ns", (PyCFunction)monotonic_ns, METH_NOARGS, NULL},
    {"monotonic_s", (PyCFunction)monotonic_s, METH_NOARGS, NULL},
    {"wall_ns", (PyCFunction)wall_ns, METH_NOARGS, NULL},
    {"wall_s", (PyCFunction)wall_s, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"directory", T_OBJECT_EX, offsetof(Owner, directory), 0, NULL},
    {"index", T_UINT, offsetof(Owner, index), 0, NULL},
    {"halted", T_BOOL, offsetof(Owner, halted), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"process", (getter)get, (setter)set, NULL, &process_field},
    {"simulation", (getter)get, (setter)set, NULL, &simulation_field},
    {"clock", (getter)get, (setter)set, NULL, &clock_field},
    {"context", (getter)get, (setter)set, NULL, &context_field},
    {"ending", (getter)get_ending, NULL, NULL, NULL},
    {"writing", (getter)get_writing, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject OwnerType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.Owner",
    .tp_basicsize = sizeof(Owner),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = owner_new,
    .tp_dealloc = (destructor)owner_dealloc,
    .tp_traverse = (traverseproc)owner_traverse,
    .tp_clear = (inquiry)owner_clear,
    .tp_methods = methods,
    .tp_members = members,
    .tp_getset = properties,
};
