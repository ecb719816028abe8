#include "rows.h"

#include <structmember.h>

#define BLOCK 4096
#define EXCERPT 96
#define CHECK 4

/* The numbers of the kinds and widths of columns are those of traceblocks. */
enum { WIDE = 8, NARROW = 4, SHORT = 2 };
enum { KIND_SEND = 10, KIND_DELIVER = 11, KIND_DATAGRAM = 16, KIND_DATAGRAM_IN = 17 };
#define FIXED (1 + WIDE + NARROW + NARROW + WIDE + WIDE + SHORT)

typedef struct {
    PyObject_HEAD
    Row *rows;
    Py_ssize_t count;
    PyObject *hidden; /* Bytes, or NULL. */
    char closed;
} Rows;

static PyObject *end_block, *no_bytes, *crc32;

bool rows_prepare(void)
{
    end_block = PyUnicode_InternFromString("end_block");
    no_bytes = PyBytes_FromStringAndSize(NULL, 0);
    PyObject *zlib = PyImport_ImportModule("zlib");
    crc32 = zlib == NULL ? NULL : PyObject_GetAttrString(zlib, "crc32");
    Py_XDECREF(zlib);
    return end_block != NULL && no_bytes != NULL && crc32 != NULL;
}

/* Returns the beginning of what was sent, and a checksum of the whole. */
static PyObject *checked(PyObject *data)
{
    PyObject *number = PyObject_CallOneArg(crc32, data);
    unsigned long check = number == NULL ? 0 : PyLong_AsUnsignedLongMask(number);
    PyObject *excerpt = number == NULL ? NULL : PyBytes_FromStringAndSize(NULL, EXCERPT + CHECK);
    Py_XDECREF(number);
    if (excerpt == NULL)
        return NULL;
    char *at = PyBytes_AS_STRING(excerpt);
    memcpy(at, PyBytes_AS_STRING(data), EXCERPT);
    for (int byte = 0; byte < CHECK; byte++, check >>= 8)
        at[EXCERPT + byte] = (char)(check & UINT8_MAX);
    return excerpt;
}

static PyObject *excerpt_of(PyObject *data, uint8_t kind)
{
    if (data == NULL)
        return Py_NewRef(no_bytes);
    if (PyBytes_GET_SIZE(data) <= EXCERPT)
        return Py_NewRef(data);
    if (kind == KIND_SEND || kind == KIND_DATAGRAM)
        return checked(data);
    return PyBytes_FromStringAndSize(PyBytes_AS_STRING(data), EXCERPT);
}

static bool is_network(uint8_t kind)
{
    return kind == KIND_SEND || kind == KIND_DELIVER || kind == KIND_DATAGRAM || kind == KIND_DATAGRAM_IN;
}

static bool holds(const char *text, Py_ssize_t size, const char *part, Py_ssize_t part_size)
{
    if (part_size == 0)
        return false;
    for (const char *end = text + size; (text = memchr(text, part[0], (size_t)(end - text))) != NULL; text++) {
        if (end - text < part_size)
            return false;
        if (memcmp(text, part, (size_t)part_size) == 0)
            return true;
    }
    return false;
}

/* Returns data, a new reference, without what is to be hidden. */
static PyObject *shown(const Rows *rows, uint8_t kind, PyObject *data)
{
    PyObject *hidden = rows->hidden;
    if (data == NULL || hidden == NULL || !PyBytes_Check(hidden) || !is_network(kind) ||
        !holds(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), PyBytes_AS_STRING(hidden), PyBytes_GET_SIZE(hidden)))
        return Py_XNewRef(data);
    return PyObject_CallMethod(data, "replace", "OO", hidden, no_bytes);
}

/* Has a whole block be taken out; false with an exception. */
static bool give(PyObject *rows)
{
    PyObject *done = PyObject_CallMethodNoArgs(rows, end_block);
    Py_XDECREF(done);
    return done != NULL;
}

