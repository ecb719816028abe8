/* A server that writes back what it reads: what the kernel alone costs. `echo PORT` listens on loopback. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 64

static void echo(int fd)
{
    static char buffer[1 << 16];
    ssize_t got = read(fd, buffer, sizeof buffer);
    if (got <= 0 || send(fd, buffer, (size_t)got, MSG_NOSIGNAL) != got)
        close(fd); /* gone, or it does not read: neither is measured */
}

int main(int count, char **words)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event events[EVENTS];
    int door = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0), on = 1;

    where.sin_port = htons((uint16_t)(count > 1 ? atoi(words[1]) : 0));
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* ends with who started it */
    if (bind(door, (struct sockaddr *)&where, sizeof where) < 0 || listen(door, 128) < 0) {
        perror("echo");
        return 1;
    }
    struct epoll_event wish = {.events = EPOLLIN, .data.fd = door};
    epoll_ctl(poll, EPOLL_CTL_ADD, door, &wish);
    for (;;) {
        int count = epoll_wait(poll, events, EVENTS, -1);
        for (int each = 0; each < count; each++) {
            if (events[each].data.fd != door) {
                echo(events[each].data.fd);
                continue;
            }
            int fd = accept(door, NULL, NULL);
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            struct epoll_event guest = {.events = EPOLLIN, .data.fd = fd};
            epoll_ctl(poll, EPOLL_CTL_ADD, fd, &guest);
        }
    }
}
