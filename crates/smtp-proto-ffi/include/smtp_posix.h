/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A driver of smtp_proto.h for TCP on POSIX systems, with poll(2). It has no TLS and no credentials, so a message that
 * needs them is deferred. Include it as it is, or copy it and make your own driver of it.
 *
 *     smtp_posix net = SMTP_POSIX("mail.example.com", "25");
 *     smtp_status status = smtp_posix_deliver(&net, delivery, message);
 *     smtp_posix_close(&net);
 *
 * It needs POSIX.1-2008: compile with -D_POSIX_C_SOURCE=200809L if you ask for a C standard.
 */
#ifndef SMTP_POSIX_H
#define SMTP_POSIX_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "smtp_proto.h"

/* One connection at a time to a server. */
typedef struct smtp_posix {
    const char *host, *port;
    int fd; /* -1 without a connection */
    bool write_failed; /* what has arrived is read before that is reported */
    smtp_clock clock;
    struct sockaddr_storage peer; /* where the last connection went */
    socklen_t peer_len;
} smtp_posix;

/* A server, without a connection. */
#define SMTP_POSIX(host, port) { (host), (port), -1, false, { 0, 0, 0 }, { 0 }, 0 }

/* Closes the connection, if there is one. */
static inline void smtp_posix_close(smtp_posix *net)
{
    if (net->fd >= 0) close(net->fd);
    net->fd = -1;
}

static inline uint64_t smtp_posix_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Waits for the connection, up to `left` milliseconds. Returns 0 when the time is up. */
static inline int smtp_posix_wait(int fd, short events, uint64_t left)
{
    struct pollfd wanted;
    wanted.fd = fd;
    wanted.events = events;
    wanted.revents = 0;
    return poll(&wanted, 1, left < INT_MAX ? (int)left : INT_MAX);
}

/* Connects to one address. Returns 0, or the error. */
static inline int smtp_posix_try(smtp_posix *net, const struct sockaddr *address, socklen_t len, uint64_t timeout)
{
    int error = 0, on = 1, ready;
    socklen_t error_len = sizeof error;
    uint64_t now = smtp_posix_now(), end = timeout < UINT64_MAX - now ? now + timeout : UINT64_MAX;
    if ((net->fd = socket(address->sa_family, SOCK_STREAM, 0)) < 0) return errno;
    fcntl(net->fd, F_SETFD, FD_CLOEXEC);
    fcntl(net->fd, F_SETFL, O_NONBLOCK);
    setsockopt(net->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(net->fd, address, len) == 0) return 0;
    if (errno != EINPROGRESS && errno != EINTR) return errno;
    do {
        now = smtp_posix_now();
        ready = smtp_posix_wait(net->fd, POLLOUT, now < end ? end - now : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) return errno;
    if (ready == 0) return ETIMEDOUT;
    return getsockopt(net->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0 ? errno : error;
}

/* Says which local address the new connection has. */
static inline smtp_status smtp_posix_connected(smtp_posix *net, smtp_delivery *delivery)
{
    union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } local;
    socklen_t len = sizeof local;
    if (getsockname(net->fd, &local.any, &len) == 0) {
        if (local.any.sa_family == AF_INET)
            return smtp_delivery_connected_from(delivery, (const uint8_t *)&local.v4.sin_addr, 4);
        if (local.any.sa_family == AF_INET6)
            return smtp_delivery_connected_from(delivery, (const uint8_t *)&local.v6.sin6_addr, 16);
    }
    return smtp_delivery_connected(delivery);
}

/* Opens a connection to the same address again, or to the first that accepts it. */
static inline smtp_status smtp_posix_connect(smtp_posix *net, smtp_delivery *delivery, const smtp_step *step)
{
    struct addrinfo hints, *found = NULL, *at;
    const char *why = "the name has no address";
    int error;
    smtp_posix_close(net);
    net->write_failed = false;
    memset(&net->clock, 0, sizeof net->clock);
    if (step->place == SMTP_PLACE_SAME && net->peer_len > 0) {
        error = smtp_posix_try(net, (const struct sockaddr *)&net->peer, net->peer_len, step->timeout);
        if (error == 0) return smtp_posix_connected(net, delivery);
        why = strerror(error);
        smtp_posix_close(net);
        return smtp_delivery_connect_failed(delivery, why, strlen(why));
    }
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    error = getaddrinfo(net->host, net->port, &hints, &found);
    if (error != 0) why = gai_strerror(error);
    for (at = found; at != NULL; at = at->ai_next) {
        error = smtp_posix_try(net, at->ai_addr, at->ai_addrlen, step->timeout);
        if (error == 0) {
            memcpy(&net->peer, at->ai_addr, at->ai_addrlen);
            net->peer_len = at->ai_addrlen;
            break;
        }
        why = strerror(error);
        smtp_posix_close(net);
    }
    if (found != NULL) freeaddrinfo(found);
    if (net->fd >= 0) return smtp_posix_connected(net, delivery);
    return smtp_delivery_connect_failed(delivery, why, strlen(why));
}

/* Gives the next octets of the message, or its end. */
static inline smtp_status smtp_posix_content(smtp_delivery *delivery, FILE *message, size_t room)
{
    uint8_t octets[16384];
    size_t len = message == NULL ? 0 : fread(octets, 1, room < sizeof octets ? room : sizeof octets, message);
    if (len > 0) return smtp_delivery_content(delivery, octets, len);
    if (message != NULL && ferror(message)) return smtp_delivery_cancel(delivery, SMTP_CANCEL_CONTENT_UNREADABLE);
    return smtp_delivery_end_content(delivery);
}

/* Reads what has arrived. If there is nothing, writes what there is to write. If that is not possible, waits. */
static inline smtp_status smtp_posix_exchange(smtp_posix *net, smtp_delivery *delivery, const smtp_step *step)
{
    uint8_t octets[16384];
    bool transmits = step->kind == SMTP_STEP_TRANSMIT && !net->write_failed;
    ssize_t len = recv(net->fd, octets, sizeof octets, 0);
    uint64_t left;
    if (len > 0) return smtp_delivery_received(delivery, octets, (size_t)len);
    if (len == 0) return smtp_delivery_disconnected(delivery, SMTP_DISCONNECT_CLOSED);
    if (errno == EINTR) return SMTP_OK;
    if (net->write_failed) return smtp_delivery_disconnected(delivery, SMTP_DISCONNECT_WRITE_FAILED);
    if (errno == ECONNRESET) return smtp_delivery_disconnected(delivery, SMTP_DISCONNECT_RESET);
    if (errno != EAGAIN && errno != EWOULDBLOCK) return smtp_delivery_disconnected(delivery, SMTP_DISCONNECT_READ_FAILED);
    if (transmits) {
        len = send(net->fd, step->octets, step->octets_len, MSG_NOSIGNAL);
        if (len > 0) return smtp_delivery_sent(delivery, (size_t)len);
        if (errno == EINTR) return SMTP_OK;
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            net->write_failed = true;
            return SMTP_OK;
        }
    }
    left = smtp_clock_left(&net->clock, step, smtp_posix_now());
    if (left == 0) return smtp_delivery_timed_out(delivery);
    smtp_posix_wait(net->fd, (short)(transmits ? POLLIN | POLLOUT : POLLIN), left);
    return SMTP_OK;
}

