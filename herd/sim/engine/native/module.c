/* What of the simulator's engine is compiled, `herd.sim.engine._native`: `herd.sim.engine.native` chooses it. */
#include "agenda.h"
#include "arenas.h"
#include "draws.h"

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

PyMODINIT_FUNC PyInit__native(void)
{
    if (PyType_Ready(&AgendaType) < 0 || PyType_Ready(&DrawsType) < 0)
        return NULL;
    PyObject *made = PyModule_Create(&module);
    if (made == NULL || PyModule_AddObjectRef(made, "Agenda", (PyObject *)&AgendaType) < 0 ||
        PyModule_AddObjectRef(made, "Draws", (PyObject *)&DrawsType) < 0)
        Py_CLEAR(made);
    return made;
}
