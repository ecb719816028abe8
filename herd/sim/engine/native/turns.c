#include "turns.h"

#include "agenda.h"
#include "failures.h"
#include "transports.h"

#define TURN_NS 1000

static PyObject *reactor_name, *call_ending, *write_one, *do_write, *disconnect, *write_later, *put_off_writing;

bool turns_prepare(void)
{
    reactor_name = PyUnicode_InternFromString("reactor");
    call_ending = PyUnicode_InternFromString("call_ending");
    write_one = PyUnicode_InternFromString("write_one");
    do_write = PyUnicode_InternFromString("doWrite");
    disconnect = PyUnicode_InternFromString("disconnect");
    write_later = PyUnicode_InternFromString("write_later");
    put_off_writing = PyUnicode_InternFromString("put_off_writing");
    return put_off_writing != NULL && reactor_name != NULL && call_ending != NULL && write_one != NULL && do_write != NULL &&
           disconnect != NULL && write_later != NULL;
}

static bool is_done(PyObject *result)
{
    Py_XDECREF(result);
    return result != NULL;
}

bool write_at_end(End *end, PyObject *transport)
{
    Owner *process = end->process;
    if (process->writing == NULL && (process->writing = PyList_New(0)) == NULL)
        return false;
    if (PyList_GET_SIZE(process->writing) == 0 && PyList_Append(end->timeline->turns, (PyObject *)process) < 0)
        return false;
    return PyList_Append(process->writing, transport) == 0;
}

/* Lets a transport write, and more in another turn if it has more. */
static bool write_plain(PyObject *process, PyObject *reactor, PyObject *transport)
{
    End *end = (End *)((Transport *)transport)->socket;
    if (end->writer != transport)
        return true;
    Py_INCREF(end);
    PyObject *why = PyObject_CallMethodNoArgs(transport, do_write);
    bool is_ended = why != NULL || fail(process, transport, false);
    int is_over = why == NULL ? 0 : PyObject_IsTrue(why);
    if (is_over > 0)
        is_ended = is_done(PyObject_CallMethodObjArgs(reactor, disconnect, transport, why, Py_False, NULL));
    else if (is_over == 0 && why != NULL && end->writer == transport)
        is_ended = is_done(PyObject_CallMethodOneArg(reactor, write_later, transport));
    Py_XDECREF(why);
    Py_DECREF(end);
    return is_ended && is_over >= 0;
}

static bool write_all(PyObject *process, PyObject *reactor, PyObject *writing)
{
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(writing); at++) {
        PyObject *transport = PyList_GET_ITEM(writing, at);
        bool is_plain = PyObject_TypeCheck(transport, &TransportType) && ((Transport *)transport)->socket != NULL &&
                        PyObject_TypeCheck(((Transport *)transport)->socket, &EndType);
        bool is_written = is_plain ? write_plain(process, reactor, transport)
                                   : is_done(PyObject_CallMethodOneArg(reactor, write_one, transport));
        if (!is_written)
            return false;
    }
    return true;
}

/* Tells when what was written in this event leaves, as `turns.leaves_ns`; -1: at once. */
static int64_t leaves_ns(const Timeline *timeline)
{
    if (timeline->put_off == timeline->events)
        return timeline->now_ns + TURN_NS;
    bool is_shared = timeline->timed == timeline->events && agenda_is_due(timeline->agenda, timeline->now_ns);
    return is_shared ? timeline->now_ns : -1;
}

static bool put_off(PyObject *reactor, PyObject *writing, int64_t due_ns)
{
    PyObject *due = PyLong_FromLongLong(due_ns);
    bool is_put_off =
        due != NULL && is_done(PyObject_CallMethodObjArgs(reactor, put_off_writing, writing, due, NULL));
    Py_XDECREF(due);
    return is_put_off;
}

bool end_turn(PyObject *self)
{
    Owner *process = (Owner *)self;
    PyObject *reactor = PyObject_GetAttr(self, reactor_name);
    if (reactor == NULL)
        return false;
    bool is_ended = process->ending == NULL || PyList_GET_SIZE(process->ending) == 0 ||
                    is_done(PyObject_CallMethodNoArgs(reactor, call_ending));
    PyObject *writing = is_ended ? process->writing : NULL;
    if (writing != NULL) {
        process->writing = NULL;
        int64_t due_ns = process->simulation == Py_None ? -1 : leaves_ns((Timeline *)process->simulation);
        is_ended = due_ns < 0 ? write_all(self, reactor, writing) : put_off(reactor, writing, due_ns);
        Py_DECREF(writing);
    }
    Py_DECREF(reactor);
    return is_ended;
}
