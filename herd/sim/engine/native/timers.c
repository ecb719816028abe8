#include "timers.h"

#include <math.h>
#include <structmember.h>

#include "agenda.h"
#include "owner.h"
#include "rows.h"
#include "ticking.h"
#include "timeline.h"

#define TURN_NS 1000
#define NS_PER_S 1000000000
#define LONGEST_S 3000000000 /* Almost a century: who waits longer waits so long, and no sum needs more than 63 bits. */
#define LONGEST_NS (LONGEST_S * NS_PER_S)

enum { KIND_TIMER = 4 };

typedef struct {
    PyObject_HEAD
    Owner *process;
    PyObject *timers; /* The reactor's dictionary of all of them. */
    PyObject *number;
    PyObject *function;
    PyObject *args;
    PyObject *kwargs;
    PyObject *state;
    int64_t local_ns;
    int64_t due_ns;
    int entries;
} Timer;

static PyObject *reactor_name, *timers_name, *local_ns_name, *seconds_name, *qualname, *come_name, *real_time;
static PyObject *already_called, *monotonic, *nothing;

bool timers_prepare(void)
{
    reactor_name = PyUnicode_InternFromString("reactor");
    timers_name = PyUnicode_InternFromString("timers");
    local_ns_name = PyUnicode_InternFromString("local_ns");
    seconds_name = PyUnicode_InternFromString("seconds");
    qualname = PyUnicode_InternFromString("__qualname__");
    come_name = PyUnicode_InternFromString("come");
    monotonic = PyUnicode_InternFromString("monotonic");
    nothing = PyTuple_New(0);
    already_called = PyUnicode_InternFromString("already_called");
    real_time = PyImport_ImportModule("time");
    return reactor_name != NULL && timers_name != NULL && local_ns_name != NULL && seconds_name != NULL &&
           qualname != NULL && come_name != NULL && monotonic != NULL && nothing != NULL &&
           already_called != NULL && real_time != NULL;
}

/* Returns a number of seconds in nanoseconds, rounded as Python does, `LONGEST_NS` at most; -1 with an exception. */
static int64_t in_ns(PyObject *seconds)
{
    if (PyFloat_CheckExact(seconds) && fabs(PyFloat_AS_DOUBLE(seconds)) <= LONGEST_S)
        return llrint(PyFloat_AS_DOUBLE(seconds) * NS_PER_S);
    int is_long = 0;
    long long whole_s = PyLong_CheckExact(seconds) ? PyLong_AsLongLongAndOverflow(seconds, &is_long) : LONGEST_S;
    if (!is_long && whole_s < LONGEST_S && whole_s > -LONGEST_S)
        return whole_s * NS_PER_S;
    PyObject *longest = PyLong_FromLongLong(LONGEST_S);
    int is_longer = longest == NULL ? -1 : PyObject_RichCompareBool(seconds, longest, Py_GT);
    Py_XDECREF(longest);
    if (is_longer != 0)
        return is_longer < 0 ? -1 : LONGEST_NS;
    PyObject *second = PyLong_FromLong(NS_PER_S);
    PyObject *exact = second == NULL ? NULL : PyNumber_Multiply(seconds, second);
    PyObject *rounded = exact == NULL ? NULL : PyObject_CallMethod(exact, "__round__", NULL);
    int64_t wait_ns = rounded == NULL ? -1 : PyLong_AsLongLong(rounded);
    Py_XDECREF(second);
    Py_XDECREF(exact);
    Py_XDECREF(rounded);
    return wait_ns;
}

/* Returns the time by which timers are due, as `SimulatedReactor.local_ns`; -1 with an exception. */
static int64_t local_ns(const Owner *process, PyObject *reactor)
{
    PyObject *own = PyObject_GenericGetDict(reactor, NULL);
    if (own == NULL)
        return -1;
    PyObject *seconds = PyDict_GetItemWithError(own, seconds_name);
    PyObject *steady = seconds == NULL ? NULL : PyDict_GetItemWithError(PyModule_GetDict(real_time), monotonic);
    bool is_steady = seconds != NULL && seconds == steady, is_wall = seconds == NULL;
    Py_DECREF(own);
    if (PyErr_Occurred())
        return -1;
    int64_t now_ns = ((Timeline *)process->simulation)->now_ns;
    if (is_wall || is_steady)
        return is_wall ? ticking_wall_ns(process->clock, now_ns) : ticking_monotonic_ns(process->clock, now_ns);
    PyObject *told = PyObject_CallMethodNoArgs(reactor, local_ns_name);
    now_ns = told == NULL ? -1 : PyLong_AsLongLong(told);
    Py_XDECREF(told);
    return now_ns;
}

/* Has the agenda look at it at a time. */
static bool stand_at(Timer *timer, int64_t time_ns)
{
    PyObject *come = PyObject_GetAttr((PyObject *)timer, come_name);
    Timeline *timeline = (Timeline *)timer->process->simulation;
    bool is_added = come != NULL && agenda_add(timeline->agenda, time_ns, (PyObject *)timer->process, come, nothing);
    Py_XDECREF(come);
    return is_added;
}

