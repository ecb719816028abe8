/* What of the simulator's engine is compiled, `herd.sim.engine._native`: `herd.sim.engine.native` chooses it. */
#include "agenda.h"
#include "arenas.h"
#include "datagrams.h"
#include "delays.h"
#include "dispatcher.h"
#include "draws.h"
#include "failures.h"
#include "owner.h"
#include "rows.h"
#include "streams.h"
#include "ticking.h"
#include "timeline.h"
#include "timers.h"
#include "transports.h"
#include "turns.h"

static PyMethodDef functions[] = {
    {"use_large_pages", use_large_pages, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "herd.sim.engine._native",
    .m_doc = "What every event of a simulation needs, compiled.",
    .m_size = -1,
    .m_methods = functions,
};

static PyTypeObject *const types[] = {
    &AgendaType, &DelaysType, &DispatcherType, &DrawsType,    &EndType,   &OwnerType,     &PipeType,
    &RouteType,  &RowsType,   &SocketType,     &TickingType,  &TimerType, &TimelineType, &TransportType,
};

/* What each part looks up once. */
static bool (*const preparations[])(void) = {
    datagrams_prepare, delays_prepare,   ends_prepare,   failures_prepare,   owner_prepare, pipes_prepare,
    rows_prepare,      timeline_prepare, timers_prepare, transports_prepare, turns_prepare,
};

PyMODINIT_FUNC PyInit__native(void)
{
    for (size_t at = 0; at < Py_ARRAY_LENGTH(preparations); at++) {
        if (!preparations[at]())
            return NULL;
    }
    PyObject *made = PyModule_Create(&module);
    for (size_t at = 0; made != NULL && at < Py_ARRAY_LENGTH(types); at++) {
        if (PyModule_AddType(made, types[at]) < 0)
            Py_CLEAR(made);
    }
    return made;
}
