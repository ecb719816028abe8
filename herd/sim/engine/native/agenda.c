#include "agenda.h"

#define BELOW 4
#define LEAST_ROOM 64

typedef struct {
    PyObject_HEAD
    Event *events;
    Py_ssize_t count;
    Py_ssize_t room;
    int64_t added; /* Ever. */
} Agenda;

static bool is_before(const Event *one, const Event *other)
{
    return one->time_ns < other->time_ns || (one->time_ns == other->time_ns && one->number < other->number);
}

void event_release(Event *event)
{
    Py_DECREF(event->owner);
    Py_DECREF(event->function);
    Py_DECREF(event->args);
}

static bool make_room(Agenda *agenda)
{
    if (agenda->count < agenda->room)
        return true;
    Py_ssize_t room = agenda->room ? agenda->room * 2 : LEAST_ROOM;
    Event *events = PyMem_Realloc(agenda->events, (size_t)room * sizeof(Event));
    if (events == NULL)
        return false;
    agenda->events = events;
    agenda->room = room;
    return true;
}

/* Puts an event at the end, for which there is room, and lets it rise to its place. */
static void push(Agenda *agenda, Event event)
{
    Event *events = agenda->events;
    Py_ssize_t at = agenda->count++;
    while (at > 0) {
        Py_ssize_t above = (at - 1) / BELOW;
        if (!is_before(&event, &events[above]))
            break;
        events[at] = events[above];
        at = above;
    }
    events[at] = event;
}

/* Takes the first event, and lets the last one sink from there. */
static Event pop(Agenda *agenda)
{
    Event *events = agenda->events;
    Event first = events[0], last = events[--agenda->count];
    Py_ssize_t at = 0, count = agenda->count;
    for (;;) {
        Py_ssize_t begin = at * BELOW + 1, end = begin + BELOW < count ? begin + BELOW : count, least = begin;
        if (begin >= count)
            break;
        for (Py_ssize_t other = begin + 1; other < end; other++) {
            if (is_before(&events[other], &events[least]))
                least = other;
        }
        if (!is_before(&events[least], &last))
            break;
        events[at] = events[least];
        at = least;
    }
    events[at] = last;
    return first;
}

bool agenda_add(PyObject *self, int64_t time_ns, PyObject *owner, PyObject *function, PyObject *args)
{
    Agenda *agenda = (Agenda *)self;
    if (!make_room(agenda)) {
        PyErr_NoMemory();
        return false;
    }
    Event event = {time_ns, ++agenda->added, Py_NewRef(owner), Py_NewRef(function), Py_NewRef(args)};
    push(agenda, event);
    return true;
}

static PyObject *add(PyObject *agenda, PyObject *const *args, Py_ssize_t count)
{
    if (count < 3 || count > 4 || (count == 4 && !PyTuple_CheckExact(args[3]))) {
        PyErr_SetString(PyExc_TypeError, "add takes a time, an owner, a function, perhaps a tuple of arguments");
        return NULL;
    }
    long long time_ns = PyLong_AsLongLong(args[0]);
    if (time_ns == -1 && PyErr_Occurred())
        return NULL;
    PyObject *arguments = count == 4 ? Py_NewRef(args[3]) : PyTuple_New(0);
    bool is_added = arguments != NULL && agenda_add(agenda, time_ns, args[1], args[2], arguments);
    Py_XDECREF(arguments);
    return is_added ? Py_NewRef(Py_None) : NULL;
}

PyObject *event_tuple(const Event *event)
{
    return Py_BuildValue("(LLOOO)", (long long)event->time_ns, (long long)event->number, event->owner,
                         event->function, event->args);
}

bool agenda_is_due(PyObject *self, int64_t time_ns)
{
    const Agenda *agenda = (const Agenda *)self;
    return agenda->count > 0 && agenda->events[0].time_ns <= time_ns;
}

