/* How long a packet is under way: `delays.Delays`, compiled.
 *
 * Each segment asks. A delay that is constant, or is drawn from one of two distributions by a stream of compiled
 * draws, needs no call into Python; all others do.
 */
#ifndef HERD_SIM_DELAYS_H
#define HERD_SIM_DELAYS_H

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum { OTHERWISE, CONSTANT, UNIFORM, LOG_NORMAL } Way;

typedef struct {
    PyObject_HEAD
    PyObject *target; /* The Owner of what arrives. */
    PyObject *stream; /* Draws, or NULL. */
    int64_t low_ns;   /* Or the constant delay. */
    int64_t high_ns;
    double median_ms;
    double sigma;
    int64_t extra_ns;
    int blocked;
    Way way;
    char is_lossy;
    char spoils_datagrams;
} Delays;

extern PyTypeObject DelaysType;

/* Draws a delay, as `Delays.delay_ns`; -1 with an exception. */
int64_t delays_draw_ns(PyObject *delays, int64_t now_ns, Py_ssize_t size);

/* Tells whether a packet that leaves now is lost; -1 with an exception. */
int delays_loses(PyObject *delays);

/* Makes the names of what is called in Python; false with an exception. */
bool delays_prepare(void);

#endif