bool rows_add(PyObject *self, Row row, PyObject *data)
{
    Rows *rows = (Rows *)self;
    if (rows->count == BLOCK && !give(self)) /* It could not be taken out before. */
        return false;
    if (rows->closed) {
        PyErr_SetString(PyExc_ValueError, "this trace is closed: nothing can be added to it");
        return false;
    }
    if (rows->rows == NULL && (rows->rows = PyMem_Malloc(BLOCK * sizeof(Row))) == NULL) {
        PyErr_NoMemory();
        return false;
    }
    PyObject *told = shown(rows, row.kind, data);
    if (told == NULL && data != NULL)
        return false;
    row.excerpt = excerpt_of(told, row.kind);
    Py_XDECREF(told);
    if (row.excerpt == NULL)
        return false;
    rows->rows[rows->count++] = row;
    return rows->count < BLOCK || give(self);
}

/* Reads an unsigned number, at most `most`; false with an exception. */
static bool read_unsigned(PyObject *number, unsigned long most, unsigned long *value)
{
    *value = PyLong_AsUnsignedLong(number);
    if (*value == (unsigned long)-1 && PyErr_Occurred())
        return false;
    if (*value > most)
        PyErr_SetString(PyExc_OverflowError, "a number of a trace is too large");
    return *value <= most;
}

static bool read_signed(PyObject *number, int64_t *value)
{
    *value = PyLong_AsLongLong(number);
    return *value != -1 || !PyErr_Occurred();
}

static PyObject *add(PyObject *rows, PyObject *const *args, Py_ssize_t count)
{
    Row row = {0};
    unsigned long kind, host, peer;
    if (count < 6 || count > 7 || (count == 7 && !PyBytes_Check(args[6]))) {
        PyErr_SetString(PyExc_TypeError, "add takes a kind, a time, a host, a peer, a flow, a size, perhaps bytes");
        return NULL;
    }
    if (!read_unsigned(args[0], UINT8_MAX, &kind) || !read_signed(args[1], &row.time_ns) ||
        !read_unsigned(args[2], UINT32_MAX, &host) || !read_unsigned(args[3], UINT32_MAX, &peer) ||
        !read_signed(args[4], &row.flow) || !read_signed(args[5], &row.size))
        return NULL;
    row.kind = (uint8_t)kind;
    row.host = (uint32_t)host;
    row.peer = (uint32_t)peer;
    return rows_add(rows, row, count == 7 ? args[6] : NULL) ? Py_NewRef(Py_None) : NULL;
}

/* Puts the bytes of the number of one row into the planes of its column. */
static void put(uint8_t *planes, Py_ssize_t count, int width, uint64_t number)
{
    for (int plane = 0; plane < width; plane++, number >>= 8)
        planes[plane * count] = (uint8_t)number;
}

/* Finds which of the texts an excerpt is, and takes it among them if it is none yet; -1 with an exception. */
static Py_ssize_t place_of(PyObject *excerpt, PyObject *places, PyObject *texts)
{
    PyObject *known = PyDict_GetItemWithError(places, excerpt);
    if (known != NULL)
        return PyLong_AsSsize_t(known);
    if (PyErr_Occurred())
        return -1;
    Py_ssize_t place = PyList_GET_SIZE(texts);
    PyObject *number = PyLong_FromSsize_t(place);
    bool is_kept = number != NULL && PyDict_SetItem(places, excerpt, number) == 0 && PyList_Append(texts, excerpt) == 0;
    Py_XDECREF(number);
    return is_kept ? place : -1;
}

