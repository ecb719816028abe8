/* The two lines that the hot path knows: a client's IAMAT and a server's AT, in the one form in which programs send them.
 *
 *     IAMAT <client id> <position> <time>
 *     AT <origin> <difference> <client id> <position> <time>
 *
 * Single blanks, plain numerals, nothing else: the same language as the expressions of `ingest.py`. A line of any
 * other form is not wrong; it is for the strict parsers, which are the specification.
 */
#ifndef HERD_GRAMMAR_H
#define HERD_GRAMMAR_H

#include "key.h"

/* One IAMAT line; `fields` is `<client id> <position> <time>` in one piece. */
typedef struct {
    Text client_id;
    Text time;
    Text fields;
    Key key; /* of the client id; not for the grammar to say */
    bool has_carriage_return;
} Report;

/* One AT line without its ending. */
typedef struct {
    Text line;
    Text origin;
    Text difference;
    Text client_id;
    Text time;
    Key key; /* of the client id; not for the grammar to say */
} AtLine;

/* Scan the IAMAT line that begins at `at`; return where the next begins, or NULL. */
const char *scan_report(const char *at, const char *end, size_t longest_id, Report *report);

/* Scan the AT line that begins at `at`; return where the next begins, or NULL. */
const char *scan_at_line(const char *at, const char *end, AtLine *line);

/* Find the fields of an AT line that is known to be one; false if it has not six of them. */
bool split_at_line(Text text, AtLine *line);

/* How many lines end in these bytes. */
size_t count_lines(const char *at, const char *end);

#endif
