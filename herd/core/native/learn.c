/* A neighbor's records, taken in one go: who has shown to have what, and what of it is news. */
#include "ingest.h"

/* What one call of `learn` works with. */
typedef struct {
    Cache *cache;
    PyObject *waiting; /* what the neighbor that sends is itself owed: client id -> AT line */
    int64_t now_ns;
    int64_t latest_ns;
    PyObject *fresh;
    Py_ssize_t refused;
} Lesson;

/* Drop what waits for a client, unless it is newer than the record that the neighbor has. */
static int forget_client(PyObject *waiting, PyObject *client_id, const AtLine *at)
{
    AtLine other;
    PyObject *line = PyDict_GetItemWithError(waiting, client_id);
    if (line == NULL)
        return PyErr_Occurred() ? -1 : 0;
    if (!PyBytes_Check(line) || !split_at_line(text_of(line), &other))
        return PyErr_SetString(PyExc_ValueError, "what waits is no AT line"), -1;
    if (is_newer(other.time, other.origin, other.line, at->time, at->origin, at->line))
        return 0;
    return PyDict_DelItem(waiting, client_id);
}

static int forget_waiting(PyObject *waiting, const AtLine *at)
{
    PyObject *client_id = bytes_of(at->client_id);
    int done = client_id == NULL ? -1 : forget_client(waiting, client_id, at);
    Py_XDECREF(client_id);
    return done;
}

static bool is_held(const Cache *cache, Handle held, Text line)
{
    if (held == NO_HANDLE)
        return false;
    const Record *record = store_record(&cache->store, held);
    return record->line_bytes == line.bytes && memcmp(record->line, line.at, line.bytes) == 0;
}

static int take_record(Lesson *lesson, const AtLine *at)
{
    Cache *cache = lesson->cache;
    Candidate candidate = {.at = *at, .checksum = at->checksum};
    candidate.held = store_find(&cache->store, candidate.checksum, at->client_id);
    if (PyDict_GET_SIZE(lesson->waiting) > 0 && forget_waiting(lesson->waiting, at) < 0)
        return -1;
    if (is_held(cache, candidate.held, at->line))
        return 0;
    if (!received_by(at, &candidate.received_ns))
        return -1;
    if (candidate.received_ns > lesson->latest_ns) {
        lesson->refused++;
        return 0;
    }
    candidate.filed_ns = candidate.received_ns;
    Offer offer = cache_offer(cache, &candidate, lesson->now_ns);
    if (offer == OFFER_NEWS)
        return put_fresh(lesson->fresh, at->client_id, at->line);
    return offer == OFFER_FAILED ? -1 : 0;
}

static int take_all(Lesson *lesson, const AtLine *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i + FORESIGHT < count)
            store_foresee_record(&lesson->cache->store, records[i + FORESIGHT].checksum);
        if (take_record(lesson, &records[i]) < 0)
            return -1;
    }
    return 0;
}

typedef struct {
    size_t id;
    size_t line;
} Longest;

static bool scan_record(const Store *store, const char **at, const char *end, Longest longest, AtLine *record)
{
    *at = scan_at_line(*at, end, record);
    if (*at == NULL || record->client_id.bytes > longest.id || record->line.bytes > longest.line)
        return false;
    record->checksum = checksum_of(record->client_id);
    store_foresee_slot(store, record->checksum);
    return true;
}

/* Scan a chunk whole before anything is done; NULL with no exception if it is not for the hot path. */
static AtLine *scan_records(const Store *store, Text lines, Longest longest, size_t count)
{
    AtLine *records = PyMem_Malloc((count + 1) * sizeof *records);
    if (records == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    const char *at = lines.at, *end = lines.at + lines.bytes;
    bool is_plain = true;
    for (size_t i = 0; i < count && is_plain; i++)
        is_plain = scan_record(store, &at, end, longest, &records[i]);
    if (is_plain && at == end)
        return records;
    PyMem_Free(records);
    return NULL;
}

static bool read_arguments(PyObject *const *args, Py_ssize_t count, Lesson *lesson, Longest *longest)
{
    if (count != 7 || Py_TYPE(args[0]) != &CacheType || !PyBytes_Check(args[1]) || !PyDict_Check(args[2])) {
        PyErr_SetString(PyExc_TypeError, "learn takes a compiled cache, bytes, a dict and four integers");
        return false;
    }
    *lesson = (Lesson){.cache = (Cache *)args[0], .waiting = args[2]};
    *longest = (Longest){PyLong_AsSize_t(args[5]), PyLong_AsSize_t(args[6])};
    return !PyErr_Occurred() && as_ns(args[3], &lesson->now_ns) && as_ns(args[4], &lesson->latest_ns);
}

PyObject *learn(PyObject *module, PyObject *const *args, Py_ssize_t arguments)
{
    Lesson lesson;
    Longest longest;
    if (!read_arguments(args, arguments, &lesson, &longest))
        return NULL;
    Text lines = text_of(args[1]);
    size_t count = count_lines(lines.at, lines.at + lines.bytes);
    AtLine *records = scan_records(&lesson.cache->store, lines, longest, count);
    if (records == NULL)
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    PyObject *result = NULL;
    lesson.fresh = PyDict_New();
    if (lesson.fresh != NULL && take_all(&lesson, records, count) == 0)
        result = Py_BuildValue("Onn", lesson.fresh, (Py_ssize_t)count, lesson.refused);
    Py_XDECREF(lesson.fresh);
    PyMem_Free(records);
    return result;
}
