/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp_connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(const struct addrinfo *address)
{
    const int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);
    if (fd < 0) {
        return -1;
    }
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* requests are small and waited for */
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        const int reason = errno;
        (void)close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

int reflash_tcp_connect(const char *host, const char *service)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    int fd = -1;
    if (getaddrinfo(host, service, &hints, &addresses) != 0) {
        errno = EHOSTUNREACH;
        return -1;
    }
    for (const struct addrinfo *address = addresses; address != NULL && fd < 0; address = address->ai_next) {
        fd = connect_to(address);
    }
    freeaddrinfo(addresses);
    return fd;
}
