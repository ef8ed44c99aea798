/* Each call in turn runs out of memory, after each number of allocations. It is then refused and has changed nothing, or
 * it succeeds with what was set aside. In the end, the message is delivered. */
#include "scripted.h"

/* How many allocations succeed; negative: all. */
static long budget = -1;
static long allocations = 0;
static long in_use = 0;

static bool refused(void)
{
    if (budget == 0) return true;
    if (budget > 0) budget--;
    allocations++;
    return false;
}

static void *allocate(void *context, size_t size)
{
    void *memory = refused() ? NULL : malloc(size);
    CHECK(context == &budget && size > 0);
    in_use += memory != NULL;
    return memory;
}

static void *reallocate(void *context, void *memory, size_t size)
{
    CHECK(context == &budget && memory != NULL && size > 0);
    return refused() ? NULL : realloc(memory, size);
}

static void release(void *context, void *memory)
{
    CHECK(context == &budget && memory != NULL);
    in_use--;
    free(memory);
}

/* One call of the script. */
typedef smtp_status (*call)(void *with);

static long short_call, short_after, calls, refusals, saved;

/* Makes a call. If it is its turn, memory runs out after some allocations. */
static void make(call what, void *with)
{
    smtp_status status;
    if (calls++ == short_call) {
        long before = allocations;
        budget = short_after;
        status = what(with);
        budget = -1;
        if (status == SMTP_NO_MEMORY) {
            refusals++;
        } else {
            CHECK(status == SMTP_OK);
            saved += allocations - before == short_after;
            return;
        }
    }
    CHECK(what(with) == SMTP_OK);
}

#define RECIPIENTS 60

typedef struct {
    smtp_config *config;
    smtp_envelope *envelope;
    smtp_delivery *delivery;
    smtp_step step;
    const char *text;
    size_t len;
    server server;
    char input[65536];
} script;

static smtp_status config_new(void *with)
{
    script *s = with;
    smtp_status status = smtp_config_new("client.example", 14, &s->config);
    CHECK((s->config == NULL) == (status != SMTP_OK));
    return status;
}

static smtp_status config_keep(void *with)
{
    return smtp_config_set(((script *)with)->config, SMTP_OPTION_AFTERWARDS, SMTP_AFTERWARDS_KEEP);
}

static smtp_status config_clear(void *with)
{
    return smtp_config_set(((script *)with)->config, SMTP_OPTION_AUTH_IN_CLEAR, 1);
}

static smtp_status config_chunk(void *with)
{
    return smtp_config_set(((script *)with)->config, SMTP_OPTION_LIMIT_CHUNK, 200000);
}

static smtp_status config_plain(void *with)
{
    return smtp_config_add_mechanism(((script *)with)->config, SMTP_MECHANISM_PLAIN);
}

static smtp_status envelope_new(void *with)
{
    return smtp_envelope_new("alice@example.com", 17, &((script *)with)->envelope);
}

static smtp_status add_recipient(void *with)
{
    return smtp_envelope_add_recipient(((script *)with)->envelope, "bob@example.net", 15);
}

static smtp_status set_id(void *with)
{
    return smtp_envelope_set_id(((script *)with)->envelope, "an identifier", 13);
}

static smtp_status delivery_new(void *with)
{
    script *s = with;
    return smtp_delivery_new(s->config, s->envelope, &s->delivery);
}

static smtp_status next(void *with)
{
    return smtp_delivery_deliver_next(((script *)with)->delivery, ((script *)with)->envelope);
}

static smtp_status quit(void *with)
{
    return smtp_delivery_quit(((script *)with)->delivery);
}

static smtp_status connected(void *with)
{
    return smtp_delivery_connected(((script *)with)->delivery);
}

static smtp_status sent(void *with)
{
    return smtp_delivery_sent(((script *)with)->delivery, ((script *)with)->step.octets_len);
}

static smtp_status received(void *with)
{
    script *s = with;
    return smtp_delivery_received(s->delivery, (const uint8_t *)s->text, s->len);
}

static smtp_status hung_up(void *with)
{
    return smtp_delivery_disconnected(((script *)with)->delivery, SMTP_DISCONNECT_CLOSED);
}

static smtp_status content(void *with)
{
    script *s = with;
    return smtp_delivery_content(s->delivery, (const uint8_t *)s->text, s->len);
}

static smtp_status end_content(void *with)
{
    return smtp_delivery_end_content(((script *)with)->delivery);
}

static smtp_status auth_start(void *with)
{
    return smtp_delivery_auth_start(((script *)with)->delivery, (const uint8_t *)"\0user\0password", 14);
}

static smtp_status auth_complete(void *with)
{
    return smtp_delivery_auth_complete(((script *)with)->delivery);
}

/* Drives until the delivery is done. */
static void drive(script *s)
{
    static char block[16384];
    size_t at;
    for (at = 0; at < sizeof block; at++) block[at] = "0123456789abcd\r\n"[at % 16];
    for (;;) {
        CHECK(smtp_delivery_poll(s->delivery, &s->step, sizeof s->step) == SMTP_OK);
        switch (s->step.kind) {
        case SMTP_STEP_CONNECT:
            make(connected, s);
            s->server.len = 0;
            s->server.greeted = 0;
            s->server.chunk = 0;
            break;
        case SMTP_STEP_TRANSMIT:
            CHECK(s->server.len + s->step.octets_len < sizeof s->server.commands);
            memcpy(s->server.commands + s->server.len, s->step.octets, s->step.octets_len);
            s->server.len += s->step.octets_len;
            make(sent, s);
            break;
        case SMTP_STEP_RECEIVE:
            s->text = s->input;
            s->len = replies(&s->server, s->input, sizeof s->input);
            if (s->len > 0) make(received, s);
            else make(hung_up, s);
            break;
        case SMTP_STEP_CONTENT:
            s->text = block;
            s->len = s->server.content < s->step.room ? s->server.content : s->step.room;
            if (s->len > sizeof block) s->len = sizeof block;
            s->server.content -= s->len;
            if (s->len > 0) make(content, s);
            else make(end_content, s);
            break;
        case SMTP_STEP_AUTH_START:
            make(auth_start, s);
            break;
        case SMTP_STEP_AUTH_SUCCESS:
            make(auth_complete, s);
            break;
        default:
            CHECK(s->step.kind == SMTP_STEP_DONE);
            return;
        }
    }
}

