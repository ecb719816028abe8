/* The plain way of UDP: `plaindatagrams.PlainSocket` and `plaindatagrams.PlainRoute`, compiled.
 *
 * A datagram that nothing spoils, and that a program waits for, has no function of Python's in its way but the port's.
 */
#ifndef HERD_SIM_DATAGRAMS_H
#define HERD_SIM_DATAGRAMS_H

#include <Python.h>
#include <stdbool.h>

extern PyTypeObject SocketType;
extern PyTypeObject RouteType;

/* Makes the names of what is called in Python; false with an exception. */
bool datagrams_prepare(void);

#endif
