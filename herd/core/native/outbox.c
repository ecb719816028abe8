/* What one neighbor is owed, taken from the front of the dictionary in which it waits. */
#include "ingest.h"

/* Find the first lines, `max_bytes` of them or just over; NULL with an exception set. */
static PyObject *first_lines(PyObject *waiting, Py_ssize_t max_bytes)
{
    PyObject *lines = PyList_New(0), *key, *line;
    Py_ssize_t at = 0, bytes = 0;
    while (lines != NULL && (bytes == 0 || bytes < max_bytes) && PyDict_Next(waiting, &at, &key, &line)) {
        bytes += PyBytes_Check(line) ? PyBytes_GET_SIZE(line) : 1;
        if (PyList_Append(lines, line) < 0)
            Py_CLEAR(lines);
    }
    return lines;
}

/* Remove the first `count` of what waits; -1 with an exception set. */
static int remove_first(PyObject *waiting, Py_ssize_t count)
{
    if (count == PyDict_GET_SIZE(waiting)) {
        PyDict_Clear(waiting);
        return 0;
    }
    PyObject **keys = PyMem_Malloc((size_t)(count + 1) * sizeof *keys);
    if (keys == NULL)
        return PyErr_NoMemory(), -1;
    Py_ssize_t at = 0, found = 0;
    while (found < count && PyDict_Next(waiting, &at, &keys[found], NULL))
        Py_INCREF(keys[found++]); /* the dictionary's own reference goes with the entry */
    int done = 0;
    for (Py_ssize_t i = 0; i < found; i++) {
        if (done == 0)
            done = PyDict_DelItem(waiting, keys[i]);
        Py_DECREF(keys[i]);
    }
    PyMem_Free(keys);
    return done;
}

PyObject *take(PyObject *module, PyObject *const *args, Py_ssize_t arguments)
{
    if (arguments != 2 || !PyDict_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "take takes a dict and an integer");
        return NULL;
    }
    Py_ssize_t max_bytes = PyLong_AsSsize_t(args[1]);
    if (max_bytes == -1 && PyErr_Occurred())
        return NULL;
    PyObject *lines = first_lines(args[0], max_bytes);
    if (lines != NULL && remove_first(args[0], PyList_GET_SIZE(lines)) < 0)
        Py_CLEAR(lines);
    return lines;
}
