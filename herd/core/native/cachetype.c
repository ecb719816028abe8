/* The compiled cache as Python sees it: the same methods as `cache.Cache`. */
#include "cache.h"

#include <math.h>
#include <stddef.h>
#include <structmember.h>

#define LEAVES 65536
#define AGE_BUCKETS 65536
#define LEAST_BUCKET_NS (NS_PER_S / 100)

static int take_limits(Cache *cache, PyObject *limits)
{
    PyObject *clients = PyObject_GetAttrString(limits, "clients_held");
    PyObject *lifetime = PyObject_GetAttrString(limits, "record_lifetime_s");
    if (clients != NULL && lifetime != NULL) {
        size_t most_clients = PyLong_AsSize_t(clients);
        double lifetime_ns = rint(PyFloat_AsDouble(lifetime) * (double)NS_PER_S);
        if (!PyErr_Occurred()) {
            cache->most_clients = most_clients;
            cache->lifetime_ns = lifetime_ns < (double)LONGEST_NS ? (int64_t)lifetime_ns : LONGEST_NS;
        }
    }
    Py_XDECREF(clients);
    Py_XDECREF(lifetime);
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *cache_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"limits", NULL};
    PyObject *limits;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O", names, &limits))
        return NULL;
    Cache *cache = (Cache *)type->tp_alloc(type, 0);
    if (cache == NULL)
        return NULL;
    store_init(&cache->store);
    cache->on_dropped = Py_NewRef(Py_None);
    cache->dirty = PyByteArray_FromStringAndSize(NULL, LEAVES);
    if (cache->dirty == NULL || take_limits(cache, limits) < 0) {
        Py_DECREF(cache);
        return NULL;
    }
    memset(PyByteArray_AS_STRING(cache->dirty), 0, LEAVES);
    int64_t width_ns = cache->lifetime_ns / AGE_BUCKETS;
    ages_init(&cache->ages, &cache->store, width_ns > LEAST_BUCKET_NS ? width_ns : LEAST_BUCKET_NS);
    return (PyObject *)cache;
}

static int cache_traverse(Cache *cache, visitproc visit, void *arg)
{
    Py_VISIT(cache->on_dropped);
    return 0;
}

static int cache_clear(Cache *cache)
{
    Py_CLEAR(cache->on_dropped);
    return 0;
}

static void cache_dealloc(Cache *cache)
{
    PyObject_GC_UnTrack(cache);
    cache_clear(cache);
    Py_XDECREF(cache->dirty);
    ages_clear(&cache->ages);
    store_clear(&cache->store);
    Py_TYPE(cache)->tp_free((PyObject *)cache);
}

static Py_ssize_t cache_length(Cache *cache)
{
    return (Py_ssize_t)cache->store.count;
}

