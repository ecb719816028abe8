/* Bytes that grow at their end. */
#ifndef HERD_BUFFER_H
#define HERD_BUFFER_H

#include <stdlib.h>

#include "text.h"

typedef struct {
    char *at;
    size_t bytes;
    size_t capacity;
} Buffer;

/* Make room for as many bytes more; false where memory is out. */
static inline bool buffer_reserve(Buffer *buffer, size_t bytes)
{
    if (buffer->capacity - buffer->bytes >= bytes)
        return true;
    size_t capacity = (buffer->bytes + bytes) * 2;
    char *at = realloc(buffer->at, capacity);
    if (at == NULL)
        return false;
    buffer->at = at;
    buffer->capacity = capacity;
    return true;
}

/* Append to what was reserved. */
static inline void buffer_add(Buffer *buffer, Text text)
{
    memcpy(buffer->at + buffer->bytes, text.at, text.bytes);
    buffer->bytes += text.bytes;
}

static inline void buffer_add_char(Buffer *buffer, char c)
{
    buffer->at[buffer->bytes++] = c;
}

/* Append a signed number of nanoseconds as seconds with nine decimals, at most 21 bytes; the sign always shows. */
static inline void buffer_add_seconds(Buffer *buffer, int64_t ns)
{
    char digits[20];
    uint64_t left = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    int count = 0;
    while (count <= DECIMALS || left > 0) {
        digits[count++] = (char)('0' + left % 10);
        left /= 10;
    }
    buffer_add_char(buffer, ns < 0 ? '-' : '+');
    while (count > 0) {
        if (count == DECIMALS)
            buffer_add_char(buffer, '.');
        buffer_add_char(buffer, digits[--count]);
    }
}

#endif
