/* What a pin of a function without arguments calls: `dispatcher.Dispatcher`, compiled.
 *
 * A program that asks for the time does so by such a pin, and herd asks for it at each message.
 */
#ifndef HERD_SIM_DISPATCHER_H
#define HERD_SIM_DISPATCHER_H

#include <Python.h>

extern PyTypeObject DispatcherType;

#endif
