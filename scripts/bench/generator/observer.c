#include "observer.h"

#include "net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUPERSEDED 0x80

static int shake_hands(int fd, const char *server)
{
    char hello[256], answer[1024];
    /* An instance and a nonce of its own: the moment, the process and the connection. */
    int length = snprintf(hello, sizeof hello, "HERD 1 herd Observer %s %lx%x %lx%x\n", server,
                          (unsigned long)now_ns(), fd, (unsigned long)now_ns(), (unsigned)getpid());
    return net_exchange(fd, hello, (size_t)length, answer, sizeof answer, "\n") &&
           strncmp(answer, "HERD ", 5) == 0;
}

static int subscribe(int fd, const char *kind)
{
    static const char NATS[] = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB herd 1\r\nPING\r\n";
    static const char REDIS[] = "*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nherd\r\n";
    char answer[4096];
    if (strcmp(kind, "nats") == 0)
        return net_exchange(fd, NATS, sizeof NATS - 1, answer, sizeof answer, "PONG\r\n");
    return net_exchange(fd, REDIS, sizeof REDIS - 1, answer, sizeof answer, ":1\r\n");
}

struct observer *observer_open(const char *kind, const char *place, int number)
{
    char address[128];
    const char *server = strchr(place, '=');
    snprintf(address, sizeof address, "%.*s", (int)(server ? server - place : 100), place);
    struct observer *observer = calloc(1, sizeof *observer);
    if (observer == NULL)
        return NULL;
    observer->kind = kind;
    observer->number = number;
    observer->fd = net_connect(address);
    if (observer->fd < 0)
        return NULL;
    int is_herd = strcmp(kind, "herd") == 0;
    if (is_herd && server == NULL) {
        fprintf(stderr, "%s names no server: write HOST:PORT=SERVER\n", place);
        return NULL;
    }
    if (!(is_herd ? shake_hands(observer->fd, server + 1) : subscribe(observer->fd, kind))) {
        fprintf(stderr, "%s does not take an observer\n", place);
        return NULL;
    }
    net_unblock(observer->fd);
    return observer;
}

static void note(struct watch *watch, int observer, int64_t time_ns, int64_t at_ns)
{
    int64_t offset = time_ns - watch->began_ns;
    if (offset < 0 || offset >= watch->issued)
        return; /* from before this load */
    uint8_t bit = (uint8_t)(1 << observer), all = (uint8_t)((1 << watch->observers) - 1);
    for (uint32_t number = (uint32_t)offset; number != NO_REPORT;) {
        struct sighting *sighting = &watch->sightings[number];
        if (sighting->seen & bit)
            break;
        sighting->seen |= bit;
        if (number != offset && !(sighting->seen & SUPERSEDED)) {
            sighting->seen |= SUPERSEDED;
            watch->superseded++;
        }
        if ((sighting->seen & all) == all) {
            watch->known++;
            histogram_add(&watch->known_ns, at_ns - sighting->due_ns, 1);
        }
        number = sighting->before;
    }
}

static int take_line(struct observer *observer, struct watch *watch, const char *line, size_t length, int64_t at_ns)
{
    char answer[64];
    int64_t time_ns = time_at_end(line, length);
    if (time_ns >= 0) {
        observer->records++;
        note(watch, observer->number, time_ns, at_ns);
        return 1;
    }
    if (length < 4 || memcmp(line, "PING", 4) != 0)
        return 1; /* the head of a message */
    int size = strcmp(observer->kind, "herd") == 0
                   ? snprintf(answer, sizeof answer, "PONG %llu\n", (unsigned long long)observer->records)
                   : snprintf(answer, sizeof answer, "PONG\r\n");
    return write(observer->fd, answer, (size_t)size) == size;
}

int observer_read(struct observer *observer, struct watch *watch)
{
    ssize_t got = read(observer->fd, observer->buffer + observer->held, sizeof observer->buffer - observer->held);
    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    int64_t at_ns = now_ns();
    const char *line = observer->buffer, *end = observer->buffer + observer->held + got, *stop;
    while ((stop = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        size_t length = (size_t)(stop - line);
        if (length > 0 && line[length - 1] == '\r')
            length--;
        if (!take_line(observer, watch, line, length, at_ns))
            return 0;
        line = stop + 1;
    }
    observer->held = (size_t)(end - line);
    memmove(observer->buffer, line, observer->held);
    return observer->held < sizeof observer->buffer; /* a line that fills it is none of ours */
}
