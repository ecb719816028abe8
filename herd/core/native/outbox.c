#include "outbox.h"

#define FIRST_ENTRIES 16
#define MOST_SPARE_ENTRIES 4096
#define SPARSE 16
#define FORESEEN_ENTRIES 4

void outbox_init(Outbox *outbox)
{
    outbox->entries = NULL;
    outbox->capacity = outbox->first_unused = 0;
    outbox->first_free = outbox->front = outbox->end = NO_HANDLE;
    outbox->places = (Slots){0};
}

Handle outbox_find(const Outbox *outbox, uint32_t hash, Text client_id)
{
    const Slots *places = &outbox->places;
    if (places->count == 0)
        return NO_HANDLE;
    for (uint32_t at = slots_first(places, hash);; at = slots_next(places, at)) {
        Slot slot = places->at[at];
        if (slot.handle == NO_HANDLE)
            return NO_HANDLE;
        if (slot.hash == hash && is_record_of(outbox->entries[slot.handle].record, client_id))
            return slot.handle;
    }
}

static bool make_room(Outbox *outbox)
{
    if (outbox->first_free != NO_HANDLE || outbox->first_unused < outbox->capacity)
        return true;
    Handle capacity = outbox->capacity == 0 ? FIRST_ENTRIES : outbox->capacity * 2;
    Waiting *entries = realloc(outbox->entries, capacity * sizeof *entries);
    if (entries == NULL)
        return false;
    outbox->entries = entries;
    outbox->capacity = capacity;
    return true;
}

static Handle take_entry(Outbox *outbox)
{
    if (outbox->first_free == NO_HANDLE)
        return outbox->first_unused++;
    Handle entry = outbox->first_free;
    outbox->first_free = outbox->entries[entry].after;
    return entry;
}

static void append(Outbox *outbox, uint32_t hash, Record *record)
{
    Handle entry = take_entry(outbox);
    outbox->entries[entry] = (Waiting){record_hold(record), outbox->end, NO_HANDLE};
    if (outbox->end == NO_HANDLE)
        outbox->front = entry;
    else
        outbox->entries[outbox->end].after = entry;
    outbox->end = entry;
    slots_add(&outbox->places, (Slot){hash, entry});
}

bool outbox_put(Outbox *outbox, uint32_t hash, Record *record, Text client_id)
{
    Handle entry = outbox_find(outbox, hash, client_id);
    if (entry != NO_HANDLE) {
        Record *older = outbox->entries[entry].record;
        outbox->entries[entry].record = record_hold(record);
        record_release(older);
        return true;
    }
    if (!make_room(outbox) || !slots_make_room(&outbox->places))
        return false;
    append(outbox, hash, record);
    return true;
}

/* Take an entry out of the chain and out of the table. */
static void drop_entry(Outbox *outbox, Handle entry)
{
    Waiting dropped = outbox->entries[entry];
    *(dropped.before == NO_HANDLE ? &outbox->front : &outbox->entries[dropped.before].after) = dropped.after;
    *(dropped.after == NO_HANDLE ? &outbox->end : &outbox->entries[dropped.after].before) = dropped.before;
    slots_remove(&outbox->places, hash_of(record_client(dropped.record)), entry);
    record_release(dropped.record);
    outbox->entries[entry].after = outbox->first_free;
    outbox->first_free = entry;
}

void outbox_forget(Outbox *outbox, const AtLine *at)
{
    Handle entry = outbox_find(outbox, at->key.hash, at->client_id);
    if (entry == NO_HANDLE)
        return;
    const Record *waits = outbox->entries[entry].record;
    if (!is_newer(record_time(waits), record_origin(waits), record_line(waits), at->time, at->origin, at->line))
        drop_entry(outbox, entry);
}

Portion outbox_front(const Outbox *outbox, size_t max_bytes)
{
    Portion portion = {.rest = outbox->front};
    while (portion.rest != NO_HANDLE && (portion.bytes == 0 || portion.bytes < max_bytes)) {
        const Waiting *entry = &outbox->entries[portion.rest];
        if (portion.rest + FORESEEN_ENTRIES < outbox->first_unused) /* mostly they stand as they came */
            __builtin_prefetch(entry[FORESEEN_ENTRIES].record);
        portion.bytes += entry->record->line_bytes;
        portion.records++;
        portion.rest = entry->after;
    }
    return portion;
}

void outbox_empty(Outbox *outbox)
{
    for (Handle entry = outbox->front; entry != NO_HANDLE; entry = outbox->entries[entry].after)
        record_release(outbox->entries[entry].record);
    if (outbox->capacity > MOST_SPARE_ENTRIES && outbox->places.count < outbox->capacity / SPARSE) {
        free(outbox->entries);
        outbox->entries = NULL;
        outbox->capacity = 0;
    }
    slots_empty(&outbox->places);
    outbox->first_unused = 0;
    outbox->first_free = outbox->front = outbox->end = NO_HANDLE;
}

void outbox_drop(Outbox *outbox, Portion portion)
{
    if (portion.rest == NO_HANDLE) {
        outbox_empty(outbox);
        return;
    }
    while (outbox->front != portion.rest)
        drop_entry(outbox, outbox->front);
}

bool are_outboxes(PyObject *outboxes)
{
    bool is_right = PyTuple_Check(outboxes);
    for (Py_ssize_t i = 0; is_right && i < PyTuple_GET_SIZE(outboxes); i++)
        is_right = Py_TYPE(PyTuple_GET_ITEM(outboxes, i)) == &OutboxType;
    if (!is_right)
        PyErr_SetString(PyExc_TypeError, "who is owed the news is a tuple of compiled outboxes");
    return is_right;
}

void owe_soon(PyObject *outboxes, uint32_t hash)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(outboxes); i++)
        slots_foresee(&((Outbox *)PyTuple_GET_ITEM(outboxes, i))->places, hash);
}

int owe(PyObject *outboxes, uint32_t hash, Record *record, Text client_id)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(outboxes); i++) {
        Outbox *outbox = (Outbox *)PyTuple_GET_ITEM(outboxes, i);
        if (outbox->is_open && !outbox_put(outbox, hash, record, client_id))
            return PyErr_NoMemory(), -1;
    }
    return 0;
}
