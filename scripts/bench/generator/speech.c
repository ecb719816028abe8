#include "speech.h"

#include <string.h>

static char *write_bulk(char *out, const char *text, size_t length)
{
    *out++ = '$';
    if (length >= 10)
        *out++ = (char)('0' + length / 10);
    *out++ = (char)('0' + length % 10);
    out = write_text(out, "\r\n");
    memcpy(out, text, length);
    return write_text(out + length, "\r\n");
}

/* kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450 */
static char *write_record(char *out, const struct report *report)
{
    out = write_id(out, report);
    *out++ = ' ';
    out = write_degrees(out, report->latitude, 1);
    out = write_degrees(out, report->longitude, 1);
    *out++ = ' ';
    return write_time(out, report);
}

static char *write_iamat(char *out, const struct report *report)
{
    out = write_record(write_text(out, "IAMAT "), report);
    *out++ = '\n';
    return out;
}

static char *write_iamat_crlf(char *out, const struct report *report)
{
    return write_text(write_record(write_text(out, "IAMAT "), report), "\r\n");
}

static char *write_geoadd(char *out, const struct report *report)
{
    char text[64];
    out = write_text(out, "*5\r\n$6\r\nGEOADD\r\n$4\r\nherd\r\n");
    out = write_bulk(out, text, (size_t)(write_degrees(text, report->longitude, 0) - text));
    out = write_bulk(out, text, (size_t)(write_degrees(text, report->latitude, 0) - text));
    return write_bulk(out, text, (size_t)(write_id(text, report) - text));
}

static char *write_set(char *out, const struct report *report)
{
    char text[128];
    out = write_text(out, "*3\r\n$3\r\nSET\r\n");
    out = write_bulk(out, text, (size_t)(write_id(text, report) - text));
    return write_bulk(out, text, (size_t)(write_record(text, report) - text));
}

static char *write_geoadd_publish(char *out, const struct report *report)
{
    char text[128];
    out = write_text(write_geoadd(out, report), "*3\r\n$7\r\nPUBLISH\r\n$4\r\nherd\r\n");
    return write_bulk(out, text, (size_t)(write_record(text, report) - text));
}

static char *write_pub(char *out, const struct report *report)
{
    char text[128];
    size_t length = (size_t)(write_record(text, report) - text);
    out = write_text(out, "PUB herd ");
    *out++ = (char)('0' + length / 10);
    *out++ = (char)('0' + length % 10);
    out = write_text(out, "\r\n");
    memcpy(out, text, length);
    return write_text(out + length, "\r\n");
}

/* PUBLISH, quality of service 0, retained. */
static char *write_publish(char *out, const struct report *report)
{
    char topic[64], payload[128];
    size_t topic_length = (size_t)(write_id(write_text(topic, "herd/"), report) - topic);
    size_t length = (size_t)(write_record(payload, report) - payload);
    *out++ = 0x31;
    *out++ = (char)(2 + topic_length + length); /* under 128: one byte */
    *out++ = 0;
    *out++ = (char)topic_length;
    memcpy(out, topic, topic_length);
    memcpy(out + topic_length, payload, length);
    return out + topic_length + length;
}

static const char MQTT_CONNECT[] = "\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00"; /* clean, no name, no keep-alive */
static const char NATS_CONNECT[] = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nPING\r\n";

static const struct speech SPEECHES[] = {
    {.name = "herd", .write = write_iamat, .ends = '\n', .begins = "A", .answers = 1},
    {.name = "herd-crlf", .write = write_iamat_crlf, .ends = '\n', .begins = "A", .answers = 1},
    {.name = "echo", .write = write_iamat, .ends = '\n', .begins = "I", .answers = 1},
    {.name = "geoadd", .write = write_geoadd, .ends = '\n', .begins = ":", .answers = 1},
    {.name = "set", .write = write_set, .ends = '\n', .begins = "+", .answers = 1},
    {.name = "geoadd-publish", .write = write_geoadd_publish, .ends = '\n', .begins = ":", .answers = 2},
    {.name = "nats",
     .greeting = NATS_CONNECT,
     .greeting_length = sizeof NATS_CONNECT - 1,
     .welcome = "PONG\r\n",
     .write = write_pub,
     .asking = "PING\r\n",
     .asking_length = 6,
     .ends = '\n',
     .begins = "P",
     .answers = 1,
     .heartbeat = "PING",
     .pulse = "PONG\r\n"},
    {.name = "mqtt",
     .greeting = MQTT_CONNECT,
     .greeting_length = sizeof MQTT_CONNECT - 1,
     .welcome = "\x20\x02",
     .write = write_publish,
     .asking = "\xc0",
     .asking_length = 2,
     .ends = 0,
     .begins = "\xd0",
     .answers = 1},
};

const struct speech *speech_named(const char *name)
{
    for (size_t each = 0; each < sizeof SPEECHES / sizeof *SPEECHES; each++)
        if (strcmp(SPEECHES[each].name, name) == 0)
            return &SPEECHES[each];
    return NULL;
}

/* Keep the first bytes of an answer, which may come in pieces. */
static void hear_beginning(struct hearing *hearing, const char *at, const char *end)
{
    while (at < end && hearing->begun < sizeof hearing->beginning)
        hearing->beginning[hearing->begun++] = *at++;
}

static int is_heartbeat(const struct speech *speech, const struct hearing *hearing)
{
    return speech->heartbeat != NULL && memcmp(hearing->beginning, speech->heartbeat, sizeof hearing->beginning) == 0;
}

long speech_hear(const struct speech *speech, struct hearing *hearing, const char *data, size_t length,
                 const char **wrong)
{
    const char *at = data, *end = data + length;
    long complete = 0;
    while (at < end) {
        if (!hearing->is_inside && (*at == 0 || strchr(speech->begins, *at) == NULL)) {
            *wrong = at;
            return -1;
        }
        if (!hearing->is_inside)
            hearing->begun = 0;
        const char *last = memchr(at, speech->ends, (size_t)(end - at));
        hear_beginning(hearing, at, last == NULL ? end : last);
        hearing->is_inside = last == NULL;
        if (last == NULL)
            break;
        at = last + 1;
        if (is_heartbeat(speech, hearing)) {
            hearing->heartbeats++;
        } else if (++hearing->heard == speech->answers) {
            hearing->heard = 0;
            complete++;
        }
    }
    return complete;
}