static bool schedule(Timer *timer, int64_t wait_ns)
{
    int64_t true_ns = ticking_true_ns(timer->process->clock, wait_ns);
    true_ns = true_ns < 0 ? 0 : true_ns < LONGEST_NS ? true_ns : LONGEST_NS;
    timer->due_ns = ((Timeline *)timer->process->simulation)->now_ns + true_ns + TURN_NS;
    timer->entries++;
    return stand_at(timer, timer->due_ns);
}

/* Tells whether `__init__` has run, and the process still has a time; false with an exception. */
static bool is_made(const Timer *timer)
{
    if (timer->timers != NULL && timer->process != NULL)
        return owner_has_time(timer->process);
    PyErr_SetString(PyExc_AttributeError, "a timer that nothing was given to");
    return false;
}

static PyObject *py_schedule(Timer *timer, PyObject *wait)
{
    long long wait_ns = PyLong_AsLongLong(wait);
    if ((wait_ns == -1 && PyErr_Occurred()) || !is_made(timer))
        return NULL;
    return schedule(timer, wait_ns) ? Py_NewRef(Py_None) : NULL;
}

static int timer_init(Timer *timer, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    PyObject *process, *number, *delay, *function, *its_args, *kwargs;
    if (!PyArg_ParseTuple(args, "O!OOOO!O!", &OwnerType, &process, &number, &delay, &function, &PyTuple_Type, &its_args,
                          &PyDict_Type, &kwargs))
        return -1;
    if (!owner_has_time((Owner *)process))
        return -1;
    PyObject *reactor = PyObject_GetAttr(process, reactor_name);
    PyObject *timers = reactor == NULL ? NULL : PyObject_GetAttr(reactor, timers_name);
    Py_XSETREF(timer->process, (Owner *)Py_NewRef(process));
    Py_XSETREF(timer->number, Py_NewRef(number));
    Py_XSETREF(timer->function, Py_NewRef(function));
    Py_XSETREF(timer->args, Py_NewRef(its_args));
    Py_XSETREF(timer->kwargs, PyDict_GET_SIZE(kwargs) ? Py_NewRef(kwargs) : NULL);
    Py_XSETREF(timer->state, Py_NewRef(Py_None));
    Py_XSETREF(timer->timers, timers);
    int64_t wait_ns = timers == NULL ? -1 : in_ns(delay);
    timer->local_ns = wait_ns == -1 && PyErr_Occurred() ? -1 : local_ns(timer->process, reactor);
    Py_XDECREF(reactor);
    if (timer->local_ns == -1 && PyErr_Occurred())
        return -1;
    timer->local_ns += wait_ns;
    Timeline *timeline = (Timeline *)timer->process->simulation;
    if (wait_ns <= 0 && timeline->timed != timeline->events)
        timeline->put_off = timeline->events;
    return schedule(timer, wait_ns) ? 0 : -1;
}

static bool end(Timer *timer, PyObject *state)
{
    Py_SETREF(timer->state, Py_NewRef(state));
    Py_SETREF(timer->function, Py_NewRef(Py_None));
    Py_SETREF(timer->args, Py_NewRef(nothing));
    Py_CLEAR(timer->kwargs);
    int is_known = PyDict_Contains(timer->timers, timer->number);
    return is_known == 0 || (is_known > 0 && PyDict_DelItem(timer->timers, timer->number) == 0);
}

static PyObject *py_end(Timer *timer, PyObject *state)
{
    return is_made(timer) && end(timer, state) ? Py_NewRef(Py_None) : NULL;
}

/* Takes out of a name what Python 3.12 and later do not put there: functions of comprehensions. */
static PyObject *without_comprehensions(PyObject *name)
{
    static const char *const kinds[] = {"<listcomp>.", "<dictcomp>.", "<setcomp>."};
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(name, &size);
    if (text == NULL || strstr(text, "comp>.") == NULL)
        return text == NULL ? NULL : PyBytes_FromStringAndSize(text, size);
    PyObject *kept = Py_NewRef(name), *empty = PyUnicode_FromString("");
    for (int kind = 0; kept != NULL && empty != NULL && kind < 3; kind++) {
        PyObject *each = PyUnicode_FromString(kinds[kind]);
        Py_XSETREF(kept, each == NULL ? NULL : PyUnicode_Replace(kept, each, empty, -1));
        Py_XDECREF(each);
    }
    PyObject *bytes = kept == NULL || empty == NULL ? NULL : PyUnicode_AsUTF8String(kept);
    Py_XDECREF(kept);
    Py_XDECREF(empty);
    return bytes;
}