static PyObject *cache_configure(Cache *cache, PyObject *limits)
{
    if (take_limits(cache, limits) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* The record of a client; NULL where there is none. */
static const Record *record_held(const Cache *cache, Text client_id)
{
    Handle handle = store_find(&cache->store, key_of(client_id), client_id);
    return handle == NO_HANDLE ? NULL : store_record(&cache->store, handle);
}

static PyObject *cache_get(Cache *cache, PyObject *args)
{
    PyObject *client_id, *now;
    int64_t now_ns;
    if (!PyArg_ParseTuple(args, "SO:get", &client_id, &now) || !as_ns(now, &now_ns))
        return NULL;
    const Record *record = record_held(cache, text_of(client_id));
    if (record == NULL || is_expired(cache, record->received_ns, now_ns))
        Py_RETURN_NONE;
    return bytes_of(record_line(record));
}

static PyObject *cache_peek(Cache *cache, PyObject *args)
{
    PyObject *client_id;
    if (!PyArg_ParseTuple(args, "S:peek", &client_id))
        return NULL;
    const Record *record = record_held(cache, text_of(client_id));
    if (record == NULL)
        Py_RETURN_NONE;
    return bytes_of(record_line(record));
}

static bool read_at_line(PyObject *line, AtLine *at)
{
    if (split_at_line(text_of(line), at))
        return true;
    PyErr_Format(PyExc_ValueError, "not an AT line: %R", line);
    return false;
}

static PyObject *cache_is_expired(Cache *cache, PyObject *args)
{
    PyObject *line, *now;
    AtLine at;
    int64_t now_ns, received_ns;
    if (!PyArg_ParseTuple(args, "SO:is_expired", &line, &now) || !as_ns(now, &now_ns) || !read_at_line(line, &at)
        || !received_by(&at, &received_ns))
        return NULL;
    return PyBool_FromLong(is_expired(cache, received_ns, now_ns));
}

static PyObject *cache_offer_method(Cache *cache, PyObject *args)
{
    PyObject *client_id, *line, *received, *now;
    Candidate candidate;
    int64_t now_ns;
    if (!PyArg_ParseTuple(args, "SSOO:offer", &client_id, &line, &received, &now) || !as_ns(now, &now_ns)
        || !as_ns(received, &candidate.filed_ns) || !read_at_line(line, &candidate.at)
        || !received_by(&candidate.at, &candidate.received_ns))
        return NULL;
    candidate.key = key_of(candidate.at.client_id);
    candidate.held = store_find(&cache->store, candidate.key, candidate.at.client_id);
    Offer offer = cache_offer(cache, &candidate, now_ns);
    return offer == OFFER_FAILED ? NULL : PyBool_FromLong(offer);
}

/* Drop clients whose records were received no later than `until_ns`; look at no more than `budget`. */
static int drop_due(Cache *cache, int64_t until_ns, size_t budget)
{
    Handle due;
    for (; budget > 0; budget--) {
        AgesLook look = ages_look(&cache->ages, until_ns, &due);
        if (look == AGES_NONE)
            return 0;
        if (look == AGES_NO_MEMORY) {
            PyErr_NoMemory();
            return -1;
        }
        if (look == AGES_DUE && cache_drop(cache, due) < 0)
            return -1;
    }
    return 0;
}

static PyObject *cache_sweep(Cache *cache, PyObject *args)
{
    PyObject *now;
    int64_t now_ns;
    Py_ssize_t budget;
    if (!PyArg_ParseTuple(args, "On:sweep", &now, &budget) || !as_ns(now, &now_ns))
        return NULL;
    int64_t until_ns = now_ns - cache->lifetime_ns;
    if (!ages_settle(&cache->ages, until_ns, (size_t)budget))
        return PyErr_NoMemory();
    if (drop_due(cache, until_ns, (size_t)budget) < 0)
        return NULL;
    for (; budget > 0 && cache->store.count > cache->most_clients; budget--)
        if (cache_evict(cache) == NO_HANDLE)
            return NULL;
    return PyBool_FromLong(ages_is_due(&cache->ages, until_ns) || cache->store.count > cache->most_clients);
}

static int put_record(PyObject *records, const Record *record)
{
    PyObject *client_id = bytes_of(record_client(record)), *line = bytes_of(record_line(record));
    int done = client_id == NULL || line == NULL ? -1 : PyDict_SetItem(records, client_id, line);
    Py_XDECREF(client_id);
    Py_XDECREF(line);
    return done;
}

static const Slots *shard_at(const Cache *cache, PyObject *args)
{
    Py_ssize_t index;
    if (!PyArg_ParseTuple(args, "n", &index))
        return NULL;
    if (index < 0 || index >= SHARDS) {
        PyErr_SetString(PyExc_IndexError, "there is no such shard");
        return NULL;
    }
    return &cache->store.shards[index];
}

static PyObject *cache_shard(Cache *cache, PyObject *args)
{
    const Slots *shard = shard_at(cache, args);
    PyObject *records = shard == NULL ? NULL : PyDict_New();
    for (uint32_t at = 0; records != NULL && at < shard->capacity; at++) {
        Handle handle = shard->at[at].handle;
        if (handle != NO_HANDLE && put_record(records, store_record(&cache->store, handle)) < 0)
            Py_CLEAR(records);
    }
    return records;
}

static PyObject *cache_shard_size(Cache *cache, PyObject *args)
{
    const Slots *shard = shard_at(cache, args);
    return shard == NULL ? NULL : PyLong_FromUnsignedLong(shard->count);
}

static PyMethodDef methods[] = {
    {"configure", (PyCFunction)cache_configure, METH_O, NULL},
    {"get", (PyCFunction)cache_get, METH_VARARGS, NULL},
    {"peek", (PyCFunction)cache_peek, METH_VARARGS, NULL},
    {"is_expired", (PyCFunction)cache_is_expired, METH_VARARGS, NULL},
    {"offer", (PyCFunction)cache_offer_method, METH_VARARGS, NULL},
    {"sweep", (PyCFunction)cache_sweep, METH_VARARGS, NULL},
    {"shard", (PyCFunction)cache_shard, METH_VARARGS, NULL},
    {"shard_size", (PyCFunction)cache_shard_size, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"dirty", T_OBJECT_EX, offsetof(Cache, dirty), READONLY, NULL},
    {"on_dropped", T_OBJECT_EX, offsetof(Cache, on_dropped), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PySequenceMethods as_sequence = {.sq_length = (lenfunc)cache_length};

PyTypeObject CacheType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "herd.core._native.Cache",
    .tp_basicsize = sizeof(Cache),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "The records that one server holds; compiled. Times are POSIX nanoseconds.",
    .tp_new = cache_new,
    .tp_dealloc = (destructor)cache_dealloc,
    .tp_traverse = (traverseproc)cache_traverse,
    .tp_clear = (inquiry)cache_clear,
    .tp_as_sequence = &as_sequence,
    .tp_methods = methods,
    .tp_members = members,
};
