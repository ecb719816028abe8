/* What is said to a server, and what counts as its answer. */
#ifndef SPEECH_H
#define SPEECH_H

#include "report.h"

#define LONGEST_REPORT 512

struct speech {
    const char *name;
    /* Said once on a new connection, and what the answer to it must contain; NULL for nothing. */
    const char *greeting, *welcome;
    size_t greeting_length;
    char *(*write)(char *out, const struct report *report);
    /* Asked after each batch of reports where reports have no answers of their own; else NULL. */
    const char *asking;
    size_t asking_length;
    /* Answers: each ends with the byte `ends` and begins with one of `begins`; so many to a report or batch. */
    char ends;
    const char *begins;
    unsigned answers;
    /* What the server says to see whether the client lives, its first four bytes, and the answer; or NULL. */
    const char *heartbeat, *pulse;
};

/* The speech called `name`, or NULL. */
const struct speech *speech_named(const char *name);

/* How far the answers of one connection have been read. */
struct hearing {
    int is_inside;  /* an answer that has begun has not ended yet */
    unsigned heard; /* answers to a report that is not wholly answered yet */
    char beginning[4];
    size_t begun;
    unsigned heartbeats; /* that the connection has still to answer */
};

/* Read answers; returns how many reports or batches they complete, or -1 for a wrong one, at *wrong. */
long speech_hear(const struct speech *speech, struct hearing *hearing, const char *data, size_t length,
                 const char **wrong);

#endif