/* Returns the name of what is called, as bytes. */
static PyObject *name_of(PyObject *function)
{
    PyObject *name = PyObject_GetAttr(function, qualname);
    if (name == NULL && PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Clear();
    else if (name == NULL)
        return NULL;
    if (name == NULL || PyObject_IsTrue(name) == 0) {
        Py_XDECREF(name);
        name = PyObject_GetAttr((PyObject *)Py_TYPE(function), qualname);
    }
    PyObject *bytes = name == NULL ? NULL : without_comprehensions(name);
    Py_XDECREF(name);
    return bytes;
}

/* Puts into the trace that a timer's function is called. */
static bool tell(const Timer *timer, PyObject *function)
{
    Timeline *timeline = (Timeline *)timer->process->simulation;
    PyObject *name = name_of(function);
    if (name == NULL)
        return false;
    Row row = {.kind = KIND_TIMER, .time_ns = timeline->now_ns, .host = timer->process->index, .peer = UINT32_MAX};
    bool is_told = rows_add(timeline->trace, row, name);
    Py_DECREF(name);
    return is_told;
}

static PyObject *come(Timer *timer, PyObject *Py_UNUSED(none))
{
    if (!is_made(timer))
        return NULL;
    Timeline *timeline = (Timeline *)timer->process->simulation;
    timer->entries--;
    if (timer->function == Py_None || timeline->now_ns < timer->due_ns) {
        timeline->events--;
        if (timer->function != Py_None && timer->entries == 0) {
            timer->entries = 1;
            if (!stand_at(timer, timer->due_ns))
                return NULL;
        }
        Py_RETURN_NONE;
    }
    timeline->timed = timeline->events;
    PyObject *function = Py_NewRef(timer->function), *args = Py_NewRef(timer->args);
    PyObject *kwargs = Py_XNewRef(timer->kwargs), *done = NULL;
    PyObject *called = PyObject_GetAttr((PyObject *)timer, already_called);
    if (called != NULL && end(timer, called) && (timeline->trace == Py_None || tell(timer, function)))
        done = PyObject_Call(function, args, kwargs);
    Py_DECREF(function);
    Py_DECREF(args);
    Py_XDECREF(kwargs);
    Py_XDECREF(called);
    Py_XDECREF(done);
    return done == NULL ? NULL : Py_NewRef(Py_None);
}

static int timer_traverse(Timer *timer, visitproc visit, void *arg)
{
    Py_VISIT(timer->process);
    Py_VISIT(timer->timers);
    Py_VISIT(timer->function);
    Py_VISIT(timer->args);
    Py_VISIT(timer->kwargs);
    Py_VISIT(timer->state);
    return 0;
}

/* What it belongs to is kept for as long as it lives itself: whoever still calls it finds that. */
static int timer_clear(Timer *timer)
{
    if (timer->function != NULL)
        Py_SETREF(timer->function, Py_NewRef(Py_None));
    if (timer->args != NULL)
        Py_SETREF(timer->args, Py_NewRef(nothing));
    Py_CLEAR(timer->kwargs);
    return 0;
}

static void timer_dealloc(Timer *timer)
{
    PyObject_GC_UnTrack(timer);
    Py_CLEAR(timer->process);
    Py_CLEAR(timer->timers);
    Py_CLEAR(timer->number);
    Py_CLEAR(timer->function);
    Py_CLEAR(timer->args);
    Py_CLEAR(timer->kwargs);
    Py_CLEAR(timer->state);
    Py_TYPE(timer)->tp_free((PyObject *)timer);
}

static PyObject *get_idle(Timer *timer, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(timer->function == Py_None);
}

static PyObject *get_kwargs(Timer *timer, void *Py_UNUSED(closure))
{
    return timer->kwargs == NULL ? PyDict_New() : Py_NewRef(timer->kwargs);
}

static PyMethodDef methods[] = {
    {"schedule", (PyCFunction)py_schedule, METH_O, NULL},
    {"come", (PyCFunction)come, METH_NOARGS, NULL},
    {"end", (PyCFunction)py_end, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"process", T_OBJECT_EX, offsetof(Timer, process), READONLY, NULL},
    {"number", T_OBJECT_EX, offsetof(Timer, number), READONLY, NULL},
    {"function", T_OBJECT_EX, offsetof(Timer, function), READONLY, NULL},
    {"_args", T_OBJECT_EX, offsetof(Timer, args), READONLY, NULL},
    {"state", T_OBJECT_EX, offsetof(Timer, state), READONLY, NULL},
    {"local_ns", T_LONGLONG, offsetof(Timer, local_ns), 0, NULL},
    {"due_ns", T_LONGLONG, offsetof(Timer, due_ns), 0, NULL},
    {"entries", T_INT, offsetof(Timer, entries), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"is_idle", (getter)get_idle, NULL, NULL, NULL},
    {"_kwargs", (getter)get_kwargs, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject TimerType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.PlainTimer",
    .tp_basicsize = sizeof(Timer),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)timer_init,
    .tp_dealloc = (destructor)timer_dealloc,
    .tp_traverse = (traverseproc)timer_traverse,
    .tp_clear = (inquiry)timer_clear,
    .tp_methods = methods,
    .tp_members = members,
    .tp_getset = properties,
};
