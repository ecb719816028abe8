/* Slices of bytes, and the exact numerals in them.
 *
 * A numeral is digits, perhaps with a point and more digits. It may be of any length and is never made a float:
 * numerals are compared digit by digit, and are read as nanoseconds only where they fit 64 bits.
 */
#ifndef HERD_TEXT_H
#define HERD_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *at;
    size_t bytes;
} Text;

#define NS_PER_S INT64_C(1000000000)
#define DECIMALS 9
#define MOST_SECOND_DIGITS 10
#define MOST_SECONDS INT64_C(9000000000)

/* How the digits after the ninth decimal compare with half a nanosecond. */
typedef enum { REST_NONE, REST_BELOW_HALF, REST_HALF, REST_ABOVE_HALF } Rest;

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Compare as Python compares bytes: -1, 0 or 1. */
static inline int text_compare(Text a, Text b)
{
    int order = memcmp(a.at, b.at, a.bytes < b.bytes ? a.bytes : b.bytes);
    if (order == 0)
        return (a.bytes > b.bytes) - (a.bytes < b.bytes);
    return order < 0 ? -1 : 1;
}

static inline Text text_between(const char *begin, const char *end)
{
    return (Text){begin, (size_t)(end - begin)};
}

/* The whole part of a numeral, without its leading zeros; what follows the point comes out as `fraction`. */
static inline Text numeral_split(Text numeral, Text *fraction)
{
    const char *end = numeral.at + numeral.bytes;
    const char *point = memchr(numeral.at, '.', numeral.bytes);
    *fraction = point == NULL ? (Text){end, 0} : text_between(point + 1, end);
    const char *whole_end = point == NULL ? end : point;
    const char *begin = numeral.at;
    while (begin < whole_end && *begin == '0')
        begin++;
    return text_between(begin, whole_end);
}

static inline bool has_only_zeros(const char *at, const char *end)
{
    while (at < end && *at == '0')
        at++;
    return at == end;
}

/* Compare two numerals exactly: -1, 0 or 1. */
static inline int numeral_compare(Text a, Text b)
{
    Text a_fraction, b_fraction;
    Text a_whole = numeral_split(a, &a_fraction), b_whole = numeral_split(b, &b_fraction);
    if (a_whole.bytes != b_whole.bytes)
        return a_whole.bytes > b_whole.bytes ? 1 : -1;
    int order = memcmp(a_whole.at, b_whole.at, a_whole.bytes);
    size_t shared = a_fraction.bytes < b_fraction.bytes ? a_fraction.bytes : b_fraction.bytes;
    if (order == 0)
        order = memcmp(a_fraction.at, b_fraction.at, shared);
    if (order != 0)
        return order > 0 ? 1 : -1;
    if (!has_only_zeros(a_fraction.at + shared, a_fraction.at + a_fraction.bytes))
        return 1;
    return has_only_zeros(b_fraction.at + shared, b_fraction.at + b_fraction.bytes) ? 0 : -1;
}

static inline Rest rest_of(const char *at, const char *end)
{
    if (has_only_zeros(at, end))
        return REST_NONE;
    if (*at != '5')
        return *at < '5' ? REST_BELOW_HALF : REST_ABOVE_HALF;
    return has_only_zeros(at + 1, end) ? REST_HALF : REST_ABOVE_HALF;
}

/* Read a numeral as nanoseconds, rounded down, and what was cut off; false where it does not fit. */
static inline bool numeral_ns(Text numeral, int64_t *ns, Rest *rest)
{
    Text fraction;
    Text whole = numeral_split(numeral, &fraction);
    if (whole.bytes > MOST_SECOND_DIGITS)
        return false;
    int64_t seconds = 0, nanoseconds = 0;
    for (size_t i = 0; i < whole.bytes; i++)
        seconds = seconds * 10 + (whole.at[i] - '0');
    if (seconds > MOST_SECONDS)
        return false;
    for (size_t i = 0; i < DECIMALS; i++)
        nanoseconds = nanoseconds * 10 + (i < fraction.bytes ? fraction.at[i] - '0' : 0);
    *ns = seconds * NS_PER_S + nanoseconds;
    *rest = fraction.bytes > DECIMALS ? rest_of(fraction.at + DECIMALS, fraction.at + fraction.bytes) : REST_NONE;
    return true;
}

#endif
