/* Latencies, kept in buckets of about 1.5 % width: any number of them in a fixed 20 kB. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

#define HISTOGRAM_FINE 64 /* buckets in each doubling */
#define HISTOGRAM_BUCKETS (40 * HISTOGRAM_FINE)

struct histogram {
    uint64_t count;
    int64_t greatest_ns;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* Count `times` latencies of `ns` each; a negative one counts as 0. */
void histogram_add(struct histogram *histogram, int64_t ns, uint64_t times);

/* Print {"p50": ..., "max": ...} in milliseconds, or null where nothing was counted. */
void histogram_print(const struct histogram *histogram, FILE *out);

#endif
