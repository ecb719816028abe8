/* One connection: the reports of its own clients, in order, and the answers to them. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "histogram.h"
#include "observer.h"
#include "report.h"
#include "speech.h"

struct load { /* what all connections share */
    const struct speech *speech;
    struct client *clients;
    uint32_t clients_each, connections, depth;
    uint64_t issued, answered, errors;
    int is_asking; /* whether reports that have no answers of their own are followed by a question */
    int64_t began_ns; /* the time of report 0 */
    struct watch *watch; /* NULL where nobody observes */
    struct histogram answered_ns;
    char complaint[160]; /* the first error */
    int poll;
};

struct batch { /* reports that were sent together */
    int64_t due_ns;
    uint32_t reports;
};

struct connection {
    int fd, is_writing;
    uint32_t number, next_client, in_flight;
    struct hearing hearing;
    struct batch *batches; /* a ring of those not wholly answered */
    uint32_t first_batch, waiting_batches, batch_room;
    char *out;
    size_t out_start, out_end, out_room;
};

/* Connect and greet; 0 on failure. */
int connection_open(struct connection *connection, struct load *load, uint32_t number, const char *address);

/* Put reports, all due at that moment, behind what is still to be written. */
void connection_report(struct connection *connection, struct load *load, uint32_t reports, int64_t due_ns);

/* Write what can be written. */
void connection_flush(struct connection *connection, struct load *load);

/* Read answers. */
void connection_read(struct connection *connection, struct load *load);

#endif
