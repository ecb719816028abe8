/* What a program raises, as its reactor deals with it: logged, and the transport whose protocol failed is closed. */
#ifndef HERD_SIM_FAILURES_H
#define HERD_SIM_FAILURES_H

#include <Python.h>
#include <stdbool.h>

/* Deals with the exception that is raised, of a transport that reads or writes, in a process.
 *
 * False if that stays raised (Ctrl-C, say), or if another is.
 */
bool fail(PyObject *process, PyObject *selectable, bool is_read);

/* Finds `current.FAILURES`; false with an exception. */
bool failures_prepare(void);

#endif