bool agenda_take(PyObject *self, int64_t limit_ns, Event *taken)
{
    Agenda *agenda = (Agenda *)self;
    if (agenda->count == 0 || agenda->events[0].time_ns > limit_ns)
        return false;
    *taken = pop(agenda);
    return true;
}

static PyObject *agenda_pop(PyObject *agenda, PyObject *limit)
{
    Event event;
    long long limit_ns = PyLong_AsLongLong(limit);
    if (limit_ns == -1 && PyErr_Occurred())
        return NULL;
    if (!agenda_take(agenda, limit_ns, &event))
        Py_RETURN_NONE;
    PyObject *made = event_tuple(&event);
    event_release(&event);
    return made;
}

/* Tells whether an event is wanted; one of which that could not be told is, and leaves an exception. */
static bool is_wanted(PyObject *wanted, const Event *event)
{
    PyObject *made = event_tuple(event);
    PyObject *told = made == NULL ? NULL : PyObject_CallOneArg(wanted, made);
    int truth = told == NULL ? 1 : PyObject_IsTrue(told);
    Py_XDECREF(told);
    Py_XDECREF(made);
    return truth != 0;
}

static PyObject *agenda_keep(Agenda *agenda, PyObject *wanted)
{
    Event *events = agenda->events;
    Py_ssize_t count = agenda->count;
    /* While others' code runs the agenda is a new one: whatever that does finds it whole. */
    agenda->events = NULL;
    agenda->count = agenda->room = 0;
    for (Py_ssize_t at = 0; at < count; at++) {
        if (!PyErr_Occurred() && !is_wanted(wanted, &events[at]))
            event_release(&events[at]);
        else if (make_room(agenda))
            push(agenda, events[at]);
        else
            PyErr_NoMemory();
    }
    PyMem_Free(events);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

static int agenda_forget(Agenda *agenda)
{
    while (agenda->count > 0)
        event_release(&agenda->events[--agenda->count]);
    return 0;
}

static PyObject *agenda_clear(Agenda *agenda, PyObject *Py_UNUSED(none))
{
    agenda_forget(agenda);
    Py_RETURN_NONE;
}

static int agenda_traverse(Agenda *agenda, visitproc visit, void *arg)
{
    for (Py_ssize_t at = 0; at < agenda->count; at++) {
        Py_VISIT(agenda->events[at].owner);
        Py_VISIT(agenda->events[at].function);
        Py_VISIT(agenda->events[at].args);
    }
    return 0;
}

static void agenda_dealloc(Agenda *agenda)
{
    PyObject_GC_UnTrack(agenda);
    agenda_forget(agenda);
    PyMem_Free(agenda->events);
    Py_TYPE(agenda)->tp_free((PyObject *)agenda);
}

static Py_ssize_t agenda_length(Agenda *agenda)
{
    return agenda->count;
}

static PyObject *agenda_next_ns(Agenda *agenda, void *Py_UNUSED(closure))
{
    if (agenda->count == 0)
        Py_RETURN_NONE;
    return PyLong_FromLongLong(agenda->events[0].time_ns);
}

static PyMethodDef methods[] = {
    {"add", (PyCFunction)(void (*)(void))add, METH_FASTCALL, NULL},
    {"pop", (PyCFunction)agenda_pop, METH_O, NULL},
    {"keep", (PyCFunction)agenda_keep, METH_O, NULL},
    {"clear", (PyCFunction)agenda_clear, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"next_ns", (getter)agenda_next_ns, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PySequenceMethods as_sequence = {.sq_length = (lenfunc)agenda_length};

PyTypeObject AgendaType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.Agenda",
    .tp_basicsize = sizeof(Agenda),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = (destructor)agenda_dealloc,
    .tp_traverse = (traverseproc)agenda_traverse,
    .tp_clear = (inquiry)agenda_forget,
    .tp_methods = methods,
    .tp_getset = properties,
    .tp_as_sequence = &as_sequence,
};
