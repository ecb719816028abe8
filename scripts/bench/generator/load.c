/* Reports positions to servers of one kind, as fast as they answer or at a rate, and says how that went.

     load --speak geoadd --to 127.0.0.1:6379 --connections 50 --depth 64 --clients 10000 --seconds 2

   One thread and one epoll. Without --rate each connection keeps --depth reports unanswered, and latency counts
   from the sending. With --rate reports are due at even times, whether or not the servers keep up, and latency
   counts from when one was due. --reports ends either before --seconds are over. It prints "ready", waits for a
   line on its input, and at the end prints one JSON object: --drain seconds after the load at the latest, whatever
   is missing then. */
#include "connection.h"
#include "net.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 64
#define MOST_SERVERS 64
#define TICK_NS 200000 /* between two looks at what is due: 0.2 ms */

static struct {
    const char *speak, *observe_as;
    char *to, *observe;
    double rate, seconds, drain;
    long connections, depth, clients;
    unsigned long reports;
} options = {"herd", "herd", NULL, NULL, 0, 1, 5, 50, 16, 10000, -1UL};

static struct load load;
static struct watch watch;
static struct connection *connections;
static struct observer *observers[MOST_OBSERVERS];

static void parse(int count, char **words)
{
    static const struct option known[] = {
        {"speak", 1, 0, 's'},   {"to", 1, 0, 't'},      {"observe", 1, 0, 'o'}, {"observe-as", 1, 0, 'a'},
        {"rate", 1, 0, 'r'},    {"seconds", 1, 0, 'n'}, {"drain", 1, 0, 'd'},   {"connections", 1, 0, 'c'},
        {"depth", 1, 0, 'p'},   {"clients", 1, 0, 'k'}, {"reports", 1, 0, 'm'}, {0, 0, 0, 0}};
    for (int each; (each = getopt_long(count, words, "", known, NULL)) != -1;) {
        switch (each) {
        case 's': options.speak = optarg; break;
        case 't': options.to = optarg; break;
        case 'o': options.observe = optarg; break;
        case 'a': options.observe_as = optarg; break;
        case 'r': options.rate = atof(optarg); break;
        case 'n': options.seconds = atof(optarg); break;
        case 'd': options.drain = atof(optarg); break;
        case 'c': options.connections = atol(optarg); break;
        case 'p': options.depth = atol(optarg); break;
        case 'k': options.clients = atol(optarg); break;
        case 'm': options.reports = strtoul(optarg, NULL, 10); break;
        default: exit(2);
        }
    }
    load.speech = speech_named(options.speak);
    if (load.speech == NULL || options.to == NULL || options.connections < 1 || options.depth < 1 ||
        options.clients < options.connections || options.seconds <= 0) {
        fputs("it needs a --speak that it knows, --to HOST:PORT,..., and no more --connections than --clients\n", stderr);
        exit(2);
    }
}

/* Split at commas; returns how many parts there are. */
static int split(char *text, char **parts, int room)
{
    int count = 0;
    for (char *part = strtok(text, ","); part != NULL && count < room; part = strtok(NULL, ","))
        parts[count++] = part;
    return count;
}

static void listen_to(int fd, void *who)
{
    struct epoll_event wish = {.events = EPOLLIN, .data.ptr = who};
    epoll_ctl(load.poll, EPOLL_CTL_ADD, fd, &wish);
}

static void connect_all(void)
{
    char *servers[MOST_SERVERS], *watched[MOST_OBSERVERS];
    int count = split(options.to, servers, MOST_SERVERS);
    load.poll = epoll_create1(0);
    load.connections = (uint32_t)options.connections;
    load.depth = (uint32_t)options.depth;
    load.clients_each = (uint32_t)(options.clients / options.connections);
    load.clients = calloc((size_t)options.clients, sizeof *load.clients);
    connections = calloc((size_t)options.connections, sizeof *connections);
    clients_place(load.clients, (uint32_t)options.clients);
    for (uint32_t each = 0; each < load.connections; each++) {
        if (!connection_open(&connections[each], &load, each, servers[each % (uint32_t)count]))
            exit(1);
        listen_to(connections[each].fd, &connections[each]);
    }
    load.is_asking = load.speech->asking != NULL && options.observe == NULL;
    if (options.observe == NULL)
        return;
    watch.observers = split(options.observe, watched, MOST_OBSERVERS);
    watch.room = (uint32_t)(options.rate > 0 ? options.rate * options.seconds + 1 : 20e6);
    watch.sightings = calloc(watch.room, sizeof *watch.sightings);
    load.watch = &watch;
    for (int each = 0; each < watch.observers; each++) {
        observers[each] = observer_open(options.observe_as, watched[each], each);
        if (observers[each] == NULL)
            exit(1);
        listen_to(observers[each]->fd, observers[each]);
    }
}

