/* A delivery in memory, with the server's replies in a table. */
#ifndef SCRIPTED_H
#define SCRIPTED_H

#include <smtp_proto.h>

#include <string.h>

#include "check.h"

/* What a server replies to a command that starts like this. */
typedef struct {
    const char *command, *reply;
} answer;

/* The state of the server. */
typedef struct {
    const answer *answers;
    char commands[1000000]; /* not answered yet */
    size_t len;
    size_t chunk; /* octets of a chunk that have not arrived yet */
    size_t content; /* octets of content that were not given yet */
    int greeted;
} server;

/* Replies to all that was sent. Returns the number of octets. */
static size_t replies(server *server, char *out, size_t room)
{
    size_t len = 0, at = 0;
    if (!server->greeted) {
        server->greeted = 1;
        return (size_t)snprintf(out, room, "220 mx\r\n");
    }
    while (at < server->len) {
        const char *start = server->commands + at, *end = memchr(start, '\n', server->len - at);
        const answer *found = server->answers;
        if (server->chunk > 0) {
            size_t arrived = server->chunk < server->len - at ? server->chunk : server->len - at;
            server->chunk -= arrived;
            at += arrived;
            continue;
        }
        if (end == NULL) break;
        if (strncmp(start, "BDAT ", 5) == 0) server->chunk = strtoull(start + 5, NULL, 10);
        while (found->command != NULL && strncmp(start, found->command, strlen(found->command)) != 0) found++;
        if (found->reply != NULL) {
            CHECK(len + strlen(found->reply) < room);
            len += (size_t)sprintf(out + len, "%s", found->reply);
        }
        at = (size_t)(end - server->commands) + 1;
    }
    memmove(server->commands, server->commands + at, server->len - at);
    server->len -= at;
    return len;
}

#endif