/* Looking at a delivery allocates nothing. */
static void look(const smtp_delivery *delivery)
{
    long before = allocations;
    char text[64];
    smtp_report report;
    smtp_recipient recipient;
    smtp_attempt attempt;
    CHECK(smtp_delivery_report(delivery, &report, sizeof report) == SMTP_OK && report.recipients == RECIPIENTS);
    CHECK(smtp_delivery_recipient(delivery, RECIPIENTS - 1, &recipient, sizeof recipient) == SMTP_OK);
    CHECK(smtp_delivery_attempt(delivery, 0, &attempt, sizeof attempt) == SMTP_OK);
    CHECK(smtp_delivery_recipient_reason(delivery, 0, text, sizeof text, NULL) == SMTP_OK);
    CHECK(smtp_delivery_attempt_text(delivery, 0, text, sizeof text, NULL) == SMTP_OK);
    CHECK(smtp_delivery_report_text(delivery, text, sizeof text, NULL) == SMTP_OK);
    CHECK(smtp_delivery_report_json(delivery, text, sizeof text, NULL) == SMTP_OK);
    CHECK(strncmp(text, "{\"outcome\":\"delivered\",", 23) == 0);
    CHECK(smtp_error_text(delivery, text, sizeof text, NULL) == SMTP_OK && *text == '\0');
    CHECK(allocations == before);
}

/* Two messages over one connection, then QUIT. Returns the number of calls. */
static long play(const answer *answers, bool authenticates)
{
    static script s;
    int recipient;
    memset(&s, 0, sizeof s);
    s.server.answers = answers;
    calls = 0;
    make(config_new, &s);
    make(config_keep, &s);
    if (authenticates) {
        make(config_clear, &s);
        make(config_plain, &s);
        make(config_chunk, &s);
    }
    make(envelope_new, &s);
    for (recipient = 0; recipient < RECIPIENTS; recipient++) make(add_recipient, &s);
    make(set_id, &s);
    make(delivery_new, &s);
    s.server.content = 250000;
    drive(&s);
    CHECK(s.step.outcome == SMTP_OUTCOME_DELIVERED);
    look(s.delivery);
    make(next, &s);
    s.server.content = 10;
    drive(&s);
    CHECK(s.step.outcome == SMTP_OUTCOME_DELIVERED);
    make(quit, &s);
    drive(&s);
    CHECK(smtp_delivery_free(s.delivery) == SMTP_OK);
    CHECK(smtp_envelope_free(s.envelope) == SMTP_OK);
    CHECK(smtp_config_free(s.config) == SMTP_OK);
    CHECK(in_use == 0);
    return calls;
}

static const answer PLAIN[] = {
    { "EHLO", NULL }, /* the server hangs up */
    { "HELO", "250 mx\r\n" },
    { "MAIL", "250 ok\r\n" },
    { "RCPT", "250 2.1.5 a recipient with a long reply, of which the report keeps a copy\r\n" },
    { "DATA", "354 go on\r\n" },
    { ".", "250 2.0.0 queued\r\n" },
    { "RSET", "250 ok\r\n" },
    { "QUIT", "221 bye\r\n" },
    { NULL, NULL },
};

static const answer PIPELINED[] = {
    { "EHLO", "250-mx\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-DSN\r\n250-AUTH PLAIN LOGIN\r\n250 CHUNKING\r\n" },
    { "AUTH", "235 2.7.0 in\r\n" },
    { "MAIL", "250 ok\r\n" },
    { "RCPT", "250 ok\r\n" },
    { "BDAT", "250 2.0.0 taken\r\n" },
    { "RSET", "250 ok\r\n" },
    { "QUIT", "221 bye\r\n" },
    { NULL, NULL },
};

/* With a number, only every so many calls are tried. */
int main(int argc, char **argv)
{
    const struct {
        const answer *answers;
        bool authenticates;
    } cases[] = { { PLAIN, false }, { PIPELINED, true } };
    long stride = argc > 1 ? atol(argv[1]) : 1;
    smtp_allocator allocator = { &budget, allocate, reallocate, release };
    size_t at;
    CHECK(smtp_set_allocator(NULL) == SMTP_INVALID_ARGUMENT);
    allocator.release = NULL;
    CHECK(smtp_set_allocator(&allocator) == SMTP_INVALID_ARGUMENT);
    allocator.release = release;
    CHECK(smtp_set_allocator(&allocator) == SMTP_OK);
    for (at = 0; at < sizeof cases / sizeof *cases; at++) {
        long total;
        short_call = -1;
        total = play(cases[at].answers, cases[at].authenticates);
        /* After no allocation, the block cannot be set aside. After one, all else comes out of it. */
        for (short_after = 0; short_after < 4; short_after++)
            for (short_call = 0; short_call < total; short_call += stride)
                play(cases[at].answers, cases[at].authenticates);
        printf("%ld calls\n", total);
    }
    CHECK(smtp_set_allocator(&allocator) == SMTP_MISUSE);
    printf("%ld calls were refused, %ld used up what was left\n", refusals, saved);
    CHECK(refusals > 0 && saved > 0);
    return 0;
}
