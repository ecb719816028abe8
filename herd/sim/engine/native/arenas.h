/* Memory of Python's in pages of 2 MiB.
 *
 * A simulation of many hosts is spread over hundreds of megabytes, and each event touches some dozen places of
 * them: with pages of 4 KiB a quarter of its time goes into finding out where they are. A system that has no large
 * pages to give takes ordinary ones.
 */
#ifndef HERD_SIM_ARENAS_H
#define HERD_SIM_ARENAS_H

#include <Python.h>

/* Has Python ask for its memory in this way from now on; for more than once is the same as for once. */
PyObject *use_large_pages(PyObject *module, PyObject *none);

#endif
