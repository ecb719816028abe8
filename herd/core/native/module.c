/* The compiled core, `herd.core._native`: what `herd.core.native` chooses where it was built. */
#include "interface.h"

static const CoreInterface interface = {&CacheType, read_intent, ingest_lines};

static PyMethodDef functions[] = {
    {"ingest", (PyCFunction)(void (*)(void))ingest, METH_FASTCALL, NULL},
    {"learn", (PyCFunction)(void (*)(void))learn, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "herd.core._native",
    .m_doc = "The hot path, compiled.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__native(void)
{
    if (key_setup() < 0 || cache_setup() < 0 || PyType_Ready(&CacheType) < 0 || PyType_Ready(&OutboxType) < 0)
        return NULL;
    PyObject *made = PyModule_Create(&module);
    PyObject *capsule = PyCapsule_New((void *)&interface, CORE_INTERFACE, NULL);
    if (made != NULL
        && (capsule == NULL || PyModule_AddObjectRef(made, "Cache", (PyObject *)&CacheType) < 0
            || PyModule_AddObjectRef(made, "Outbox", (PyObject *)&OutboxType) < 0
            || PyModule_AddObjectRef(made, "interface", capsule) < 0))
        Py_CLEAR(made);
    Py_XDECREF(capsule);
    return made;
}