static struct observer *observer_at(void *who)
{
    for (int each = 0; each < watch.observers; each++)
        if (observers[each] == who)
            return observers[each];
    return NULL;
}

/* Give a connection as many reports as it has room for. */
static void fill(struct connection *connection)
{
    uint64_t left = options.reports - load.issued;
    uint32_t room = load.depth - connection->in_flight;
    if (connection->fd >= 0 && room > 0 && left > 0)
        connection_report(connection, &load, room < left ? room : (uint32_t)left, now_ns());
}

/* Wait for so long, and take what has come. Connections with room are given more where `is_filling`. */
static void turn(int64_t wait_ns, int is_filling)
{
    struct epoll_event events[EVENTS];
    struct timespec wait = {wait_ns / 1000000000, wait_ns % 1000000000};
    int count = epoll_pwait2(load.poll, events, EVENTS, &wait, NULL);
    for (int each = 0; each < count; each++) {
        struct observer *observer = observer_at(events[each].data.ptr);
        struct connection *connection = events[each].data.ptr;
        if (observer != NULL) {
            if (!observer_read(observer, &watch)) {
                fprintf(stderr, "observer %d lost its server\n", observer->number + 1);
                exit(1);
            }
            continue;
        }
        if (events[each].events & ~EPOLLOUT)
            connection_read(connection, &load);
        if (is_filling)
            fill(connection);
        connection_flush(connection, &load);
    }
}

static void load_at_rate(int64_t start_ns)
{
    uint64_t planned = (uint64_t)(options.rate * options.seconds);
    double each_ns = 1e9 / options.rate;
    while (load.issued < planned) {
        int64_t wait_ns = start_ns + (int64_t)((double)load.issued * each_ns) - now_ns();
        if (wait_ns > 0) {
            turn(wait_ns < TICK_NS ? TICK_NS : wait_ns, 0);
            continue;
        }
        while (load.issued < planned) {
            int64_t due_ns = start_ns + (int64_t)((double)load.issued * each_ns);
            if (due_ns > now_ns())
                break;
            struct connection *connection = &connections[load.issued % load.connections];
            connection_report(connection, &load, 1, due_ns);
            connection_flush(connection, &load);
        }
        turn(0, 0);
    }
}

static void load_to_the_full(int64_t start_ns)
{
    int64_t end_ns = start_ns + (int64_t)(options.seconds * 1e9);
    for (uint32_t each = 0; each < load.connections; each++) {
        fill(&connections[each]);
        connection_flush(&connections[each], &load);
    }
    while (now_ns() < end_ns && load.issued < options.reports && load.errors < load.connections)
        turn(100000000, 1);
}

static int is_all_known(void)
{
    if (load.watch != NULL && watch.known < watch.issued)
        return 0;
    return load.answered == load.issued || (load.speech->asking != NULL && !load.is_asking);
}

static void print(double seconds, double own_cpu_s)
{
    printf("{\"speak\": \"%s\", \"sent\": %llu, \"messages\": %llu, \"errors\": %llu, \"first_error\": ",
           load.speech->name, (unsigned long long)load.issued, (unsigned long long)load.answered,
           (unsigned long long)load.errors);
    printf(load.errors ? "\"%s\"" : "null", load.complaint);
    printf(", \"seconds\": %.4f, \"own_cpu_s\": %.4f, \"answered_ms\": ", seconds, own_cpu_s);
    histogram_print(&load.answered_ns, stdout);
    if (load.watch != NULL) {
        printf(", \"known\": %llu, \"superseded\": %llu, \"known_ms\": ", (unsigned long long)watch.known,
               (unsigned long long)watch.superseded);
        histogram_print(&watch.known_ns, stdout);
    }
    puts("}");
}

static double own_cpu_s(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

int main(int count, char **words)
{
    struct timespec wall;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* ends with who started it */
    prctl(PR_SET_TIMERSLACK, 1UL);
    parse(count, words);
    connect_all();
    puts("ready");
    fflush(stdout);
    if (getchar() == EOF)
        return 1;
    double before_s = own_cpu_s();
    int64_t start_ns = now_ns();
    clock_gettime(CLOCK_REALTIME, &wall);
    load.began_ns = watch.began_ns = (int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec;
    if (options.rate > 0)
        load_at_rate(start_ns);
    else
        load_to_the_full(start_ns);
    double seconds = (double)(now_ns() - start_ns) / 1e9;
    int64_t last_ns = now_ns() + (int64_t)(options.drain * 1e9);
    while (!is_all_known() && now_ns() < last_ns && load.errors == 0)
        turn(10000000, 0);
    print(seconds, own_cpu_s() - before_s);
    return 0;
}
