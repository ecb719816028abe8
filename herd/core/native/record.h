/* One client's record, in one piece of memory that begins with what is asked for most and ends with the AT line itself.
 *
 * The cache and the outboxes in which a record waits hold it together. While anybody else holds it too, the cache does not
 * change it but puts another in its place.
 */
#ifndef HERD_RECORD_H
#define HERD_RECORD_H

#include <stddef.h>
#include <stdlib.h>

#include "grammar.h"
#include "slots.h"

typedef struct {
    int64_t received_ns; /* when the origin received it, by the line itself */
    uint32_t checksum;   /* of the client id */
    uint32_t line_bytes;
    uint32_t id_at;
    Handle filed_below; /* the next client in the same bucket of time, see `buckets` */
    uint32_t holders;
    char line[];
} Record;

static inline size_t size_of_record(size_t line_bytes)
{
    return offsetof(Record, line) + line_bytes;
}

static inline void record_write(Record *record, Text line, size_t id_at, int64_t received_ns)
{
    record->received_ns = received_ns;
    record->line_bytes = (uint32_t)line.bytes;
    record->id_at = (uint32_t)id_at;
    memcpy(record->line, line.at, line.bytes);
}

/* Make a record that the caller holds; NULL where memory is out. */
static inline Record *record_make(uint32_t checksum, Text line, size_t id_at, int64_t received_ns)
{
    Record *record = malloc(size_of_record(line.bytes));
    if (record != NULL) {
        record->checksum = checksum;
        record->filed_below = NO_HANDLE;
        record->holders = 1;
        record_write(record, line, id_at, received_ns);
    }
    return record;
}

static inline Record *record_hold(Record *record)
{
    record->holders++;
    return record;
}

static inline void record_release(Record *record)
{
    if (--record->holders == 0)
        free(record);
}

static inline Text record_line(const Record *record)
{
    return (Text){record->line, record->line_bytes};
}

static inline Text record_client(const Record *record)
{
    const char *at = record->line + record->id_at;
    const char *end = memchr(at, ' ', record->line_bytes - record->id_at);
    return text_between(at, end);
}

static inline Text record_time(const Record *record)
{
    const char *end = record->line + record->line_bytes, *at = end;
    while (at[-1] != ' ')
        at--;
    return text_between(at, end);
}

static inline Text record_origin(const Record *record)
{
    const char *at = record->line + 3;
    return text_between(at, memchr(at, ' ', record->line_bytes - 3));
}

static inline bool is_record_of(const Record *record, Text client_id)
{
    const char *at = record->line + record->id_at;
    return record->line_bytes - record->id_at > client_id.bytes && at[client_id.bytes] == ' '
        && memcmp(at, client_id.at, client_id.bytes) == 0;
}

#endif
