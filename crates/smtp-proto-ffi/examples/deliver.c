/* usage: deliver HOST PORT FROM TO <message.eml */
#include <smtp_posix.h>

int main(int argc, char **argv)
{
    smtp_config *config = NULL;
    smtp_envelope *envelope = NULL;
    smtp_delivery *delivery = NULL;
    char report[4096] = "";
    smtp_report summary = { 0, 0, 0, 0, 0 };
    if (argc != 5) return fputs("usage: deliver HOST PORT FROM TO <message.eml\n", stderr), 64;
    smtp_posix net = SMTP_POSIX(argv[1], argv[2]);
    smtp_status status = smtp_config_new("client.example", strlen("client.example"), &config);
    if (status == SMTP_OK) status = smtp_envelope_new(argv[3], strlen(argv[3]), &envelope);
    if (status == SMTP_OK) status = smtp_envelope_add_recipient(envelope, argv[4], strlen(argv[4]));
    if (status == SMTP_OK) status = smtp_delivery_new(config, envelope, &delivery);
    if (status == SMTP_OK) status = smtp_posix_deliver(&net, delivery, stdin);
    if (status == SMTP_OK) status = smtp_delivery_report(delivery, &summary, sizeof summary);
    if (status == SMTP_OK) status = smtp_delivery_report_text(delivery, report, sizeof report, NULL);
    fputs(status == SMTP_OK ? report : smtp_status_text(status), stdout);
    smtp_posix_close(&net);
    smtp_delivery_free(delivery);
    smtp_envelope_free(envelope);
    smtp_config_free(config);
    return summary.outcome == SMTP_OUTCOME_DELIVERED ? 0 : 75;
}
