#include "timeline.h"

#include <structmember.h>

#include "agenda.h"
#include "owner.h"
#include "rows.h"
#include "turns.h"

#define SIGNALS_EVERY 256
#define COLLECT_EVERY 200000

static PyObject *miss, *collect;

bool timeline_prepare(void)
{
    miss = PyUnicode_InternFromString("miss");
    collect = PyUnicode_InternFromString("collect");
    return miss != NULL && collect != NULL;
}

static bool is_done(PyObject *result)
{
    Py_XDECREF(result);
    return result != NULL;
}

static bool be_missed(const Event *event)
{
    PyObject *made = event_tuple(event);
    bool is_missed = made != NULL && is_done(PyObject_CallMethodOneArg(event->owner, miss, made));
    Py_XDECREF(made);
    return is_missed;
}

typedef enum { MISSED, DONE, FAILED, BROKEN } Fate;

/* Runs one event. MISSED: its owner was not there. FAILED: it raised; BROKEN: what is around it did. */
static Fate run(Timeline *timeline, const Event *event)
{
    Owner *owner = (Owner *)event->owner;
    if (!PyObject_TypeCheck(owner, &OwnerType)) {
        PyErr_Format(PyExc_TypeError, "the owner of an event is a host or a process, no %s", Py_TYPE(owner)->tp_name);
        return BROKEN;
    }
    if (owner->halted)
        return be_missed(event) ? MISSED : BROKEN;
    timeline->now_ns = event->time_ns;
    timeline->events++;
    if (!become_current(owner->process))
        return BROKEN;
    PyObject *args = event->args;
    bool is_run = is_done(PyObject_Vectorcall(event->function, &PyTuple_GET_ITEM(args, 0), (size_t)PyTuple_GET_SIZE(args), NULL));
    if (!is_run) /* Now, for it may have run other events. */
        Py_SETREF(timeline->owner, Py_NewRef(event->owner));
    return is_run ? DONE : FAILED;
}

/* Ends the turns of those who have something to do then. */
static bool end_turns(Timeline *timeline)
{
    PyObject *turns = timeline->turns;
    while (PyList_GET_SIZE(turns) > 0) {
        PyObject *process = Py_NewRef(PyList_GET_ITEM(turns, 0));
        bool is_ended = PyList_SetSlice(turns, 0, 1, NULL) == 0;
        if (is_ended && !((Owner *)process)->halted) {
            is_ended = become_current(process) && end_turn(process);
            if (!is_ended)
                Py_SETREF(timeline->owner, Py_NewRef(process));
        }
        Py_DECREF(process);
        if (!is_ended)
            return false;
    }
    return true;
}

/* Does what is to be done when an event is over. */
static bool finish(Timeline *timeline)
{
    if (PyList_GET_SIZE(timeline->turns) > 0 && !end_turns(timeline)) {
        timeline->unfinished = 1;
        return false;
    }
    timeline->unfinished = 0;
    if (timeline->events >= timeline->collect_at) {
        timeline->collect_at = timeline->events + COLLECT_EVERY;
        if (!is_done(PyObject_CallMethodNoArgs((PyObject *)timeline, collect)))
            return false;
    }
    return timeline->events % SIGNALS_EVERY || PyErr_CheckSignals() == 0;
}

/* Runs events; false with an exception. */
static bool loop(Timeline *timeline, int64_t limit_ns)
{
    Event event;
    bool was_there = timeline->unfinished;
    for (;;) {
        if (was_there && !finish(timeline))
            return false;
        if ((was_there && timeline->stopped) || !agenda_take(timeline->agenda, limit_ns, &event))
            return true;
        Fate fate = run(timeline, &event);
        event_release(&event);
        timeline->unfinished = fate == FAILED;
        if (fate == FAILED || fate == BROKEN)
            return false;
        was_there = fate == DONE;
    }
}

static PyObject *go_on(Timeline *timeline, PyObject *limit)
{
    PyObject *before;
    long long limit_ns = PyLong_AsLongLong(limit);
    if ((limit_ns == -1 && PyErr_Occurred()) || !contexts_begin(&before))
        return NULL;
    Py_SETREF(timeline->owner, Py_NewRef(Py_None));
    bool is_over = loop(timeline, limit_ns);
    contexts_end(before);
    return is_over ? Py_NewRef(Py_None) : NULL;
}

