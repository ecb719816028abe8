/* Observers: one at each server, who note when a report is known everywhere.

   A herd's observer is a neighbor of every server; a peer's subscribes at every server. Either way the reports
   come as lines that end with the report's time, which is its number. A report that an observer never gets,
   because a newer one of the same client came first, is known there with the newer one, and counted. */
#ifndef OBSERVER_H
#define OBSERVER_H

#include "histogram.h"
#include "report.h"

#define MOST_OBSERVERS 7

struct sighting { /* one report on its way */
    int64_t due_ns;
    uint32_t before; /* the client's report before this one, or NO_REPORT */
    uint8_t seen;    /* a bit for each observer, and SUPERSEDED */
};

struct watch { /* what all observers together know */
    struct sighting *sightings;
    uint32_t room, issued;
    int64_t began_ns;
    int observers;
    uint64_t known, superseded;
    struct histogram known_ns;
};

struct observer {
    int fd, number;
    const char *kind; /* herd, nats or redis */
    uint64_t records; /* read on this link */
    size_t held;
    char buffer[1 << 18];
};

/* Connect to `place`, HOST:PORT or for a herd HOST:PORT=SERVER; NULL, with a message printed, on failure. */
struct observer *observer_open(const char *kind, const char *place, int number);

/* Read what has come; 0 at the end of the connection or after nonsense. */
int observer_read(struct observer *observer, struct watch *watch);

#endif
