/* Clients' reports, answered in one go: the reply is written as the lines of the chunk are taken, one after the other. */
#include "ingest.h"

#include "buffer.h"

#define LONGEST_DIFFERENCE 32
#define ROOM_FOR_ENDING 2
#define FEW_REPORTS 64

/* What one call of `ingest` works with. */
typedef struct {
    Cache *cache;
    PyObject *prefix;
    PyObject *now;
    int64_t now_ns;
    PyObject *owed; /* a tuple of the outboxes that get what is news */
    bool is_news;   /* whether there was any for anybody */
    Buffer reply;
} Intake;

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

/* Write the AT line of a report whose time does not fit 64 bits at the end of the reply, and find its fields there. */
static int write_exactly(Intake *intake, const Report *report, Candidate *candidate)
{
    const char *position = report->client_id.at + report->client_id.bytes + 1;
    PyObject *line = make_line_exactly(intake->prefix, intake->now, report->client_id,
                                       text_between(position, report->time.at - 1), report->time);
    if (line == NULL)
        return -1;
    size_t begin = intake->reply.bytes;
    bool has_room = buffer_reserve(&intake->reply, (size_t)PyBytes_GET_SIZE(line) + ROOM_FOR_ENDING);
    if (has_room)
        buffer_add(&intake->reply, text_of(line));
    Py_DECREF(line);
    if (!has_room)
        return PyErr_NoMemory(), -1;
    if (!split_at_line((Text){intake->reply.at + begin, intake->reply.bytes - begin}, &candidate->at))
        return PyErr_SetString(PyExc_ValueError, "the origin's name has blanks"), -1;
    return received_by(&candidate->at, &candidate->received_ns) ? 0 : -1;
}

/* Write the AT line of a report at the end of the reply, and find its fields there. */
static int write_at_line(Intake *intake, const Report *report, Candidate *candidate)
{
    Text prefix = text_of(intake->prefix), fields = report->fields;
    int64_t elapsed_ns;
    if (!difference_ns(intake->now_ns, report->time, &elapsed_ns, &candidate->received_ns))
        return write_exactly(intake, report, candidate);
    if (!buffer_reserve(&intake->reply, prefix.bytes + LONGEST_DIFFERENCE + fields.bytes + ROOM_FOR_ENDING))
        return PyErr_NoMemory(), -1;
    const char *begin = intake->reply.at + intake->reply.bytes;
    buffer_add(&intake->reply, prefix);
    buffer_add_seconds(&intake->reply, elapsed_ns);
    buffer_add_char(&intake->reply, ' ');
    const char *client_id = intake->reply.at + intake->reply.bytes;
    buffer_add(&intake->reply, fields);
    const char *end = intake->reply.at + intake->reply.bytes;
    candidate->at = (AtLine){
        .line = text_between(begin, end),
        .origin = {begin + 3, prefix.bytes - 4}, /* between "AT " and a blank */
        .difference = text_between(begin + prefix.bytes, client_id - 1),
        .client_id = {client_id, report->client_id.bytes},
        .time = {end - report->time.bytes, report->time.bytes},
    };
    return 0;
}

/* Replace what stands at the end of the reply by the line that the cache holds. */
static int answer_held(Intake *intake, size_t begin, const Record *held)
{
    intake->reply.bytes = begin;
    if (!buffer_reserve(&intake->reply, held->line_bytes + ROOM_FOR_ENDING))
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
    Candidate candidate = {.key = report->key, .filed_ns = intake->now_ns};
    candidate.held = store_find(store, candidate.key, report->client_id);
    size_t begin = intake->reply.bytes;
    if (candidate.held != NO_HANDLE && is_retry(intake, store_record(store, candidate.held), report->fields))
        return answer_held(intake, begin, store_record(store, candidate.held));
    if (write_at_line(intake, report, &candidate) < 0)
        return -1;
    Offer offer = cache_offer(intake->cache, &candidate, intake->now_ns);
    if (offer == OFFER_NEWS) {
        intake->is_news = PyTuple_GET_SIZE(intake->owed) > 0;
        return owe(intake->owed, candidate.key.hash, store_record(store, candidate.held), candidate.at.client_id);
    }
    if (offer == OFFER_OLD && candidate.held != NO_HANDLE)
        return answer_held(intake, begin, store_record(store, candidate.held));
    return offer == OFFER_FAILED ? -1 : 0;
}

