#include "connection.h"

#include "net.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void *grown(void *memory, size_t bytes)
{
    memory = realloc(memory, bytes);
    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static void fail(struct connection *connection, struct load *load, const char *what, const char *bytes, size_t length)
{
    if (load->errors++ == 0) {
        int at = snprintf(load->complaint, sizeof load->complaint, "%s", what);
        for (size_t each = 0; each < length && each < 60 && bytes[each] != '\n'; each++)
            load->complaint[at++] = isprint((unsigned char)bytes[each]) && !strchr("\"\\", bytes[each]) ? bytes[each] : '.';
        load->complaint[at] = 0;
    }
    close(connection->fd);
    connection->fd = -1;
}

int connection_open(struct connection *connection, struct load *load, uint32_t number, const char *address)
{
    const struct speech *speech = load->speech;
    char answer[4096];
    memset(connection, 0, sizeof *connection);
    connection->number = number;
    connection->fd = net_connect(address);
    if (connection->fd < 0)
        return 0;
    if (speech->greeting != NULL && !net_exchange(connection->fd, speech->greeting, speech->greeting_length, answer,
                                                  sizeof answer, speech->welcome)) {
        fprintf(stderr, "%s did not answer the greeting of %s\n", address, speech->name);
        return 0;
    }
    net_unblock(connection->fd);
    return 1;
}

static void remember(struct connection *connection, uint32_t reports, int64_t due_ns)
{
    uint32_t room = connection->batch_room;
    if (connection->waiting_batches == room) {
        uint32_t larger = room ? 2 * room : 64;
        struct batch *batches = grown(NULL, larger * sizeof *batches);
        for (uint32_t each = 0; each < room; each++)
            batches[each] = connection->batches[(connection->first_batch + each) % room];
        free(connection->batches);
        connection->batches = batches;
        connection->first_batch = 0;
        connection->batch_room = larger;
    }
    uint32_t place = (connection->first_batch + connection->waiting_batches++) % connection->batch_room;
    connection->batches[place] = (struct batch){due_ns, reports};
}

static void watch_report(struct watch *watch, uint32_t number, uint32_t before, int64_t due_ns)
{
    if (number < watch->room) {
        watch->sightings[number] = (struct sighting){due_ns, before, 0};
        watch->issued = number + 1;
    }
}

/* Where so many more bytes can be put. */
static char *room_for(struct connection *connection, size_t bytes)
{
    size_t needed = connection->out_end + bytes;
    if (needed > connection->out_room) {
        connection->out_room = 2 * needed;
        connection->out = grown(connection->out, connection->out_room);
    }
    return connection->out + connection->out_end;
}

static void say(struct connection *connection, const char *said, size_t length)
{
    memcpy(room_for(connection, length), said, length);
    connection->out_end += length;
}

void connection_report(struct connection *connection, struct load *load, uint32_t reports, int64_t due_ns)
{
    const struct speech *speech = load->speech;
    char *out = room_for(connection, (size_t)reports * LONGEST_REPORT + speech->asking_length);
    for (uint32_t each = 0; each < reports; each++) {
        uint32_t client = connection->number + load->connections * connection->next_client;
        uint32_t number = (uint32_t)load->issued++, before = load->clients[client].newest;
        struct report report = client_report(load->clients, client, number, load->began_ns);
        connection->next_client = (connection->next_client + 1) % load->clients_each;
        if (load->watch != NULL)
            watch_report(load->watch, number, before, due_ns);
        out = speech->write(out, &report);
    }
    if (load->is_asking) {
        memcpy(out, speech->asking, speech->asking_length);
        out += speech->asking_length;
    }
    connection->out_end = (size_t)(out - connection->out);
    if (speech->asking != NULL && !load->is_asking)
        return; /* nothing answers */
    connection->in_flight += reports;
    remember(connection, reports, due_ns);
}

static void want_to_write(struct connection *connection, struct load *load, int is_writing)
{
    if (connection->is_writing == is_writing)
        return;
    connection->is_writing = is_writing;
    struct epoll_event wish = {.events = EPOLLIN | (is_writing ? EPOLLOUT : 0), .data.ptr = connection};
    epoll_ctl(load->poll, EPOLL_CTL_MOD, connection->fd, &wish);
}

void connection_flush(struct connection *connection, struct load *load)
{
    if (connection->fd < 0 || connection->out_start == connection->out_end)
        return;
    ssize_t sent = send(connection->fd, connection->out + connection->out_start,
                        connection->out_end - connection->out_start, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        fail(connection, load, "a connection was lost while writing", "", 0);
        return;
    }
    if (sent > 0)
        connection->out_start += (size_t)sent;
    if (connection->out_start == connection->out_end)
        connection->out_start = connection->out_end = 0;
    want_to_write(connection, load, connection->out_end > 0);
}

/* One more answer has come: to a report, or to the whole of a batch. */
static void settle(struct connection *connection, struct load *load, int64_t at_ns)
{
    struct batch *batch = &connection->batches[connection->first_batch];
    uint32_t reports = load->speech->asking == NULL ? 1 : batch->reports;
    histogram_add(&load->answered_ns, at_ns - batch->due_ns, reports);
    load->answered += reports;
    connection->in_flight -= reports;
    batch->reports -= reports;
    if (batch->reports == 0) {
        connection->first_batch = (connection->first_batch + 1) % connection->batch_room;
        connection->waiting_batches--;
    }
}

void connection_read(struct connection *connection, struct load *load)
{
    static char buffer[1 << 17];
    const char *wrong;
    ssize_t got = read(connection->fd, buffer, sizeof buffer);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        fail(connection, load, "the server closed a connection", "", 0);
        return;
    }
    long answers = speech_hear(load->speech, &connection->hearing, buffer, (size_t)got, &wrong);
    for (; connection->hearing.heartbeats > 0; connection->hearing.heartbeats--)
        say(connection, load->speech->pulse, strlen(load->speech->pulse));
    if (answers < 0) {
        fail(connection, load, "a wrong answer: ", wrong, (size_t)(buffer + got - wrong));
        return;
    }
    int64_t at_ns = now_ns();
    for (; answers > 0; answers--) {
        if (connection->waiting_batches == 0) {
            fail(connection, load, "an answer to nothing", "", 0);
            return;
        }
        settle(connection, load, at_ns);
    }
}
