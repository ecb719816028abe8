#include "report.h"

#include <string.h>

static uint32_t mixed(uint32_t number)
{
    number = (number ^ (number >> 16)) * 0x7feb352dU;
    number = (number ^ (number >> 15)) * 0x846ca68bU;
    return number ^ (number >> 16);
}

void clients_place(struct client *clients, uint32_t count)
{
    for (uint32_t each = 0; each < count; each++) {
        uint32_t chance = mixed(each + 1);
        clients[each].latitude = (int32_t)(chance % 120000000U) - 60000000;
        clients[each].longitude = (int32_t)(mixed(chance) % 340000000U) - 170000000;
        clients[each].newest = NO_REPORT;
    }
}

struct report client_report(struct client *clients, uint32_t client, uint32_t number, int64_t began_ns)
{
    struct client *who = &clients[client];
    uint32_t chance = mixed(number ^ (client << 7));
    /* Some 50 m at most; clients that drift far away turn back, so that every position stays valid. */
    int32_t north = (int32_t)(chance % 1001) - 500, east = (int32_t)((chance >> 16) % 1001) - 500;
    who->latitude += who->latitude > 80000000 ? -500 : who->latitude < -80000000 ? 500 : north;
    who->longitude += who->longitude > 175000000 ? -500 : who->longitude < -175000000 ? 500 : east;
    who->newest = number;
    return (struct report){client, who->latitude, who->longitude, began_ns + number};
}

char *write_text(char *out, const char *text)
{
    size_t length = strlen(text);
    memcpy(out, text, length);
    return out + length;
}

static char *write_digits(char *out, uint64_t value, int digits)
{
    for (int each = digits - 1; each >= 0; each--) {
        out[each] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + digits;
}

char *write_id(char *out, const struct report *report)
{
    out = write_text(out, "client");
    out = write_digits(out, report->client, 7);
    return write_text(out, ".example.org");
}

char *write_degrees(char *out, int32_t millionths, int is_signed)
{
    uint32_t size = (uint32_t)(millionths < 0 ? -millionths : millionths);
    uint32_t whole = size / 1000000;
    if (millionths < 0)
        *out++ = '-';
    else if (is_signed)
        *out++ = '+';
    out = write_digits(out, whole, whole < 10 ? 1 : whole < 100 ? 2 : 3);
    *out++ = '.';
    return write_digits(out, size % 1000000, 6);
}

char *write_time(char *out, const struct report *report)
{
    out = write_digits(out, (uint64_t)(report->time_ns / 1000000000), 10);
    *out++ = '.';
    return write_digits(out, (uint64_t)(report->time_ns % 1000000000), 9);
}

int64_t time_at_end(const char *line, size_t length)
{
    if (length < TIME_LENGTH || line[length - 10] != '.')
        return -1;
    int64_t time_ns = 0;
    for (const char *digit = line + length - TIME_LENGTH; digit < line + length; digit++) {
        if (*digit == '.')
            continue;
        if (*digit < '0' || *digit > '9')
            return -1;
        time_ns = 10 * time_ns + (*digit - '0');
    }
    return time_ns;
}