/* Ask for what the reports that come next will need. */
static void look_ahead(const Intake *intake, const Report *next, size_t left)
{
    const Store *store = &intake->cache->store;
    if (left > 2 * FORESIGHT)
        store_foresee_place(store, next[2 * FORESIGHT].key);
    if (left > FORESIGHT) {
        store_foresee_record(store, next[FORESIGHT].key);
        owe_soon(intake->owed, next[FORESIGHT].key.hash);
    }
}

static int answer_all(Intake *intake, const Report *reports, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        look_ahead(intake, reports + i, count - i);
        if (answer(intake, &reports[i]) < 0)
            return -1;
        if (reports[i].has_carriage_return)
            buffer_add_char(&intake->reply, '\r');
        buffer_add_char(&intake->reply, '\n');
    }
    return 0;
}

/* Scan a chunk whole before anything is done; false if it is not for the hot path. */
static bool scan_reports(const Store *store, Text lines, size_t longest_id, Report *reports, size_t count)
{
    const char *at = lines.at, *end = lines.at + lines.bytes;
    for (size_t i = 0; i < count; i++) {
        at = scan_report(at, end, longest_id, &reports[i]);
        if (at == NULL)
            return false;
        reports[i].key = key_of(reports[i].client_id);
        store_foresee_slot(store, reports[i].key);
    }
    return at == end;
}

/* What `ingest` returns. */
static PyObject *result_of(Intake *intake, size_t count)
{
    PyObject *result = PyTuple_New(3);
    PyObject *reply = PyBytes_FromStringAndSize(intake->reply.at, (Py_ssize_t)intake->reply.bytes);
    PyObject *number = PyLong_FromSize_t(count);
    if (result == NULL || reply == NULL || number == NULL) {
        Py_XDECREF(result);
        Py_XDECREF(reply);
        Py_XDECREF(number);
        return NULL;
    }
    PyTuple_SET_ITEM(result, 0, reply);
    PyTuple_SET_ITEM(result, 1, PyBool_FromLong(intake->is_news));
    PyTuple_SET_ITEM(result, 2, number);
    return result;
}

static PyObject *ingest_reports(Intake *intake, const Report *reports, size_t count)
{
    PyObject *result = answer_all(intake, reports, count) == 0 ? result_of(intake, count) : NULL;
    free(intake->reply.at);
    return result;
}

PyObject *ingest_lines(Cache *cache, Text lines, const Intent *intent)
{
    Intake intake = {.cache = cache, .prefix = intent->prefix, .now = intent->now, .owed = intent->owed};
    if (!as_ns(intake.now, &intake.now_ns))
        return NULL;
    size_t count = count_lines(lines.at, lines.at + lines.bytes);
    Report few[FEW_REPORTS], *reports = few;
    if (count > FEW_REPORTS && (reports = PyMem_Malloc(count * sizeof *reports)) == NULL)
        return PyErr_NoMemory();
    PyObject *result = scan_reports(&cache->store, lines, intent->longest_id, reports, count)
        ? ingest_reports(&intake, reports, count)
        : Py_NewRef(Py_None);
    if (reports != few)
        PyMem_Free(reports);
    return result;
}

bool read_intent(PyObject *const *args, Intent *intent)
{
    if (!PyBytes_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "a prefix is bytes");
        return false;
    }
    if (!are_outboxes(args[3]))
        return false;
    *intent = (Intent){.prefix = args[0], .now = args[1], .owed = args[3]};
    intent->longest_id = PyLong_AsSize_t(args[2]);
    return intent->longest_id != (size_t)-1 || !PyErr_Occurred();
}

PyObject *ingest(PyObject *module, PyObject *const *args, Py_ssize_t arguments)
{
    Intent intent;
    if (arguments != 6 || Py_TYPE(args[0]) != &CacheType || !PyBytes_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "ingest takes a compiled cache, bytes, and four things more");
        return NULL;
    }
    return read_intent(args + 2, &intent) ? ingest_lines((Cache *)args[0], text_of(args[1]), &intent) : NULL;
}