/* Performs the steps of a delivery until it is done. `message` is read from where it stands; if it cannot be rewound, a
 * message that needs several transactions is deferred for some of its recipients. It may be NULL if nothing is sent, as
 * after smtp_delivery_quit. If the connection is kept, the next call uses it. Any status but SMTP_OK ends the call: the
 * same call again goes on where it was. */
static inline smtp_status smtp_posix_deliver(smtp_posix *net, smtp_delivery *delivery, FILE *message)
{
    static const char no_tls[] = "this driver does not support TLS", no_auth[] = "this driver has no credentials";
    long start = message == NULL ? -1 : ftell(message);
    smtp_status status;
    smtp_step step;
    memset(&net->clock, 0, sizeof net->clock);
    while ((status = smtp_delivery_poll(delivery, &step, sizeof step)) == SMTP_OK && step.kind != SMTP_STEP_DONE) {
        switch (step.kind) {
        case SMTP_STEP_CONNECT:
            status = smtp_posix_connect(net, delivery, &step);
            break;
        case SMTP_STEP_CONTENT:
            status = smtp_posix_content(delivery, message, step.room);
            break;
        case SMTP_STEP_REWIND:
            if (start >= 0 && fseek(message, start, SEEK_SET) == 0) status = smtp_delivery_rewound(delivery);
            else status = smtp_delivery_cannot_rewind(delivery);
            break;
        case SMTP_STEP_SECURE:
            status = smtp_delivery_secure_failed(delivery, no_tls, sizeof no_tls - 1);
            break;
        case SMTP_STEP_AUTH_START:
        case SMTP_STEP_AUTH_CHALLENGE:
        case SMTP_STEP_AUTH_SUCCESS:
            status = smtp_delivery_auth_abandon(delivery, no_auth, sizeof no_auth - 1);
            break;
        default:
            status = smtp_posix_exchange(net, delivery, &step);
        }
        if (status != SMTP_OK) return status;
    }
    if (status == SMTP_OK && !step.is_kept) smtp_posix_close(net);
    return status;
}

#endif
