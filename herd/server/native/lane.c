/* The fast lane of a client's connection, `herd.server._native`: read, answer and send in one call. `lane.py` explains it. */
#include "../../core/native/interface.h"

#include <errno.h>
#include <sys/socket.h>

#define MOST_BYTES 16384

static const CoreInterface *core;

/* Send a reply; what the kernel does not take is left in its place, as bytes. -1 with an exception set. */
static int send_reply(int fd, PyObject *answered)
{
    PyObject *reply = PyTuple_GET_ITEM(answered, 0);
    Py_ssize_t bytes = PyBytes_GET_SIZE(reply);
    ssize_t sent = send(fd, PyBytes_AS_STRING(reply), (size_t)bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0)
        sent = 0; /* the transport will see for itself what is wrong */
    PyObject *unsent = PyBytes_FromStringAndSize(PyBytes_AS_STRING(reply) + sent, bytes - sent);
    if (unsent == NULL)
        return -1;
    PyTuple_SET_ITEM(answered, 0, unsent);
    Py_DECREF(reply);
    return 0;
}

/* Answer what was read and send that, or return it as it came. */
static PyObject *answer(int fd, Cache *cache, Text read, const Intent *intent)
{
    if (read.bytes == 0 || read.at[read.bytes - 1] != '\n')
        return PyBytes_FromStringAndSize(read.at, (Py_ssize_t)read.bytes);
    PyObject *answered = core->ingest_lines(cache, read, intent);
    if (answered == NULL)
        return NULL;
    if (answered == Py_None) {
        Py_DECREF(answered);
        return PyBytes_FromStringAndSize(read.at, (Py_ssize_t)read.bytes);
    }
    if (send_reply(fd, answered) < 0)
        Py_CLEAR(answered);
    return answered;
}

static PyObject *converse(PyObject *module, PyObject *const *args, Py_ssize_t arguments)
{
    Intent intent;
    if (arguments != 6 || Py_TYPE(args[1]) != core->cache_type) {
        PyErr_SetString(PyExc_TypeError, "converse takes a descriptor, a compiled cache, and four things more");
        return NULL;
    }
    int fd = (int)PyLong_AsLong(args[0]);
    if (PyErr_Occurred() || !core->read_intent(args + 2, &intent))
        return NULL;
    char buffer[MOST_BYTES];
    ssize_t bytes = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (bytes >= 0)
        return answer(fd, (Cache *)args[1], (Text){buffer, (size_t)bytes}, &intent);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        Py_RETURN_NONE;
    return PyErr_SetFromErrno(PyExc_OSError);
}

static PyMethodDef functions[] = {
    {"converse", (PyCFunction)(void (*)(void))converse, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "herd.server._native",
    .m_doc = "The fast lane, compiled.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__native(void)
{
    core = PyCapsule_Import(CORE_INTERFACE, 0);
    return core == NULL ? NULL : PyModule_Create(&module);
}
