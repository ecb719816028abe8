/* A neighbor's records, taken in one go: who has shown to have what, and what of it is news. */
#include "ingest.h"

/* What one call of `learn` works with. */
typedef struct {
    Cache *cache;
    Outbox *outbox; /* what the neighbor that sends is itself owed */
    PyObject *owed; /* a tuple of the outboxes that get what is news */
    int64_t now_ns;
    int64_t latest_ns;
    bool is_news; /* whether there was any for anybody */
    Py_ssize_t refused;
} Lesson;

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
    Candidate candidate = {.at = *at, .key = at->key};
    candidate.held = store_find(&cache->store, candidate.key, at->client_id);
    outbox_forget(lesson->outbox, at);
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
    if (offer == OFFER_NEWS) {
        lesson->is_news = PyTuple_GET_SIZE(lesson->owed) > 0;
        return owe(lesson->owed, candidate.key.hash, store_record(&cache->store, candidate.held), at->client_id);
    }
    return offer == OFFER_FAILED ? -1 : 0;
}

/* Ask for what the records that come next will need. */
static void look_ahead(const Lesson *lesson, const AtLine *next, size_t left)
{
    const Store *store = &lesson->cache->store;
    if (left > 2 * FORESIGHT)
        store_foresee_place(store, next[2 * FORESIGHT].key);
    if (left > FORESIGHT) {
        store_foresee_record(store, next[FORESIGHT].key);
        slots_foresee(&lesson->outbox->places, next[FORESIGHT].key.hash);
        owe_soon(lesson->owed, next[FORESIGHT].key.hash);
    }
}

static int take_all(Lesson *lesson, const AtLine *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        look_ahead(lesson, records + i, count - i);
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
    record->key = key_of(record->client_id);
    store_foresee_slot(store, record->key);
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
    if (count != 8 || Py_TYPE(args[0]) != &CacheType || !PyBytes_Check(args[1]) || Py_TYPE(args[2]) != &OutboxType) {
        PyErr_SetString(PyExc_TypeError, "learn takes a compiled cache, bytes, a compiled outbox, and five things more");
        return false;
    }
    *lesson = (Lesson){.cache = (Cache *)args[0], .outbox = (Outbox *)args[2], .owed = args[3]};
    if (!are_outboxes(args[3]) || !as_ns(args[4], &lesson->now_ns) || !as_ns(args[5], &lesson->latest_ns))
        return false;
    *longest = (Longest){PyLong_AsSize_t(args[6]), PyLong_AsSize_t(args[7])};
    return !PyErr_Occurred();
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
    int done = take_all(&lesson, records, count);
    PyMem_Free(records);
    if (done < 0)
        return NULL;
    return Py_BuildValue("Nnn", PyBool_FromLong(lesson.is_news), (Py_ssize_t)count, lesson.refused);
}
