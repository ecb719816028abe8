#include "datagrams.h"

#include <errno.h>
#include <structmember.h>

#include "agenda.h"
#include "delays.h"
#include "owner.h"
#include "rows.h"
#include "streams.h"
#include "timeline.h"

#define MAX_BYTES 65507 /* What fits into an IP packet with the headers of IP and UDP. */

/* Kinds of events in a trace: as in the module `kinds`. */
enum { KIND_DATAGRAM = 16, KIND_DATAGRAM_IN = 17 };

/* A UDP socket. */
typedef struct {
    PyObject_HEAD
    Timeline *timeline;
    Owner *process;
    Owner *host;
    PyObject *reader;  /* A port that takes what comes, or None. */
    PyObject *peer;    /* An address, or None. */
    PyObject *inbox;   /* A list of what nobody has read. */
    PyObject *sharing; /* A list of sockets. */
    int error;
    char is_closed;
} Socket;

/* From a socket to an address. */
typedef struct {
    PyObject_HEAD
    Timeline *timeline;
    PyObject *sender;
    PyObject *link;    /* Delays. */
    Owner *origin;     /* The host that it begins at. */
    PyObject *source;  /* An address. */
    PyObject *arrival; /* What an event of a datagram calls. */
    PyObject *found;   /* A Socket, or None. */
    int64_t last_ns;
    char is_home;
} Route;

static PyObject *source_name, *arrive_name, *deliver, *transmit, *arrive_otherwise;

bool datagrams_prepare(void)
{
    source_name = PyUnicode_InternFromString("source");
    arrive_name = PyUnicode_InternFromString("arrive");
    deliver = PyUnicode_InternFromString("deliver");
    transmit = PyUnicode_InternFromString("transmit");
    arrive_otherwise = PyUnicode_InternFromString("arrive_otherwise");
    return source_name != NULL && arrive_name != NULL && deliver != NULL && transmit != NULL && arrive_otherwise != NULL;
}

/* The socket. */

/* What Python may delete is NULL then. */
static bool waits_for_any(const Socket *socket)
{
    return socket->reader != NULL && socket->reader != Py_None && socket->peer == Py_None && !socket->is_closed &&
           !socket->error && PyList_GET_SIZE(socket->inbox) == 0 && socket->sharing != NULL &&
           PyList_Check(socket->sharing) && PyList_GET_SIZE(socket->sharing) == 0 && !socket->process->halted;
}

static bool socket_is_made(const Socket *socket)
{
    if (socket->inbox == NULL)
        PyErr_SetString(PyExc_AttributeError, "a socket that belongs to no process");
    return socket->inbox != NULL;
}

static PyObject *py_waits_for_any(Socket *socket, PyObject *Py_UNUSED(none))
{
    return socket_is_made(socket) ? PyBool_FromLong(waits_for_any(socket)) : NULL;
}

static int socket_init(Socket *socket, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    PyObject *process;
    Owner *host;
    Timeline *timeline;
    if (!PyArg_ParseTuple(args, "O!", &OwnerType, &process) || !find_place(process, &host, &timeline))
        return -1;
    Py_XSETREF(socket->process, (Owner *)Py_NewRef(process));
    Py_XSETREF(socket->host, host);
    Py_XSETREF(socket->timeline, timeline);
    Py_XSETREF(socket->reader, Py_NewRef(Py_None));
    Py_XSETREF(socket->peer, Py_NewRef(Py_None));
    Py_XSETREF(socket->sharing, PyList_New(0));
    Py_XSETREF(socket->inbox, PyList_New(0));
    return socket->inbox == NULL || socket->sharing == NULL ? -1 : 0;
}

static int socket_traverse(Socket *socket, visitproc visit, void *arg)
{
    Py_VISIT(socket->timeline);
    Py_VISIT(socket->process);
    Py_VISIT(socket->host);
    Py_VISIT(socket->reader);
    Py_VISIT(socket->peer);
    Py_VISIT(socket->inbox);
    Py_VISIT(socket->sharing);
    return 0;
}

/* What it belongs to is kept for as long as it lives itself: whoever still calls it finds that. */
static int socket_clear(Socket *socket)
{
    if (socket->reader != NULL)
        Py_SETREF(socket->reader, Py_NewRef(Py_None));
    return 0;
}

static void socket_dealloc(Socket *socket)
{
    PyObject_GC_UnTrack(socket);
    Py_CLEAR(socket->timeline);
    Py_CLEAR(socket->process);
    Py_CLEAR(socket->host);
    Py_CLEAR(socket->reader);
    Py_CLEAR(socket->peer);
    Py_CLEAR(socket->inbox);
    Py_CLEAR(socket->sharing);
    Py_TYPE(socket)->tp_free((PyObject *)socket);
}

