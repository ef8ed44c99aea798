/* The driver of smtp_posix.h, commanded by lines on standard input, whose words are separated by tabs. The conformance
 * kit in smtp-testkit runs it. */
#include <smtp_posix.h>

#include <stdlib.h>

static char *words[8];
static size_t count;

static void check(smtp_status status, const void *handle)
{
    char why[256] = "";
    if (status == SMTP_OK) return;
    smtp_error_text(handle, why, sizeof why, NULL);
    fprintf(stderr, "%s: %s: %s\n", words[0], smtp_status_text(status), why);
    exit(1);
}

static const char *word(size_t at)
{
    return at < count ? words[at] : NULL;
}

static size_t length(size_t at)
{
    return at < count ? strlen(words[at]) : 0;
}

static unsigned long long number(size_t at)
{
    return at < count ? strtoull(words[at], NULL, 10) : 0;
}

static void split(char *line)
{
    count = 0;
    line[strcspn(line, "\n")] = '\0';
    while (line != NULL && count < sizeof words / sizeof *words) {
        char *tab = strchr(line, '\t');
        if (tab != NULL) *tab++ = '\0';
        words[count++] = line;
        line = tab;
    }
}

/* A file with the next octets of standard input. */
static FILE *content(size_t len)
{
    FILE *file = tmpfile();
    int octet;
    while (len-- > 0 && (octet = getchar()) != EOF) putc(octet, file);
    rewind(file);
    return file;
}

static void report(const smtp_delivery *delivery)
{
    smtp_report summary;
    size_t len = 0;
    char *text;
    check(smtp_delivery_report(delivery, &summary, sizeof summary), delivery);
    check(smtp_delivery_report_text(delivery, NULL, 0, &len), delivery);
    text = malloc(len + 1);
    check(smtp_delivery_report_text(delivery, text, len + 1, NULL), delivery);
    printf("%u %zu\n%s", summary.is_kept, len, text);
    fflush(stdout);
    free(text);
}

int main(void)
{
    smtp_posix net = SMTP_POSIX(NULL, NULL);
    char *line = NULL, host[64] = "", port[16] = "";
    size_t size = 0;
    FILE *message = NULL;
    smtp_config *config = NULL;
    smtp_envelope *envelope = NULL;
    smtp_delivery *delivery = NULL;
    net.host = host;
    net.port = port;
    while (getline(&line, &size, stdin) > 0) {
        split(line);
        if (strcmp(words[0], "config") == 0) check(smtp_config_new(word(1), length(1), &config), NULL);
        else if (strcmp(words[0], "option") == 0)
            check(smtp_config_set(config, (uint32_t)number(1), number(2)), config);
        else if (strcmp(words[0], "mechanism") == 0)
            check(smtp_config_add_mechanism(config, (uint32_t)number(1)), config);
        else if (strcmp(words[0], "envelope") == 0) {
            smtp_envelope_free(envelope);
            check(smtp_envelope_new(word(1), length(1), &envelope), NULL);
        } else if (strcmp(words[0], "recipient") == 0)
            check(smtp_envelope_add_recipient(envelope, word(1), length(1)), envelope);
        else if (strcmp(words[0], "set") == 0)
            check(smtp_envelope_set(envelope, (uint32_t)number(1), number(2)), envelope);
        else if (strcmp(words[0], "notify") == 0)
            check(smtp_envelope_set_notify(envelope, number(1), (uint32_t)number(2)), envelope);
        else if (strcmp(words[0], "original") == 0)
            check(smtp_envelope_set_original_recipient(envelope, number(1), word(2), length(2), word(3), length(3)),
                  envelope);
        else if (strcmp(words[0], "rcpt-parameter") == 0)
            check(smtp_envelope_add_recipient_parameter(envelope, number(1), word(2), length(2), word(3), length(3),
                                                        word(4), length(4)),
                  envelope);
        else if (strcmp(words[0], "parameter") == 0)
            check(smtp_envelope_add_parameter(envelope, word(1), length(1), word(2), length(2), word(3), length(3)),
                  envelope);
        else if (strcmp(words[0], "id") == 0) check(smtp_envelope_set_id(envelope, word(1), length(1)), envelope);
        else if (strcmp(words[0], "submitter") == 0)
            check(smtp_envelope_set_submitter(envelope, word(1), length(1)), envelope);
        else if (strcmp(words[0], "by") == 0)
            check(smtp_envelope_set_deliver_by(envelope, (int32_t)strtol(word(1), NULL, 10), (uint32_t)number(2),
                                               (uint32_t)number(3)),
                  envelope);
        else if (strcmp(words[0], "content") == 0) {
            if (message != NULL) fclose(message);
            message = content(number(1));
        } else if (strcmp(words[0], "deliver") == 0) {
            snprintf(host, sizeof host, "%s", word(1));
            snprintf(port, sizeof port, "%s", word(2));
            check(smtp_delivery_new(config, envelope, &delivery), envelope);
            check(smtp_posix_deliver(&net, delivery, message), delivery);
            report(delivery);
        } else if (strcmp(words[0], "next") == 0) {
            check(smtp_delivery_deliver_next(delivery, envelope), delivery);
            check(smtp_posix_deliver(&net, delivery, message), delivery);
            report(delivery);
        } else if (strcmp(words[0], "quit") == 0) {
            check(smtp_delivery_quit(delivery), delivery);
            check(smtp_posix_deliver(&net, delivery, NULL), delivery);
            report(delivery);
        } else {
            fprintf(stderr, "unknown: %s\n", words[0]);
            return 1;
        }
    }
    smtp_posix_close(&net);
    smtp_delivery_free(delivery);
    smtp_envelope_free(envelope);
    smtp_config_free(config);
    if (message != NULL) fclose(message);
    free(line);
    return 0;
}
