/* Sockets and the clock. Failures are told on standard error. */
#ifndef NET_H
#define NET_H

#include <stddef.h>
#include <stdint.h>

/* A clock that never goes back. */
int64_t now_ns(void);

/* Connect to HOST:PORT, an IPv4 address and a port; -1 on failure. Blocks for 5 s at most, here and below. */
int net_connect(const char *address);

/* Say something and read until the answer contains `until`; the answer ends with a zero. 0 on failure. */
int net_exchange(int fd, const char *said, size_t length, char *answer, size_t room, const char *until);

void net_unblock(int fd);

#endif
