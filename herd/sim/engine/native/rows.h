/* The events of a trace until there is a block of them: `rows.Rows`, compiled.
 *
 * A row lies there as 48 bytes, and a block of 4,096 becomes columns in one pass over them: no tuple, no number
 * of Python's is made for any. What the columns are, traceblocks tells.
 */
#ifndef HERD_SIM_ROWS_H
#define HERD_SIM_ROWS_H

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t time_ns;
    int64_t flow;
    int64_t size;
    PyObject *excerpt; /* Of bytes. */
    uint32_t host;
    uint32_t peer;
    uint8_t kind;
} Row;

extern PyTypeObject RowsType;

/* Adds an event, as `Rows.add`; of `data`, bytes or NULL, what is kept. False with an exception. */
bool rows_add(PyObject *rows, Row row, PyObject *data);

/* Makes the names of what is called in Python; false with an exception. */
bool rows_prepare(void);

#endif
