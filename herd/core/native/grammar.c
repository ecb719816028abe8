#include "grammar.h"

#define MOST_DECIMALS 20
#define MOST_TIME_DIGITS 20

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_digits(const char *at, const char *end, size_t most)
{
    const char *limit = (size_t)(end - at) < most ? end : at + most;
    while (at < limit && is_digit(*at))
        at++;
    return at;
}

/* Skip a word of one to `most` bytes and the one space after it. */
static const char *skip_word(const char *at, const char *end, size_t most, Text *word)
{
    const char *begin = at;
    while (at < end && !is_blank(*at))
        at++;
    *word = text_between(begin, at);
    if (word->bytes == 0 || word->bytes > most || at == end || *at != ' ')
        return NULL;
    return at + 1;
}

/* Skip a sign, up to `most_digits` digits and perhaps a fraction; NULL if they are more degrees than `most`. */
static const char *skip_degrees(const char *at, const char *end, size_t most_digits, int most)
{
    if (at == end || (*at != '+' && *at != '-'))
        return NULL;
    const char *begin = at + 1;
    at = skip_digits(begin, end, most_digits);
    if (at == begin)
        return NULL;
    int degrees = 0;
    for (const char *digit = begin; digit < at; digit++)
        degrees = degrees * 10 + (*digit - '0');
    if (degrees > most || (at - begin == 3 && *begin == '0'))
        return NULL;
    if (at == end || *at != '.')
        return at;
    if (degrees == most)
        return NULL; /* 90.0 is right too, but for the strict parser to say */
    const char *decimals = at + 1;
    at = skip_digits(decimals, end, MOST_DECIMALS);
    return at == decimals ? NULL : at;
}

static const char *skip_position(const char *at, const char *end)
{
    at = skip_degrees(at, end, 2, 90);
    if (at != NULL)
        at = skip_degrees(at, end, 3, 180);
    return at == NULL || at == end || *at != ' ' ? NULL : at + 1;
}

static const char *skip_time(const char *at, const char *end, size_t most_digits, Text *time)
{
    const char *begin = at;
    at = skip_digits(begin, end, most_digits);
    if (at == begin)
        return NULL;
    if (at < end && *at == '.') {
        const char *decimals = at + 1;
        at = skip_digits(decimals, end, most_digits);
        if (at == decimals)
            return NULL;
    }
    *time = text_between(begin, at);
    return at;
}

static const char *skip_difference(const char *at, const char *end, Text *difference)
{
    const char *begin = at;
    if (at == end || (*at != '+' && *at != '-'))
        return NULL;
    at = skip_digits(begin + 1, end, (size_t)(end - begin));
    if (at == begin + 1 || at == end || *at != '.')
        return NULL;
    const char *decimals = at + 1;
    at = skip_digits(decimals, end, DECIMALS);
    if (at - decimals != DECIMALS || at == end || *at != ' ')
        return NULL;
    *difference = text_between(begin, at);
    return at + 1;
}

const char *scan_report(const char *at, const char *end, size_t longest_id, Report *report)
{
    if (end - at < 6 || memcmp(at, "IAMAT ", 6) != 0)
        return NULL;
    const char *fields = at + 6;
    at = skip_word(fields, end, longest_id, &report->client_id);
    if (at != NULL)
        at = skip_position(at, end);
    if (at != NULL)
        at = skip_time(at, end, MOST_TIME_DIGITS, &report->time);
    if (at == NULL)
        return NULL;
    report->fields = text_between(fields, at);
    report->has_carriage_return = at < end && *at == '\r';
    if (report->has_carriage_return)
        at++;
    return at < end && *at == '\n' ? at + 1 : NULL;
}

const char *scan_at_line(const char *at, const char *end, AtLine *line)
{
    const char *begin = at;
    if (end - at < 3 || memcmp(at, "AT ", 3) != 0)
        return NULL;
    at = skip_word(at + 3, end, SIZE_MAX, &line->origin);
    if (at != NULL)
        at = skip_difference(at, end, &line->difference);
    if (at != NULL)
        at = skip_word(at, end, SIZE_MAX, &line->client_id);
    if (at != NULL)
        at = skip_position(at, end);
    if (at != NULL)
        at = skip_time(at, end, SIZE_MAX, &line->time);
    if (at == NULL || at == end || *at != '\n')
        return NULL;
    line->line = text_between(begin, at);
    return at + 1;
}

bool split_at_line(Text text, AtLine *line)
{
    Text fields[6];
    const char *at = text.at, *end = text.at + text.bytes;
    for (int i = 0; i < 5; i++) {
        const char *space = memchr(at, ' ', (size_t)(end - at));
        if (space == NULL)
            return false;
        fields[i] = text_between(at, space);
        at = space + 1;
    }
    fields[5] = text_between(at, end);
    *line = (AtLine){text, fields[1], fields[2], fields[3], fields[5]};
    return memchr(at, ' ', (size_t)(end - at)) == NULL;
}

size_t count_lines(const char *at, const char *end)
{
    size_t count = 0;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        count++;
        at++;
    }
    return count;
}
