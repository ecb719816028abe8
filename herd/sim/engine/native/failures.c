#include "failures.h"

static PyObject *failures, *reactor_name, *fail_name;

bool failures_prepare(void)
{
    reactor_name = PyUnicode_InternFromString("reactor");
    fail_name = PyUnicode_InternFromString("fail");
    PyObject *module = PyImport_ImportModule("herd.sim.engine.current");
    failures = module == NULL ? NULL : PyObject_GetAttrString(module, "FAILURES");
    Py_XDECREF(module);
    return failures != NULL && reactor_name != NULL && fail_name != NULL;
}

/* Returns the exception that is raised, and is so no more. */
static PyObject *caught(void)
{
    PyObject *kind, *problem, *traceback;
    PyErr_Fetch(&kind, &problem, &traceback);
    PyErr_NormalizeException(&kind, &problem, &traceback);
    if (traceback != NULL)
        PyException_SetTraceback(problem, traceback);
    Py_DECREF(kind);
    Py_XDECREF(traceback);
    return problem;
}

bool fail(PyObject *process, PyObject *selectable, bool is_read)
{
    if (!PyErr_ExceptionMatches(failures))
        return false;
    /* As in an `except` clause of Python's: what is called finds it in sys.exc_info(). */
    PyObject *problem = caught(), *outer = PyErr_GetHandledException();
    PyErr_SetHandledException(problem);
    PyObject *reactor = PyObject_GetAttr(process, reactor_name), *done = NULL;
    if (reactor != NULL)
        done = PyObject_CallMethodObjArgs(reactor, fail_name, selectable, problem, is_read ? Py_True : Py_False, NULL);
    PyErr_SetHandledException(outer);
    Py_XDECREF(outer);
    Py_DECREF(problem);
    Py_XDECREF(reactor);
    Py_XDECREF(done);
    return done != NULL;
}