/* Writes the columns but the texts; false with an exception. */
static bool fill(const Rows *rows, uint8_t *at, PyObject *places, PyObject *texts)
{
    Py_ssize_t count = rows->count;
    uint8_t *times = at + count, *hosts = times + WIDE * count, *peers = hosts + NARROW * count;
    uint8_t *flows = peers + NARROW * count, *sizes = flows + WIDE * count, *excerpts = sizes + WIDE * count;
    int64_t before_ns = 0;
    for (Py_ssize_t number = 0; number < count; number++) {
        const Row *row = &rows->rows[number];
        Py_ssize_t place = place_of(row->excerpt, places, texts);
        if (place < 0)
            return false;
        at[number] = row->kind;
        put(times + number, count, WIDE, (uint64_t)(row->time_ns - before_ns));
        put(hosts + number, count, NARROW, row->host);
        put(peers + number, count, NARROW, row->peer);
        put(flows + number, count, WIDE, (uint64_t)row->flow);
        put(sizes + number, count, WIDE, (uint64_t)row->size);
        put(excerpts + number, count, SHORT, (uint64_t)place);
        before_ns = row->time_ns;
    }
    return true;
}

/* Returns the columns: those of fixed width, which are `fixed`, then the lengths of the texts, then the texts. */
static PyObject *join(PyObject *fixed, PyObject *texts)
{
    Py_ssize_t count = PyList_GET_SIZE(texts), size = PyBytes_GET_SIZE(fixed) + count;
    for (Py_ssize_t text = 0; text < count; text++)
        size += PyBytes_GET_SIZE(PyList_GET_ITEM(texts, text));
    PyObject *columns = PyBytes_FromStringAndSize(NULL, size);
    if (columns == NULL)
        return NULL;
    char *at = PyBytes_AS_STRING(columns);
    memcpy(at, PyBytes_AS_STRING(fixed), (size_t)PyBytes_GET_SIZE(fixed));
    char *lengths = at + PyBytes_GET_SIZE(fixed), *letters = lengths + count;
    for (Py_ssize_t text = 0; text < count; text++) {
        PyObject *each = PyList_GET_ITEM(texts, text);
        lengths[text] = (char)PyBytes_GET_SIZE(each);
        memcpy(letters, PyBytes_AS_STRING(each), (size_t)PyBytes_GET_SIZE(each));
        letters += PyBytes_GET_SIZE(each);
    }
    return columns;
}

static PyObject *columns(Rows *rows, PyObject *Py_UNUSED(none))
{
    PyObject *fixed = PyBytes_FromStringAndSize(NULL, rows->count * FIXED);
    PyObject *places = PyDict_New(), *texts = PyList_New(0), *made = NULL;
    if (fixed != NULL && places != NULL && texts != NULL &&
        fill(rows, (uint8_t *)PyBytes_AS_STRING(fixed), places, texts))
        made = join(fixed, texts);
    Py_XDECREF(fixed);
    Py_XDECREF(places);
    Py_XDECREF(texts);
    return made;
}

static void forget(Rows *rows)
{
    while (rows->count > 0)
        Py_DECREF(rows->rows[--rows->count].excerpt);
}

static PyObject *clear(Rows *rows, PyObject *Py_UNUSED(none))
{
    forget(rows);
    Py_RETURN_NONE;
}

static void rows_dealloc(Rows *rows)
{
    forget(rows);
    Py_CLEAR(rows->hidden);
    PyMem_Free(rows->rows);
    Py_TYPE(rows)->tp_free((PyObject *)rows);
}

static PyMethodDef methods[] = {
    {"add", (PyCFunction)(void (*)(void))add, METH_FASTCALL, NULL},
    {"columns", (PyCFunction)columns, METH_NOARGS, NULL},
    {"clear", (PyCFunction)clear, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"held", T_PYSSIZET, offsetof(Rows, count), READONLY, NULL},
    {"closed", T_BOOL, offsetof(Rows, closed), 0, NULL},
    {"hidden", T_OBJECT, offsetof(Rows, hidden), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject RowsType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "herd.sim.engine._native.Rows",
    .tp_basicsize = sizeof(Rows),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = (destructor)rows_dealloc,
    .tp_methods = methods,
    .tp_members = members,
};
