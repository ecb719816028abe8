/* Writing to a simulated socket: `streams.PlainTransport`, compiled.
 *
 * What each writing asks of a transport of Twisted's lies in fields of C. What is not plain goes Twisted's way.
 */
#ifndef HERD_SIM_TRANSPORTS_H
#define HERD_SIM_TRANSPORTS_H

#include <Python.h>
#include <stdbool.h>

typedef struct {
    PyObject_HEAD
    PyObject *TLS;
    PyObject *buffer_size;
    PyObject *connected;
    PyObject *data_buffer;
    PyObject *disconnecting;
    PyObject *producer;
    PyObject *producer_paused;
    PyObject *protocol;
    PyObject *reactor;
    PyObject *reads_at_once;
    PyObject *send_limit;
    PyObject *socket;
    PyObject *streaming_producer;
    PyObject *temp_data;
    PyObject *temp_size;
    PyObject *write_disconnected;
    PyObject *write_disconnecting;
} Transport;

extern PyTypeObject TransportType;

/* Makes the names of what is called in Python; false with an exception. */
bool transports_prepare(void);

#endif
