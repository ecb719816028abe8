/* Clients' reports, answered in one go: the reply is written as the lines of the chunk are taken, one after the other. */
#include "ingest.h"

#include "buffer.h"

#define LONGEST_DIFFERENCE 32

/* What one call of `ingest` works with. */
typedef struct {
    Cache *cache;
    PyObject *prefix;
    PyObject *now;
    int64_t now_ns;
    PyObject *fresh;
    Buffer reply;
} Intake;

static int put_fresh(PyObject *fresh, Text client_id, Text line)
{
    PyObject *key = bytes_of(client_id), *value = bytes_of(line);
    int done = key == NULL || value == NULL ? -1 : PyDict_SetItem(fresh, key, value);
    Py_XDECREF(key);
    Py_XDECREF(value);
    return done;
}

/* The server's clock minus the client's time, to nine decimals, half to even; false where it does not fit. */
static bool difference_ns(int64_t now_ns, Text time, int64_t *elapsed_ns, int64_t *received_ns)
{
    int64_t time_ns;
    Rest rest;
    if (now_ns <= -LONGEST_NS || now_ns >= LONGEST_NS || !numeral_ns(time, &time_ns, &rest))
        return false;
    int64_t elapsed = now_ns - time_ns;
    if (rest == REST_ABOVE_HALF || (rest == REST_HALF && (elapsed & 1) != 0))
        elapsed--;
    *elapsed_ns = elapsed;
    *received_ns = time_ns + elapsed;
    return true;
}

/* Write the AT line of a report at the end of the reply, and find its fields there. */
static int write_at_line(Intake *intake, const Report *report, Candidate *candidate)
{
    Text prefix = text_of(intake->prefix);
    size_t begin = intake->reply.bytes;
    int64_t elapsed_ns;
    if (!buffer_reserve(&intake->reply, prefix.bytes + LONGEST_DIFFERENCE + report->fields.bytes + 4))
        return PyErr_NoMemory(), -1;
    if (difference_ns(intake->now_ns, report->time, &elapsed_ns, &candidate->received_ns)) {
        buffer_add(&intake->reply, prefix);
        buffer_add_seconds(&intake->reply, elapsed_ns);
        buffer_add_char(&intake->reply, ' ');
        buffer_add(&intake->reply, report->fields);
    } else {
        const char *position = report->client_id.at + report->client_id.bytes + 1;
        PyObject *line = make_line_exactly(intake->prefix, intake->now, report->client_id,
                                           text_between(position, report->time.at - 1), report->time);
        if (line == NULL)
            return -1;
        bool has_room = buffer_reserve(&intake->reply, (size_t)PyBytes_GET_SIZE(line) + 4);
        if (has_room)
            buffer_add(&intake->reply, text_of(line));
        Py_DECREF(line);
        if (!has_room)
            return PyErr_NoMemory(), -1;
        candidate->received_ns = INT64_MIN; /* to be read from the line */
    }
    Text line = {intake->reply.at + begin, intake->reply.bytes - begin};
    bool is_line = split_at_line(line, &candidate->at);
    if (!is_line)
        return PyErr_SetString(PyExc_ValueError, "the origin's name has blanks"), -1;
    if (candidate->received_ns == INT64_MIN && !received_by(&candidate->at, &candidate->received_ns))
        return -1;
    return 0;
}

/* Replace what stands at the end of the reply by the line that the cache holds. */
static int answer_held(Intake *intake, size_t begin, const Record *held)
{
    intake->reply.bytes = begin;
    if (!buffer_reserve(&intake->reply, held->line_bytes + 4u))
        return PyErr_NoMemory(), -1;
    buffer_add(&intake->reply, record_line(held));
    return 0;
}

static bool is_retry(const Intake *intake, const Record *held, Text fields)
{
    return held->line_bytes - held->id_at == fields.bytes
        && memcmp(held->line + held->id_at, fields.at, fields.bytes) == 0
        && !is_expired(intake->cache, held->received_ns, intake->now_ns);
}

/* Answer one report: with the line just made, or with the one held if the report is a retry or too late. */
static int answer(Intake *intake, const Report *report)
{
    Store *store = &intake->cache->store;
    Candidate candidate = {.checksum = checksum_of(report->client_id), .filed_ns = intake->now_ns};
    candidate.held = store_find(store, candidate.checksum, report->client_id);
    size_t begin = intake->reply.bytes;
    if (candidate.held != NO_HANDLE && is_retry(intake, store_record(store, candidate.held), report->fields))
        return answer_held(intake, begin, store_record(store, candidate.held));
    if (write_at_line(intake, report, &candidate) < 0)
        return -1;
    Offer offer = cache_offer(intake->cache, &candidate, intake->now_ns);
    if (offer == OFFER_NEWS)
        return put_fresh(intake->fresh, candidate.at.client_id, candidate.at.line);
    if (offer == OFFER_OLD && candidate.held != NO_HANDLE)
        return answer_held(intake, begin, store_record(store, candidate.held));
    return offer == OFFER_FAILED ? -1 : 0;
}

static int answer_all(Intake *intake, const Report *reports, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (answer(intake, &reports[i]) < 0)
            return -1;
        if (reports[i].has_carriage_return)
            buffer_add_char(&intake->reply, '\r');
        buffer_add_char(&intake->reply, '\n');
    }
    return 0;
}

/* Scan a chunk whole before anything is done; NULL with no exception if it is not for the hot path. */
static Report *scan_reports(Text lines, size_t longest_id, size_t count)
{
    Report *reports = PyMem_Malloc((count + 1) * sizeof *reports);
    if (reports == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    const char *at = lines.at, *end = lines.at + lines.bytes;
    for (size_t i = 0; i < count && at != NULL; i++)
        at = scan_report(at, end, longest_id, &reports[i]);
    if (at == end)
        return reports;
    PyMem_Free(reports);
    return NULL;
}

static bool has_arguments(Py_ssize_t count, Py_ssize_t wanted, PyObject *const *args)
{
    if (count == wanted && Py_TYPE(args[0]) == &CacheType && PyBytes_Check(args[1]) && PyBytes_Check(args[2]))
        return true;
    PyErr_SetString(PyExc_TypeError, "wrong arguments: a compiled cache, bytes, and so on are wanted");
    return false;
}

PyObject *ingest(PyObject *module, PyObject *const *args, Py_ssize_t arguments)
{
    if (!has_arguments(arguments, 5, args))
        return NULL;
    Intake intake = {.cache = (Cache *)args[0], .prefix = args[2], .now = args[3]};
    Text lines = text_of(args[1]);
    size_t longest_id = PyLong_AsSize_t(args[4]);
    if (PyErr_Occurred() || !as_ns(intake.now, &intake.now_ns))
        return NULL;
    size_t count = count_lines(lines.at, lines.at + lines.bytes);
    Report *reports = scan_reports(lines, longest_id, count);
    if (reports == NULL)
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    PyObject *result = NULL;
    intake.fresh = PyDict_New();
    if (intake.fresh != NULL && answer_all(&intake, reports, count) == 0)
        result = Py_BuildValue("y#On", intake.reply.at, (Py_ssize_t)intake.reply.bytes, intake.fresh,
                               (Py_ssize_t)count);
    Py_XDECREF(intake.fresh);
    free(intake.reply.at);
    PyMem_Free(reports);
    return result;
}
