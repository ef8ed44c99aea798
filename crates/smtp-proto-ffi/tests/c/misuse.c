/* Handles that were freed, of the wrong kind, or used by two threads. What is freed here stays readable, so that a freed
 * handle can be looked at without undefined behaviour. */
#include <pthread.h>
#include <smtp_proto.h>
#include <string.h>

#include "check.h"

static smtp_delivery *delivery = NULL;
/* Whether the next allocation looks at the delivery from another thread. */
static bool interrupts = false;
static smtp_status seen_by_poll, seen_by_sent, seen_by_free;

static void *other_thread(void *unused)
{
    smtp_step step;
    (void)unused;
    seen_by_poll = smtp_delivery_poll(delivery, &step, sizeof step);
    seen_by_sent = smtp_delivery_sent(delivery, 1);
    seen_by_free = smtp_delivery_free(delivery);
    return NULL;
}

static void *allocate(void *context, size_t size)
{
    (void)context;
    if (interrupts) {
        pthread_t thread;
        interrupts = false;
        CHECK(pthread_create(&thread, NULL, other_thread, NULL) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
    return malloc(size);
}

static void *reallocate(void *context, void *memory, size_t size)
{
    (void)context;
    return realloc(memory, size);
}

/* Everything that was freed, for the leak check. */
static void *freed[1 << 16];
static size_t freed_count = 0;

static void release(void *context, void *memory)
{
    (void)context;
    CHECK(freed_count < sizeof freed / sizeof *freed);
    freed[freed_count++] = memory;
}

int main(void)
{
    smtp_allocator allocator = { NULL, allocate, reallocate, release };
    smtp_config *config = NULL;
    smtp_envelope *envelope = NULL;
    smtp_delivery *never = (smtp_delivery *)&allocator;
    smtp_step step;
    uint64_t value;
    char why[128];
    CHECK(smtp_set_allocator(&allocator) == SMTP_OK);
    CHECK(smtp_config_new("client.example", 14, &config) == SMTP_OK);
    CHECK(smtp_envelope_new("", 0, &envelope) == SMTP_OK);
    CHECK(smtp_delivery_new(config, envelope, &never) == SMTP_INVALID_ARGUMENT); /* no recipients */
    CHECK(never == NULL);
    CHECK(smtp_envelope_add_recipient(envelope, "bob@example.net", 15) == SMTP_OK);
    CHECK(smtp_delivery_new(config, envelope, &delivery) == SMTP_OK);

    /* Handles of another kind. */
    CHECK(smtp_delivery_poll((smtp_delivery *)config, &step, sizeof step) == SMTP_BAD_HANDLE);
    CHECK(smtp_config_get((smtp_config *)delivery, SMTP_OPTION_TLS, &value) == SMTP_BAD_HANDLE);
    CHECK(smtp_delivery_deliver_next(delivery, (smtp_envelope *)delivery) == SMTP_BAD_HANDLE);
    CHECK(smtp_envelope_free((smtp_envelope *)delivery) == SMTP_BAD_HANDLE);
    CHECK(smtp_error_text("no handle, but a text of some length", why, sizeof why, NULL) == SMTP_BAD_HANDLE);

    /* A step that is answered twice. */
    CHECK(smtp_delivery_connected(delivery) == SMTP_OK);
    CHECK(smtp_error_text(delivery, why, sizeof why, NULL) == SMTP_OK && *why == '\0');
    CHECK(smtp_delivery_connected(delivery) == SMTP_MISUSE);
    CHECK(smtp_error_text(delivery, why, sizeof why, NULL) == SMTP_OK);
    CHECK(strcmp(why, "the delivery did not ask for a connection") == 0);

    /* Two threads. The first allocation of a call sets memory aside. */
    interrupts = true;
    CHECK(smtp_delivery_received(delivery, (const uint8_t *)"220 mx\r\n", 8) == SMTP_OK);
    CHECK(!interrupts && seen_by_poll == SMTP_BUSY && seen_by_sent == SMTP_BUSY && seen_by_free == SMTP_BUSY);
    CHECK(smtp_delivery_poll(delivery, &step, sizeof step) == SMTP_OK && step.kind == SMTP_STEP_TRANSMIT);

    /* Freed handles. */
    CHECK(smtp_delivery_free(delivery) == SMTP_OK && smtp_delivery_free(delivery) == SMTP_BAD_HANDLE);
    CHECK(smtp_delivery_poll(delivery, &step, sizeof step) == SMTP_BAD_HANDLE);
    CHECK(smtp_delivery_received(delivery, NULL, 0) == SMTP_BAD_HANDLE);
    CHECK(smtp_config_free(config) == SMTP_OK && smtp_config_free(config) == SMTP_BAD_HANDLE);
    CHECK(smtp_envelope_free(envelope) == SMTP_OK && smtp_envelope_free(envelope) == SMTP_BAD_HANDLE);
    CHECK(smtp_delivery_free(NULL) == SMTP_OK && smtp_envelope_free(NULL) == SMTP_OK);
    CHECK(smtp_config_free(NULL) == SMTP_OK);
    while (freed_count > 0) free(freed[--freed_count]);
    return 0;
}
