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
#define USUAL_BYTES (MOST_SECOND_DIGITS + 1 + DECIMALS)
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

/* Tell whether a numeral has ten digits, a point and nine decimals, as the clocks of programs give times. */
static inline bool is_usual(Text numeral)
{
    return numeral.bytes == USUAL_BYTES && numeral.at[MOST_SECOND_DIGITS] == '.';
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

/* Compare two numerals exactly: below 0, 0 or above. */
static inline int numeral_compare(Text a, Text b)
{
    if (is_usual(a) && is_usual(b))
        return memcmp(a.at, b.at, USUAL_BYTES);
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

/* Read so many digits. */
static inline int64_t number_of(const char *digits, size_t count)
{
    int64_t number = 0;
    for (size_t i = 0; i < count; i++)
        number = number * 10 + (digits[i] - '0');
    return number;
}

/* Read a numeral as nanoseconds, rounded down, and what was cut off; false where it does not fit. */
static inline bool numeral_ns(Text numeral, int64_t *ns, Rest *rest)
{
    if (is_usual(numeral)) {
        int64_t seconds = number_of(numeral.at, MOST_SECOND_DIGITS);
        if (seconds > MOST_SECONDS)
            return false;
        *ns = seconds * NS_PER_S + number_of(numeral.at + MOST_SECOND_DIGITS + 1, DECIMALS);
        *rest = REST_NONE;
        return true;
    }
    Text fraction;
    Text whole = numeral_split(numeral, &fraction);
    if (whole.bytes > MOST_SECOND_DIGITS)
        return false;
    int64_t seconds = number_of(whole.at, whole.bytes);
    if (seconds > MOST_SECONDS)
        return false;
    size_t decimals = fraction.bytes < DECIMALS ? fraction.bytes : DECIMALS;
    int64_t nanoseconds = number_of(fraction.at, decimals);
    for (; decimals < DECIMALS; decimals++)
        nanoseconds *= 10;
    *ns = seconds * NS_PER_S + nanoseconds;
    *rest = fraction.bytes > DECIMALS ? rest_of(fraction.at + DECIMALS, fraction.at + fraction.bytes) : REST_NONE;
    return true;
}

#endif