static PyObject *timeline_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(keywords))
{
    Timeline *timeline = (Timeline *)type->tp_alloc(type, 0);
    if (timeline == NULL)
        return NULL;
    timeline->collect_at = COLLECT_EVERY;
    timeline->timed = timeline->put_off = -1;
    timeline->agenda = PyObject_CallNoArgs((PyObject *)&AgendaType);
    timeline->turns = PyList_New(0);
    timeline->owner = Py_NewRef(Py_None);
    timeline->trace = Py_NewRef(Py_None);
    timeline->on_write = Py_NewRef(Py_None);
    timeline->on_read = Py_NewRef(Py_None);
    if (timeline->agenda == NULL || timeline->turns == NULL)
        Py_CLEAR(timeline);
    return (PyObject *)timeline;
}

static int timeline_traverse(Timeline *timeline, visitproc visit, void *arg)
{
    Py_VISIT(timeline->agenda);
    Py_VISIT(timeline->turns);
    Py_VISIT(timeline->owner);
    Py_VISIT(timeline->trace);
    Py_VISIT(timeline->on_write);
    Py_VISIT(timeline->on_read);
    return 0;
}

/* The lists are kept: they are cleared by themselves, and whoever still asks for them finds them. */
static int timeline_clear(Timeline *timeline)
{
    Py_SETREF(timeline->owner, Py_NewRef(Py_None));
    Py_SETREF(timeline->trace, Py_NewRef(Py_None));
    Py_SETREF(timeline->on_write, Py_NewRef(Py_None));
    Py_SETREF(timeline->on_read, Py_NewRef(Py_None));
    return 0;
}

static void timeline_dealloc(Timeline *timeline)
{
    PyObject_GC_UnTrack(timeline);
    Py_CLEAR(timeline->agenda);
    Py_CLEAR(timeline->turns);
    Py_CLEAR(timeline->owner);
    Py_CLEAR(timeline->trace);
    Py_CLEAR(timeline->on_write);
    Py_CLEAR(timeline->on_read);
    Py_TYPE(timeline)->tp_free((PyObject *)timeline);
}

static PyObject *get_trace(Timeline *timeline, void *Py_UNUSED(closure))
{
    return Py_NewRef(timeline->trace);
}

static int set_trace(Timeline *timeline, PyObject *trace, void *Py_UNUSED(closure))
{
    if (trace == NULL || (trace != Py_None && !PyObject_TypeCheck(trace, &RowsType))) {
        PyErr_SetString(PyExc_TypeError, "a trace has to be rows");
        return -1;
    }
    Py_SETREF(timeline->trace, Py_NewRef(trace));
    return 0;
}

static PyMethodDef methods[] = {
    {"go_on", (PyCFunction)go_on, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"now_ns", T_LONGLONG, offsetof(Timeline, now_ns), 0, NULL},
    {"events", T_LONGLONG, offsetof(Timeline, events), 0, NULL},
    {"flows", T_LONGLONG, offsetof(Timeline, flows), 0, NULL},
    {"collect_at", T_LONGLONG, offsetof(Timeline, collect_at), 0, NULL},
    {"timed", T_LONGLONG, offsetof(Timeline, timed), 0, NULL},
    {"put_off", T_LONGLONG, offsetof(Timeline, put_off), 0, NULL},
    {"agenda", T_OBJECT_EX, offsetof(Timeline, agenda), READONLY, NULL},
    {"turns", T_OBJECT_EX, offsetof(Timeline, turns), READONLY, NULL},
    {"owner", T_OBJECT_EX, offsetof(Timeline, owner), READONLY, NULL},
    {"on_write", T_OBJECT_EX, offsetof(Timeline, on_write), 0, NULL},
    {"on_read", T_OBJECT_EX, offsetof(Timeline, on_read), 0, NULL},
    {"stopped", T_BOOL, offsetof(Timeline, stopped), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"trace", (getter)get_trace, (setter)set_trace, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject TimelineType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.Timeline",
    .tp_basicsize = sizeof(Timeline),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = timeline_new,
    .tp_dealloc = (destructor)timeline_dealloc,
    .tp_traverse = (traverseproc)timeline_traverse,
    .tp_clear = (inquiry)timeline_clear,
    .tp_methods = methods,
    .tp_members = members,
    .tp_getset = properties,
};
