/* Simulated clients, who walk about and say where they are.

   Every report of a client is newer than its last one: its time is the moment at which the load began plus its
   number in nanoseconds. So the time tells which report it is, wherever a message turns up again. */
#ifndef REPORT_H
#define REPORT_H

#include <stddef.h>
#include <stdint.h>

#define TIME_LENGTH 20 /* 1479413884.392014450 */
#define NO_REPORT UINT32_MAX

struct client {
    int32_t latitude, longitude; /* millionths of a degree */
    uint32_t newest;             /* the number of its newest report, or NO_REPORT */
};

struct report {
    uint32_t client;
    int32_t latitude, longitude;
    int64_t time_ns;
};

/* Give clients their places, the same each time. */
void clients_place(struct client *clients, uint32_t count);

/* A client takes a step and reports it as report `number`; sets its `newest`. */
struct report client_report(struct client *clients, uint32_t client, uint32_t number, int64_t began_ns);

/* These write without a zero at the end and return where they stopped. */
char *write_text(char *out, const char *text);
char *write_id(char *out, const struct report *report);
char *write_degrees(char *out, int32_t millionths, int is_signed);
char *write_time(char *out, const struct report *report);

/* The time at the end of a line, in nanoseconds; -1 if there is none. */
int64_t time_at_end(const char *line, size_t length);

#endif
