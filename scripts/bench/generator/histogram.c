#include "histogram.h"

#include <stddef.h>

static size_t bucket_of(uint64_t ns)
{
    if (ns < HISTOGRAM_FINE)
        return ns;
    unsigned doublings = 63 - (unsigned)__builtin_clzll(ns) - 6; /* 2^6 buckets in each */
    size_t bucket = doublings * HISTOGRAM_FINE + (size_t)(ns >> doublings);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The middle of a bucket. */
static double ns_of(size_t bucket)
{
    if (bucket < 2 * HISTOGRAM_FINE)
        return (double)bucket;
    size_t doublings = bucket / HISTOGRAM_FINE - 1;
    uint64_t least = (uint64_t)(bucket % HISTOGRAM_FINE + HISTOGRAM_FINE) << doublings;
    return (double)least + (double)(1ULL << doublings) / 2;
}

void histogram_add(struct histogram *histogram, int64_t ns, uint64_t times)
{
    if (ns < 0)
        ns = 0;
    histogram->buckets[bucket_of((uint64_t)ns)] += times;
    histogram->count += times;
    if (ns > histogram->greatest_ns)
        histogram->greatest_ns = ns;
}

static double percentile_ns(const struct histogram *histogram, double percent)
{
    double rank = percent / 100 * (double)histogram->count;
    uint64_t below = 0;
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        below += histogram->buckets[bucket];
        if (below > 0 && (double)below >= rank)
            return ns_of(bucket);
    }
    return (double)histogram->greatest_ns;
}

static double no_more_than(double ns, int64_t most_ns)
{
    return ns < (double)most_ns ? ns : (double)most_ns; /* the middle of a bucket may be */
}

void histogram_print(const struct histogram *histogram, FILE *out)
{
    static const double percents[] = {50, 90, 99, 99.9};
    if (histogram->count == 0) {
        fputs("null", out);
        return;
    }
    fputc('{', out);
    for (size_t each = 0; each < sizeof percents / sizeof *percents; each++)
        fprintf(out, "\"p%g\": %.4f, ", percents[each],
                no_more_than(percentile_ns(histogram, percents[each]), histogram->greatest_ns) / 1e6);
    fprintf(out, "\"max\": %.4f}", (double)histogram->greatest_ns / 1e6);
}