static PyMethodDef socket_methods[] = {
    {"waits_for_any", (PyCFunction)py_waits_for_any, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef socket_members[] = {
    {"simulation", T_OBJECT_EX, offsetof(Socket, timeline), READONLY, NULL},
    {"process", T_OBJECT_EX, offsetof(Socket, process), READONLY, NULL},
    {"host", T_OBJECT_EX, offsetof(Socket, host), READONLY, NULL},
    {"reader", T_OBJECT_EX, offsetof(Socket, reader), 0, NULL},
    {"peer", T_OBJECT_EX, offsetof(Socket, peer), 0, NULL},
    {"inbox", T_OBJECT_EX, offsetof(Socket, inbox), READONLY, NULL},
    {"sharing", T_OBJECT_EX, offsetof(Socket, sharing), 0, NULL},
    {"error", T_INT, offsetof(Socket, error), 0, NULL},
    {"is_closed", T_BOOL, offsetof(Socket, is_closed), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject SocketType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.PlainSocket",
    .tp_basicsize = sizeof(Socket),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)socket_init,
    .tp_dealloc = (destructor)socket_dealloc,
    .tp_traverse = (traverseproc)socket_traverse,
    .tp_clear = (inquiry)socket_clear,
    .tp_methods = socket_methods,
    .tp_members = socket_members,
};

/* The route. */

static bool route_is_made(const Route *route)
{
    if (route->arrival == NULL)
        PyErr_SetString(PyExc_AttributeError, "a route from no socket");
    return route->arrival != NULL;
}

static bool is_done(PyObject *result)
{
    Py_XDECREF(result);
    return result != NULL;
}

/* Puts into the trace what becomes of a datagram at a host. */
static bool tell(const Route *route, uint8_t kind, const Owner *host, const Owner *peer, int64_t flow, PyObject *data)
{
    Timeline *timeline = route->timeline;
    if (timeline->trace == Py_None)
        return true;
    Row row = {.kind = kind, .time_ns = timeline->now_ns, .flow = flow, .size = PyBytes_GET_SIZE(data)};
    row.host = host->index;
    row.peer = peer->index;
    return rows_add(timeline->trace, row, data);
}

/* Has a datagram that nothing happens to arrive in its time. */
static bool send_plain(Route *route, PyObject *flow, PyObject *data)
{
    Timeline *timeline = route->timeline;
    int64_t delay_ns = delays_draw_ns(route->link, timeline->now_ns, PyBytes_GET_SIZE(data));
    if (delay_ns == -1 && PyErr_Occurred())
        return false;
    int64_t due_ns = timeline->now_ns + delay_ns;
    if (route->is_home)
        due_ns = route->last_ns = Py_MAX(due_ns, route->last_ns);
    PyObject *args = PyTuple_Pack(2, flow, data);
    bool is_sent = args != NULL && agenda_add(timeline->agenda, due_ns, ((Delays *)route->link)->target, route->arrival, args);
    Py_XDECREF(args);
    return is_sent;
}

static PyObject *py_send(Route *route, PyObject *data)
{
    if (!route_is_made(route))
        return NULL;
    if (!PyBytes_Check(data))
        return PyErr_Format(PyExc_TypeError, "send takes bytes, no %s", Py_TYPE(data)->tp_name);
    if (PyBytes_GET_SIZE(data) > MAX_BYTES) {
        errno = EMSGSIZE;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    int64_t number = ++route->timeline->flows;
    const Delays *link = (Delays *)route->link;
    if (!tell(route, KIND_DATAGRAM, route->origin, (Owner *)link->target, number, data))
        return NULL;
    PyObject *flow = PyLong_FromLongLong(number);
    bool is_spoiled = link->blocked || link->is_lossy || link->spoils_datagrams;
    bool is_sent = flow != NULL && (is_spoiled ? is_done(PyObject_CallMethodObjArgs((PyObject *)route, transmit, flow, data, NULL))
                                               : send_plain(route, flow, data));
    Py_XDECREF(flow);
    return is_sent ? Py_NewRef(Py_None) : NULL;
}

/* Hands a datagram to the port of a socket that waits. */
static bool hand_over(const Route *route, const Socket *socket, PyObject *flow, PyObject *data)
{
    int64_t number = PyLong_AsLongLong(flow);
    if ((number == -1 && PyErr_Occurred()) || !become_current((PyObject *)socket->process) ||
        !tell(route, KIND_DATAGRAM_IN, socket->host, route->origin, number, data))
        return false;
    PyObject *reader = Py_NewRef(socket->reader);
    bool is_delivered = is_done(PyObject_CallMethodObjArgs(reader, deliver, data, route->source, NULL));
    Py_DECREF(reader);
    return is_delivered;
}

static PyObject *py_arrive(Route *route, PyObject *const *args, Py_ssize_t count)
{
    if (!route_is_made(route))
        return NULL;
    if (count != 2 || !PyBytes_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "a datagram comes with its number");
        return NULL;
    }
    bool is_plain = !((Delays *)route->link)->blocked && route->found != NULL && PyObject_TypeCheck(route->found, &SocketType) &&
                    ((Socket *)route->found)->inbox != NULL && waits_for_any((Socket *)route->found);
    bool has_arrived =
        is_plain ? hand_over(route, (Socket *)route->found, args[0], args[1])
                 : is_done(PyObject_CallMethodObjArgs((PyObject *)route, arrive_otherwise, args[0], args[1], NULL));
    return has_arrived ? Py_NewRef(Py_None) : NULL;
}

static int route_init(Route *route, PyObject *args, PyObject *Py_UNUSED(keywords))
{
    PyObject *sender, *link, *source;
    if (!PyArg_ParseTuple(args, "O!O!O", &SocketType, &sender, &DelaysType, &link, &source) ||
        !socket_is_made((Socket *)sender))
        return -1;
    PyObject *origin = PyObject_GetAttr(link, source_name);
    if (origin == NULL || !PyObject_TypeCheck(origin, &OwnerType) || ((Delays *)link)->target == NULL) {
        Py_XDECREF(origin);
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "a route leads by a link from one host to another");
        return -1;
    }
    route->is_home = origin == ((Delays *)link)->target;
    Py_XSETREF(route->timeline, (Timeline *)Py_NewRef(((Socket *)sender)->timeline));
    Py_XSETREF(route->sender, Py_NewRef(sender));
    Py_XSETREF(route->link, Py_NewRef(link));
    Py_XSETREF(route->origin, (Owner *)origin);
    Py_XSETREF(route->source, Py_NewRef(source));
    Py_XSETREF(route->found, Py_NewRef(Py_None));
    Py_XSETREF(route->arrival, PyObject_GetAttr((PyObject *)route, arrive_name));
    return route->arrival == NULL ? -1 : 0;
}

static int route_traverse(Route *route, visitproc visit, void *arg)
{
    Py_VISIT(route->timeline);
    Py_VISIT(route->sender);
    Py_VISIT(route->link);
    Py_VISIT(route->origin);
    Py_VISIT(route->source);
    Py_VISIT(route->arrival);
    Py_VISIT(route->found);
    return 0;
}

static int route_clear(Route *route)
{
    if (route->arrival != NULL)
        Py_SETREF(route->arrival, Py_NewRef(Py_None));
    if (route->found != NULL)
        Py_SETREF(route->found, Py_NewRef(Py_None));
    return 0;
}

static void route_dealloc(Route *route)
{
    PyObject_GC_UnTrack(route);
    Py_CLEAR(route->timeline);
    Py_CLEAR(route->sender);
    Py_CLEAR(route->link);
    Py_CLEAR(route->origin);
    Py_CLEAR(route->source);
    Py_CLEAR(route->arrival);
    Py_CLEAR(route->found);
    Py_TYPE(route)->tp_free((PyObject *)route);
}

static PyMethodDef route_methods[] = {
    {"send", (PyCFunction)py_send, METH_O, NULL},
    {"arrive", (PyCFunction)(void (*)(void))py_arrive, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef route_members[] = {
    {"simulation", T_OBJECT_EX, offsetof(Route, timeline), READONLY, NULL},
    {"sender", T_OBJECT_EX, offsetof(Route, sender), READONLY, NULL},
    {"link", T_OBJECT_EX, offsetof(Route, link), READONLY, NULL},
    {"source", T_OBJECT_EX, offsetof(Route, source), READONLY, NULL},
    {"arrival", T_OBJECT_EX, offsetof(Route, arrival), READONLY, NULL},
    {"found", T_OBJECT_EX, offsetof(Route, found), 0, NULL},
    {"last_ns", T_LONGLONG, offsetof(Route, last_ns), 0, NULL},
    {"is_home", T_BOOL, offsetof(Route, is_home), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject RouteType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.PlainRoute",
    .tp_basicsize = sizeof(Route),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)route_init,
    .tp_dealloc = (destructor)route_dealloc,
    .tp_traverse = (traverseproc)route_traverse,
    .tp_clear = (inquiry)route_clear,
    .tp_methods = route_methods,
    .tp_members = route_members,
};
