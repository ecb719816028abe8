#include "cache.h"

#define LEAF_SHIFT 16

static PyObject *exact_make_line, *exact_received_ns;

int cache_setup(void)
{
    PyObject *record = PyImport_ImportModule("herd.core.record");
    if (record == NULL)
        return -1;
    exact_make_line = PyObject_GetAttrString(record, "make_line");
    exact_received_ns = PyObject_GetAttrString(record, "received_ns");
    Py_DECREF(record);
    return exact_make_line == NULL || exact_received_ns == NULL ? -1 : 0;
}

bool as_ns(PyObject *number, int64_t *ns)
{
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (value == -1 && overflow == 0 && PyErr_Occurred())
        return false;
    if (overflow > 0 || value > LONGEST_NS)
        value = LONGEST_NS;
    if (overflow < 0 || value < -LONGEST_NS)
        value = -LONGEST_NS;
    *ns = value;
    return true;
}

PyObject *make_line_exactly(PyObject *prefix, PyObject *now_ns, Text client_id, Text position, Text time)
{
    return PyObject_CallFunction(exact_make_line, "OOy#y#y#", prefix, now_ns, client_id.at,
                                 (Py_ssize_t)client_id.bytes, position.at, (Py_ssize_t)position.bytes, time.at,
                                 (Py_ssize_t)time.bytes);
}

bool received_by(const AtLine *at, int64_t *received_ns)
{
    int64_t elapsed_ns, time_ns;
    Rest rest;
    Text size = {at->difference.at + 1, at->difference.bytes - 1};
    if (numeral_ns(at->time, &time_ns, &rest) && numeral_ns(size, &elapsed_ns, &rest)) {
        int64_t sum_ns = *at->difference.at == '-' ? time_ns - elapsed_ns : time_ns + elapsed_ns;
        *received_ns = sum_ns > LONGEST_NS ? LONGEST_NS : sum_ns < -LONGEST_NS ? -LONGEST_NS : sum_ns;
        return true;
    }
    PyObject *exact = PyObject_CallFunction(exact_received_ns, "y#", at->line.at, (Py_ssize_t)at->line.bytes);
    bool is_right = exact != NULL && as_ns(exact, received_ns);
    Py_XDECREF(exact);
    return is_right;
}

bool is_newer(Text time, Text origin, Text line, Text other_time, Text other_origin, Text other_line)
{
    int order = numeral_compare(time, other_time);
    if (order == 0)
        order = text_compare(origin, other_origin);
    if (order == 0)
        order = text_compare(line, other_line);
    return order > 0;
}

static bool is_newer_than_held(const Candidate *candidate, const Record *held)
{
    return is_newer(candidate->at.time, candidate->at.origin, candidate->at.line, record_time(held),
                    record_origin(held), record_line(held));
}

static void mark(const Cache *cache, uint32_t checksum)
{
    PyByteArray_AS_STRING(cache->dirty)[checksum >> LEAF_SHIFT] = 1;
}

int cache_drop(Cache *cache, Handle handle)
{
    const Record *record = store_record(&cache->store, handle);
    PyObject *client_id = bytes_of(record_client(record));
    if (client_id == NULL)
        return -1;
    mark(cache, record->checksum);
    store_remove(&cache->store, handle);
    PyObject *done = cache->on_dropped == Py_None ? Py_NewRef(Py_None)
                                                  : PyObject_CallOneArg(cache->on_dropped, client_id);
    Py_DECREF(client_id);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

Handle cache_evict(Cache *cache)
{
    bool no_memory = false;
    Handle oldest = ages_pop_oldest(&cache->ages, &no_memory);
    if (oldest == NO_HANDLE) {
        PyErr_NoMemory();
        return NO_HANDLE;
    }
    return cache_drop(cache, oldest) < 0 ? NO_HANDLE : oldest;
}

static Offer add_client(Cache *cache, Candidate *candidate, size_t id_at)
{
    const AtLine *at = &candidate->at;
    Handle handle = store_add(&cache->store, candidate->key, at->line, id_at, candidate->received_ns);
    if (handle == NO_HANDLE || !ages_add(&cache->ages, handle, candidate->filed_ns)) {
        PyErr_NoMemory();
        return OFFER_FAILED;
    }
    mark(cache, candidate->key.checksum);
    if (cache->store.count > cache->most_clients) {
        Handle evicted = cache_evict(cache);
        if (evicted == NO_HANDLE)
            return OFFER_FAILED;
        if (evicted == handle)
            return OFFER_OLD;
    }
    candidate->held = handle;
    return OFFER_NEWS;
}

Offer cache_offer(Cache *cache, Candidate *candidate, int64_t now_ns)
{
    if (candidate->held != NO_HANDLE) {
        const Record *held = store_record(&cache->store, candidate->held);
        if (!is_newer_than_held(candidate, held) && !is_expired(cache, held->received_ns, now_ns))
            return OFFER_OLD;
    }
    if (is_expired(cache, candidate->filed_ns, now_ns))
        return OFFER_OLD;
    size_t id_at = (size_t)(candidate->at.client_id.at - candidate->at.line.at);
    if (candidate->held == NO_HANDLE)
        return add_client(cache, candidate, id_at);
    if (!store_replace(&cache->store, candidate->held, candidate->at.line, id_at, candidate->received_ns)) {
        PyErr_NoMemory();
        return OFFER_FAILED;
    }
    mark(cache, candidate->key.checksum);
    return OFFER_NEWS;
}
