/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An SMTP client as a pure state machine. It does no I/O and reads no clock: you open connections, and pass octets
 * and time in and out. smtp_proto(3) and the README have the rules and an example.
 *
 * Made from the Rust sources. To change it, change those, and run: UPDATE_HEADER=1 cargo test -p smtp-proto-ffi
 *
 * - A pointer with a length may be NULL if the length is 0. Texts are UTF-8 and need no zero at their ends.
 * - A pointer from a step or a report is valid until the next call that changes the delivery. Do not pass it to that call.
 * - Each handle may be used by one thread at a time. Different handles may be used by different threads. Calls that
 *   take a pointer to const may share a handle.
 * - A handle must not be used after it was freed. This is noticed if possible, which is not always.
 * - Enums are passed as uint32_t. Any number is safe: an unknown one is SMTP_INVALID_ARGUMENT.
 */

#ifndef SMTP_PROTO_H
#define SMTP_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * When the message was delivered. These say when to notify the sender about a recipient (RFC 3461 section 4.1).
 */
#define SMTP_NOTIFY_SUCCESS 1

/**
 * When it cannot be delivered.
 */
#define SMTP_NOTIFY_FAILURE 2

/**
 * When its delivery is delayed.
 */
#define SMTP_NOTIFY_DELAY 4

/**
 * Under no circumstances. Such a recipient fails if the server does not offer DSN; in all other cases, the recipient
 * gets the message without notifications then.
 */
#define SMTP_NOTIFY_NEVER 0

/**
 * The version of the binary interface. A program that was compiled with this header works with every library whose
 * `smtp_abi_version` is the same. Later libraries of that version only add functions, options, values of enums, and
 * members at the ends of structs.
 */
#define SMTP_ABI_VERSION 1

/**
 * What each function returns.
 */
enum smtp_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The call was accepted.
     */
    SMTP_OK = 0,
    /**
     * The call is not allowed now, such as a second answer to a step. It changed nothing.
     */
    SMTP_MISUSE = 1,
    /**
     * An argument is not valid. The call changed nothing.
     */
    SMTP_INVALID_ARGUMENT = 2,
    /**
     * There is not enough memory for this call. It changed nothing, and may be repeated.
     */
    SMTP_NO_MEMORY = 3,
    /**
     * The handle is NULL, was freed, or is of another kind.
     */
    SMTP_BAD_HANDLE = 4,
    /**
     * Another thread is using the handle. The call changed nothing.
     */
    SMTP_BUSY = 5,
    /**
     * There is no recipient or attempt with this index.
     */
    SMTP_NO_SUCH_ITEM = 6,
    /**
     * A bug in this library. The handle can only be freed.
     */
    SMTP_INTERNAL = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_status smtp_status;
#else
typedef uint32_t smtp_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What to do with the connection after a message.
 */
enum smtp_afterwards
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * End it with QUIT.
     */
    SMTP_AFTERWARDS_QUIT = 0,
    /**
     * Keep it for the next message, unless the server's replies show that it cannot be used.
     */
    SMTP_AFTERWARDS_KEEP = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_afterwards smtp_afterwards;
#else
typedef uint32_t smtp_afterwards;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which octets the content may have (RFC 6152 section 3, RFC 3030 section 3).
 */
enum smtp_body
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Octets from 1 to 127. Content that turns out to have another is not sent to its end.
     */
    SMTP_BODY_7BIT = 0,
    /**
     * Any octets, in lines.
     */
    SMTP_BODY_8BIT = 1,
    /**
     * Any octets, sent exactly as they are. Needs a server with CHUNKING and BINARYMIME.
     */
    SMTP_BODY_BINARY = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_body smtp_body;
#else
typedef uint32_t smtp_body;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why the caller cancels a delivery.
 */
enum smtp_cancel
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The delivery was interrupted, such as by a signal.
     */
    SMTP_CANCEL_INTERRUPTED = 1,
    /**
     * The whole delivery took longer than the caller allows.
     */
    SMTP_CANCEL_DEADLINE = 2,
    /**
     * The peer reads the content more slowly than the caller allows.
     */
    SMTP_CANCEL_TOO_SLOW = 3,
    /**
     * The content could not be read to its end.
     */
    SMTP_CANCEL_CONTENT_UNREADABLE = 4,
    /**
     * The content has changed since the delivery began.
     */
    SMTP_CANCEL_CONTENT_CHANGED = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_cancel smtp_cancel;
#else
typedef uint32_t smtp_cancel;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What settled the status of a recipient.
 */
enum smtp_cause
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Something that is newer than this header.
     */
    SMTP_CAUSE_OTHER = 0,
    /**
     * The server's reply.
     */
    SMTP_CAUSE_REPLY = 1,
    /**
     * The connections failed. Each attempt says how.
     */
    SMTP_CAUSE_CONNECTIONS = 2,
    /**
     * The message or the policy needs an extension that the server does not offer.
     */
    SMTP_CAUSE_NEEDS = 3,
    /**
     * The server demands TLS or authentication (530), which the policy does not provide.
     */
    SMTP_CAUSE_DEMANDED = 4,
    /**
     * The server refused the authentication.
     */
    SMTP_CAUSE_AUTH_REFUSED = 5,
    /**
     * The server offers none of the mechanisms that the client may use.
     */
    SMTP_CAUSE_NO_MECHANISM = 6,
    /**
     * The client gave up the authentication.
     */
    SMTP_CAUSE_AUTH_ABANDONED = 7,
    /**
     * The message is larger than the server's limit.
     */
    SMTP_CAUSE_TOO_LARGE = 8,
    /**
     * The server does not offer the extension of a parameter.
     */
    SMTP_CAUSE_NOT_OFFERED = 9,
    /**
     * The content cannot be sent as it is.
     */
    SMTP_CAUSE_CONTENT = 10,
    /**
     * The caller cancelled the delivery.
     */
    SMTP_CAUSE_CANCELLED = 11,
    /**
     * The recipient needs a further transaction, and the content cannot be read again from its start.
     */
    SMTP_CAUSE_CANNOT_REWIND = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_cause smtp_cause;
#else
typedef uint32_t smtp_cause;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whether content is sent with BDAT (RFC 3030).
 */
enum smtp_chunking
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Always with DATA.
     */
    SMTP_CHUNKING_NEVER = 0,
    /**
     * With BDAT where the server offers CHUNKING, and with DATA otherwise.
     */
    SMTP_CHUNKING_AUTO = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_chunking smtp_chunking;
#else
typedef uint32_t smtp_chunking;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How a connection was lost. A read or write that would block, that timed out or that was interrupted does not lose
 * it.
 */
enum smtp_disconnect
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The peer closed the connection.
     */
    SMTP_DISCONNECT_CLOSED = 1,
    /**
     * The peer reset the connection.
     */
    SMTP_DISCONNECT_RESET = 2,
    /**
     * A write failed. Read what has arrived before you report this.
     */
    SMTP_DISCONNECT_WRITE_FAILED = 3,
    /**
     * A read failed.
     */
    SMTP_DISCONNECT_READ_FAILED = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_disconnect smtp_disconnect;
#else
typedef uint32_t smtp_disconnect;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What to do with 8-bit content if the server does not offer 8BITMIME.
 */
enum smtp_eight_bit
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The message is not sent, and fails.
     */
    SMTP_EIGHT_BIT_REFUSE = 0,
    /**
     * The content is sent as it is, without `BODY=8BITMIME`.
     */
    SMTP_EIGHT_BIT_SEND = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_eight_bit smtp_eight_bit;
#else
typedef uint32_t smtp_eight_bit;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Something that is said about a message.
 */
enum smtp_envelope_option
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * An `smtp_body`. Default: 7-bit.
     */
    SMTP_ENVELOPE_BODY = 1,
    /**
     * The exact size of the content in octets, with two for each line end. It is declared to the server, and content
     * that turns out to have more or fewer octets is not sent to its end.
     */
    SMTP_ENVELOPE_SIZE = 2,
    /**
     * About the size of the content. It is declared to the server, but not enforced.
     */
    SMTP_ENVELOPE_SIZE_ESTIMATE = 3,
    /**
     * An `smtp_need`: the message is not sent to a server that does not meet it. Adds to the needs that were set
     * before.
     */
    SMTP_ENVELOPE_NEED = 4,
    /**
     * An `smtp_return`: what a notification returns. Dropped if the server does not offer DSN.
     */
    SMTP_ENVELOPE_RETURN = 5,
    /**
     * A switch: only ask the server whether it would accept the message, and send nothing. A recipient that it would
     * accept is reported as deferred, with its reply as the cause.
     */
    SMTP_ENVELOPE_INQUIRY = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_envelope_option smtp_envelope_option;
#else
typedef uint32_t smtp_envelope_option;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which command opened a session.
 */
enum smtp_hello
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * None was sent.
     */
    SMTP_HELLO_NONE = 0,
    /**
     * EHLO: with extensions.
     */
    SMTP_HELLO_EHLO = 1,
    /**
     * HELO: without extensions.
     */
    SMTP_HELLO_HELO = 2,
    /**
     * LHLO: LMTP.
     */
    SMTP_HELLO_LHLO = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_hello smtp_hello;
#else
typedef uint32_t smtp_hello;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * When a delivery may start over with HELO on a new connection (RFC 1869 section 4.7).
 */
enum smtp_helo_retry
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Never. HELO is still sent on the same connection after EHLO was refused.
     */
    SMTP_HELO_RETRY_NEVER = 0,
    /**
     * When the peer hung up on EHLO.
     */
    SMTP_HELO_RETRY_DISCONNECT = 1,
    /**
     * When the peer hung up on EHLO or did not answer it in time.
     */
    SMTP_HELO_RETRY_TIMEOUT = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_helo_retry smtp_helo_retry;
#else
typedef uint32_t smtp_helo_retry;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What to do with bare CR and LF in the content (RFC 5321 section 2.3.8).
 */
enum smtp_line_endings
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A bare LF becomes CR LF, and a bare CR becomes a space.
     */
    SMTP_LINE_ENDINGS_MEND = 0,
    /**
     * The message fails if it has either.
     */
    SMTP_LINE_ENDINGS_STRICT = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_line_endings smtp_line_endings;
#else
typedef uint32_t smtp_line_endings;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A SASL mechanism.
 */
enum smtp_mechanism
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * PLAIN (RFC 4616).
     */
    SMTP_MECHANISM_PLAIN = 1,
    /**
     * LOGIN: asks for the user name, then for the password.
     */
    SMTP_MECHANISM_LOGIN = 2,
    /**
     * CRAM-MD5 (RFC 2195).
     */
    SMTP_MECHANISM_CRAM_MD5 = 3,
    /**
     * DIGEST-MD5 (RFC 2831).
     */
    SMTP_MECHANISM_DIGEST_MD5 = 4,
    /**
     * SCRAM-SHA-1 (RFC 5802).
     */
    SMTP_MECHANISM_SCRAM_SHA_1 = 5,
    /**
     * SCRAM-SHA-1-PLUS (RFC 5802), bound to the TLS channel.
     */
    SMTP_MECHANISM_SCRAM_SHA_1_PLUS = 6,
    /**
     * SCRAM-SHA-256 (RFC 7677).
     */
    SMTP_MECHANISM_SCRAM_SHA_256 = 7,
    /**
     * SCRAM-SHA-256-PLUS (RFC 7677), bound to the TLS channel.
     */
    SMTP_MECHANISM_SCRAM_SHA_256_PLUS = 8,
    /**
     * EXTERNAL (RFC 4422 appendix A): the identity comes from the connection.
     */
    SMTP_MECHANISM_EXTERNAL = 9,
    /**
     * ANONYMOUS (RFC 4505).
     */
    SMTP_MECHANISM_ANONYMOUS = 10,
    /**
     * GSSAPI (RFC 4752): Kerberos.
     */
    SMTP_MECHANISM_GSSAPI = 11,
    /**
     * NTLM.
     */
    SMTP_MECHANISM_NTLM = 12,
    /**
     * OAUTHBEARER (RFC 7628).
     */
    SMTP_MECHANISM_OAUTHBEARER = 13,
    /**
     * XOAUTH2, the predecessor of OAUTHBEARER.
     */
    SMTP_MECHANISM_XOAUTH2 = 14,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_mechanism smtp_mechanism;
#else
typedef uint32_t smtp_mechanism;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Something that a message may need from the server.
 */
enum smtp_need
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * TLS before MAIL.
     */
    SMTP_NEED_TLS = 1,
    /**
     * Authentication before MAIL.
     */
    SMTP_NEED_AUTH = 2,
    /**
     * SMTPUTF8 (RFC 6531). Addresses that are not ASCII need it anyway.
     */
    SMTP_NEED_SMTPUTF8 = 3,
    /**
     * 8BITMIME (RFC 6152).
     */
    SMTP_NEED_8BITMIME = 4,
    /**
     * CHUNKING and BINARYMIME (RFC 3030).
     */
    SMTP_NEED_BINARYMIME = 5,
    /**
     * TLS on the whole way of the message (RFC 8689).
     */
    SMTP_NEED_REQUIRETLS = 6,
    /**
     * DELIVERBY (RFC 2852).
     */
    SMTP_NEED_DELIVERBY = 7,
    /**
     * A verified certificate.
     */
    SMTP_NEED_VERIFIED_TLS = 8,
    /**
     * The extension of an additional parameter of MAIL.
     */
    SMTP_NEED_PARAMETER = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_need smtp_need;
#else
typedef uint32_t smtp_need;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * An option of a policy. Timeouts are in milliseconds, limits in octets. A switch is 0 or 1.
 */
enum smtp_option
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * An `smtp_protocol`. Default: SMTP.
     */
    SMTP_OPTION_PROTOCOL = 1,
    /**
     * An `smtp_tls`. Default: never.
     */
    SMTP_OPTION_TLS = 2,
    /**
     * An `smtp_helo_retry`. Default: when the peer hung up on EHLO.
     */
    SMTP_OPTION_HELO_RETRY = 3,
    /**
     * An `smtp_eight_bit`. Default: refuse.
     */
    SMTP_OPTION_EIGHT_BIT = 4,
    /**
     * An `smtp_line_endings`. Default: mend.
     */
    SMTP_OPTION_LINE_ENDINGS = 5,
    /**
     * An `smtp_afterwards`. Default: QUIT.
     */
    SMTP_OPTION_AFTERWARDS = 6,
    /**
     * An `smtp_chunking`. Default: with BDAT where it is offered.
     */
    SMTP_OPTION_CHUNKING = 7,
    /**
     * The most recipients in one transaction; further ones are in further transactions. Default: 0, which means all.
     */
    SMTP_OPTION_MAX_RECIPIENTS = 8,
    /**
     * A switch: ignore the limits that the server announces (RFC 9422).
     */
    SMTP_OPTION_IGNORE_LIMITS = 9,
    /**
     * A switch: EHLO, HELO and LHLO give the address that `smtp_delivery_connected_from` reports, instead of the name.
     */
    SMTP_OPTION_ADDRESS_LITERAL = 10,
    /**
     * A switch: after a refusal of the credentials, the next mechanism may protect them less.
     */
    SMTP_OPTION_AUTH_ANY_ORDER = 11,
    /**
     * A switch: credentials may be sent in clear, or to a server that was not verified.
     */
    SMTP_OPTION_AUTH_IN_CLEAR = 12,
    /**
     * To open a connection to one address. Default: 30 seconds.
     */
    SMTP_OPTION_TIMEOUT_CONNECT = 100,
    /**
     * For the greeting. Default: 5 minutes.
     */
    SMTP_OPTION_TIMEOUT_GREETING = 101,
    /**
     * For the reply to EHLO, HELO, LHLO or RSET. Default: 5 minutes.
     */
    SMTP_OPTION_TIMEOUT_HELLO = 102,
    /**
     * For the reply to STARTTLS, and again for the TLS handshake. Default: 5 minutes.
     */
    SMTP_OPTION_TIMEOUT_TLS = 103,
    /**
     * For each reply to AUTH. Default: 5 minutes.
     */
    SMTP_OPTION_TIMEOUT_AUTH = 104,
    /**
     * For the reply to MAIL. Default: 5 minutes.
     */
    SMTP_OPTION_TIMEOUT_MAIL = 105,
    /**
     * For the reply to RCPT. Default: 5 minutes.
     */
    SMTP_OPTION_TIMEOUT_RCPT = 106,
    /**
     * For the reply to DATA. Default: 2 minutes.
     */
    SMTP_OPTION_TIMEOUT_DATA = 107,
    /**
     * For the peer to accept one block. Default: 3 minutes.
     */
    SMTP_OPTION_TIMEOUT_BLOCK = 108,
    /**
     * For the reply to the end of the content. Too short a timeout makes recipients unconfirmed although the server
     * accepts the message. Default: 10 minutes.
     */
    SMTP_OPTION_TIMEOUT_CONTENT_END = 109,
    /**
     * For the reply to QUIT. Default: 30 seconds.
     */
    SMTP_OPTION_TIMEOUT_QUIT = 110,
    /**
     * The longest line of a reply. Default: 12,288.
     */
    SMTP_OPTION_LIMIT_REPLY_LINE = 200,
    /**
     * The longest reply. Default: 64 KiB.
     */
    SMTP_OPTION_LIMIT_REPLY = 201,
    /**
     * How much of one reply the report keeps. Default: 64 KiB.
     */
    SMTP_OPTION_LIMIT_KEPT_REPLY = 202,
    /**
     * The most octets of commands that may be unanswered at a time. Default: 4 KiB.
     */
    SMTP_OPTION_LIMIT_PIPELINE = 203,
    /**
     * The most octets of content in one block. Default: 16 KiB.
     */
    SMTP_OPTION_LIMIT_BLOCK = 204,
    /**
     * How many octets of content are gathered for one chunk of BDAT. Default: 64 KiB.
     */
    SMTP_OPTION_LIMIT_CHUNK = 205,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_option smtp_option;
#else
typedef uint32_t smtp_option;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The outcome for the whole message.
 */
enum smtp_outcome
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not every recipient has its final status yet, or there are none.
     */
    SMTP_OUTCOME_PENDING = 0,
    /**
     * Delivered to every recipient.
     */
    SMTP_OUTCOME_DELIVERED = 1,
    /**
     * Delivered to no recipient; at least one recipient is deferred.
     */
    SMTP_OUTCOME_DEFERRED = 2,
    /**
     * Failed for every recipient.
     */
    SMTP_OUTCOME_FAILED = 3,
    /**
     * Not known to be delivered to any recipient; at least one recipient is unconfirmed.
     */
    SMTP_OUTCOME_UNCONFIRMED = 4,
    /**
     * Delivered to some recipients, but not to all.
     */
    SMTP_OUTCOME_PARTIAL = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_outcome smtp_outcome;
#else
typedef uint32_t smtp_outcome;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Where to connect to.
 */
enum smtp_place
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Any address of the next hop.
     */
    SMTP_PLACE_ANY = 1,
    /**
     * The address and port of the previous connection.
     */
    SMTP_PLACE_SAME = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_place smtp_place;
#else
typedef uint32_t smtp_place;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which protocol the server speaks.
 */
enum smtp_protocol
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * SMTP: EHLO or HELO, and one reply to the content.
     */
    SMTP_PROTOCOL_SMTP = 0,
    /**
     * LMTP: LHLO, and one reply to the content for each accepted recipient (RFC 2033).
     */
    SMTP_PROTOCOL_LMTP = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_protocol smtp_protocol;
#else
typedef uint32_t smtp_protocol;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The final status of a recipient.
 */
enum smtp_recipient_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * There is no final status yet.
     */
    SMTP_PENDING = 0,
    /**
     * The server accepted responsibility for the message.
     */
    SMTP_DELIVERED = 1,
    /**
     * Not delivered now. The same delivery may succeed later.
     */
    SMTP_DEFERRED = 2,
    /**
     * Not delivered, and the same delivery will not succeed later.
     */
    SMTP_FAILED = 3,
    /**
     * The whole message was sent, but it is not known whether the server accepted it. Sending it again may deliver it
     * twice.
     */
    SMTP_UNCONFIRMED = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_recipient_status smtp_recipient_status;
#else
typedef uint32_t smtp_recipient_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a notification returns (RFC 3461 section 4.3).
 */
enum smtp_return
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The whole message.
     */
    SMTP_RETURN_FULL = 1,
    /**
     * Only its header.
     */
    SMTP_RETURN_HEADERS = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_return smtp_return;
#else
typedef uint32_t smtp_return;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How a connection was secured.
 */
enum smtp_security
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not at all: everything was sent in clear.
     */
    SMTP_SECURITY_CLEAR = 0,
    /**
     * With TLS, but the server's certificate was not verified, so the server may be anybody.
     */
    SMTP_SECURITY_UNVERIFIED = 1,
    /**
     * With TLS, and the server's certificate was verified.
     */
    SMTP_SECURITY_VERIFIED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_security smtp_security;
#else
typedef uint32_t smtp_security;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What to do next.
 */
enum smtp_step_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Drop the connection, if there is one. Then open a new one to `place`: give up on an address after `timeout`, and
     * try the next one. Answer with `smtp_delivery_connected` or `smtp_delivery_connect_failed`.
     */
    SMTP_STEP_CONNECT = 1,
    /**
     * Write `octets`, or some of them, and report how many with `smtp_delivery_sent`. Keep reading while you wait to
     * write, or both sides may block.
     */
    SMTP_STEP_TRANSMIT = 2,
    /**
     * Give at most `room` octets of the message with `smtp_delivery_content`, or report its end with
     * `smtp_delivery_end_content`. `room` is never 0.
     */
    SMTP_STEP_CONTENT = 3,
    /**
     * Go back to the start of the content: the message needs a further transaction. Answer with
     * `smtp_delivery_rewound` or `smtp_delivery_cannot_rewind`.
     */
    SMTP_STEP_REWIND = 4,
    /**
     * Read, and report with `smtp_delivery_received`, `smtp_delivery_disconnected` or `smtp_delivery_timed_out`.
     */
    SMTP_STEP_RECEIVE = 5,
    /**
     * Run a TLS handshake on the open connection. If `must_verify` is set, abort it if the server's certificate cannot
     * be verified. Answer with `smtp_delivery_secured` or `smtp_delivery_secure_failed`. Before it, read once without
     * waiting, and report what has arrived: that is not part of TLS.
     */
    SMTP_STEP_SECURE = 6,
    /**
     * Start a new exchange with `mechanism`, and answer with `smtp_delivery_auth_start`. An initial response may have
     * `room` octets; there must be none unless `has_initial` is set.
     */
    SMTP_STEP_AUTH_START = 7,
    /**
     * Answer the challenge in `octets`, which is not in base64, with `smtp_delivery_auth_response`.
     */
    SMTP_STEP_AUTH_CHALLENGE = 8,
    /**
     * The server reports success. If the exchange agrees, answer with `smtp_delivery_auth_complete`.
     */
    SMTP_STEP_AUTH_SUCCESS = 9,
    /**
     * The delivery is done, with this `outcome`. Drop the connection unless `is_kept` is set.
     */
    SMTP_STEP_DONE = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_step_kind smtp_step_kind;
#else
typedef uint32_t smtp_step_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whether connections must be secured.
 */
enum smtp_tls
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Everything is sent in clear.
     */
    SMTP_TLS_NEVER = 0,
    /**
     * STARTTLS is used where it is offered, with any certificate. Without it, or after it failed, the message is sent
     * in clear, unless something else needs TLS.
     */
    SMTP_TLS_OPPORTUNISTIC = 1,
    /**
     * Only EHLO, STARTTLS and QUIT may be sent in clear, and the server's certificate must be verified.
     */
    SMTP_TLS_REQUIRED = 2,
    /**
     * TLS starts before the greeting (RFC 8314 section 3), and the server's certificate must be verified.
     */
    SMTP_TLS_IMPLICIT = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_tls smtp_tls;
#else
typedef uint32_t smtp_tls;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The version of TLS.
 */
enum smtp_tls_version
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * TLS 1.2 (RFC 5246).
     */
    SMTP_TLS_1_2 = 12,
    /**
     * TLS 1.3 (RFC 8446).
     */
    SMTP_TLS_1_3 = 13,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum smtp_tls_version smtp_tls_version;
#else
typedef uint32_t smtp_tls_version;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The policy. Deliveries share it: it may be freed while they exist, and changes to it concern only later ones.
 */
typedef struct smtp_config smtp_config;

/**
 * The delivery of one message to one next hop, over as many connections as needed.
 *
 * Call `smtp_delivery_poll` for the next step, perform it, report the result with the function that the step names, and
 * poll again. Functions may be called in any order: one that is not allowed now returns SMTP_MISUSE and changes
 * nothing.
 */
typedef struct smtp_delivery smtp_delivery;

/**
 * An envelope. Deliveries copy it.
 */
typedef struct smtp_envelope smtp_envelope;

/**
 * Text or octets that belong to a handle, without a zero at the end. They are valid until the next call that changes
 * the handle.
 */
typedef struct smtp_text {
    /**
     * The first octet. Not NULL.
     */
    const char *data;
    /**
     * How many octets there are.
     */
    size_t len;
} smtp_text;

/**
 * The report on one attempt: the use of one connection for this message. Texts are valid until the next call that
 * changes the delivery.
 */
typedef struct smtp_attempt {
    /**
     * An `smtp_hello`: the one that was sent last.
     */
    uint32_t hello;
    /**
     * An `smtp_security`.
     */
    uint32_t security;
    /**
     * An `smtp_mechanism`: the one with which the client has authenticated; 0 if it has not.
     */
    uint32_t mechanism;
    /**
     * 1 if the connection had carried an earlier message.
     */
    uint32_t is_reused;
    /**
     * How far the connection came, as one word, such as `hello` or `content-end`.
     */
    struct smtp_text stage;
    /**
     * How the attempt ended, as one word, such as `quit`, `closed` or `timed-out`; empty if it has not ended.
     */
    struct smtp_text end;
    /**
     * The greeting; empty if there was none. This and the other replies are as the server sent them, and may be any
     * octets.
     */
    struct smtp_text greeting;
    /**
     * The reply that accepted the hello. After EHLO or LHLO, it lists what the server offers.
     */
    struct smtp_text hello_reply;
    /**
     * The reply that ended the attempt, such as a refusal of EHLO or a 421.
     */
    struct smtp_text reply;
} smtp_attempt;

/**
 * Measures the timeouts of the steps on one connection. Set it to zero for a new connection, and when a kept one is used
 * again.
 */
typedef struct smtp_clock {
    /**
     * When the timeout started, in milliseconds.
     */
    uint64_t since;
    /**
     * The `progress` that was last seen.
     */
    uint32_t progress;
    /**
     * 1 if the clock is running.
     */
    uint32_t is_running;
} smtp_clock;

/**
 * A step, with the data of its kind. All other members are 0.
 */
typedef struct smtp_step {
    /**
     * An `smtp_step_kind`. There will be no others in this version of the binary interface.
     */
    uint32_t kind;
    /**
     * Of TRANSMIT, RECEIVE and SECURE: changes when the timeout starts over. `smtp_clock_left` measures it.
     */
    uint32_t progress;
    /**
     * Of CONNECT, TRANSMIT, RECEIVE and SECURE: how long to wait, in milliseconds.
     */
    uint64_t timeout;
    /**
     * Of TRANSMIT: what to write. Of AUTH_CHALLENGE: the challenge. Valid until the next call that changes the
     * delivery.
     */
    const uint8_t *octets;
    /**
     * How many octets there are.
     */
    size_t octets_len;
    /**
     * Of CONTENT and AUTH_START: how many octets to give at most.
     */
    size_t room;
    /**
     * Of CONNECT: an `smtp_place`.
     */
    uint32_t place;
    /**
     * Of the steps of AUTH: an `smtp_mechanism`.
     */
    uint32_t mechanism;
    /**
     * Of DONE: an `smtp_outcome`.
     */
    uint32_t outcome;
    /**
     * Of DONE: whether the connection is kept for another message.
     */
    bool is_kept;
    /**
     * Of TRANSMIT: whether the octets contain a secret. Do not log them.
     */
    bool is_sensitive;
    /**
     * Of SECURE: whether the server's certificate must be verified.
     */
    bool must_verify;
    /**
     * Of AUTH_START: whether there may be an initial response.
     */
    bool has_initial;
} smtp_step;

/**
 * What earlier deliveries to one address learned about the server there. Zeros: nothing is known. Use it for one day.
 *
 * Nobody on the path can use it to make a delivery less secure.
 */
typedef struct smtp_known_host {
    /**
     * 1 if a TLS handshake with the server has completed. Messages are then not sent to it in clear.
     */
    uint32_t secured;
    /**
     * 1 if the server hung up on EHLO and accepted HELO on a new connection. HELO is then sent at once.
     */
    uint32_t helo_only;
    /**
     * The most recipients that the server accepts in one transaction; 0 if that is not known.
     */
    uint32_t recipients;
    /**
     * 1 if the server lost step with commands that were sent together. Commands are then sent one by one.
     */
    uint32_t lockstep;
} smtp_known_host;

/**
 * Functions that allocate memory. `context` is passed to each of them.
 *
 * They may be called by every thread that calls the library, and must not call it themselves. Memory must be aligned
 * as that of `malloc`.
 */
typedef struct smtp_allocator {
    /**
     * Passed to each function.
     */
    void *context;
    /**
     * As `malloc`: NULL if there is no memory. The size is never zero.
     */
    void *(*allocate)(void *context, size_t size);
    /**
     * As `realloc`: NULL if there is no memory, and `memory` is then unchanged. Neither `memory` nor the size is ever
     * zero.
     */
    void *(*reallocate)(void *context, void *memory, size_t size);
    /**
     * As `free`. `memory` is never NULL.
     */
    void (*release)(void *context, void *memory);
} smtp_allocator;

/**
 * The report on one recipient. Texts are valid until the next call that changes the delivery.
 */
typedef struct smtp_recipient {
    /**
     * An `smtp_recipient_status`.
     */
    uint32_t status;
    /**
     * An `smtp_cause`: what settled the status.
     */
    uint32_t cause;
    /**
     * The recipient's address, as in the envelope.
     */
    struct smtp_text address;
    /**
     * The reply that settled the status, as the server sent it, which may be any octets; empty if there is none.
     */
    struct smtp_text reply;
    /**
     * The code of that reply; 0 if there is none.
     */
    uint32_t code;
    /**
     * Its enhanced code (RFC 3463), such as 5, 1 and 1; zeros if it has none.
     */
    uint32_t enhanced[3];
} smtp_recipient;

/**
 * The report on a delivery. It is complete when the delivery is done.
 */
typedef struct smtp_report {
    /**
     * An `smtp_outcome`.
     */
    uint32_t outcome;
    /**
     * 1 if the connection is kept for another message.
     */
    uint32_t is_kept;
    /**
     * How many recipients the envelope has.
     */
    size_t recipients;
    /**
     * How many connections were used or attempted.
     */
    size_t attempts;
    /**
     * The length of the longest line of the content, in octets without its line end, if it is above 998; otherwise 0.
     * Such a line is sent as it is, but some servers refuse it.
     */
    uint64_t longest_line;
} smtp_report;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Stores the report on the attempt with this index in `attempt`. `size` is `sizeof(smtp_attempt)`.
 */
smtp_status smtp_delivery_attempt(const struct smtp_delivery *delivery,
                                  size_t index,
                                  struct smtp_attempt *attempt,
                                  size_t size);

/**
 * Writes how this attempt ended, like `smtp_delivery_report_text`.
 */
smtp_status smtp_delivery_attempt_text(const struct smtp_delivery *delivery,
                                       size_t index,
                                       char *buffer,
                                       size_t size,
                                       size_t *len);

/**
 * Starts the exchange. `initial` is NULL if there is no initial response; it may have zero octets, and at most as many
 * as the step asked for. Answers SMTP_STEP_AUTH_START.
 */
smtp_status smtp_delivery_auth_start(struct smtp_delivery *delivery, const uint8_t *initial, size_t initial_len);

/**
 * Gives the response to a challenge, which may be empty. Answers SMTP_STEP_AUTH_CHALLENGE.
 */
smtp_status smtp_delivery_auth_response(struct smtp_delivery *delivery, const uint8_t *response, size_t response_len);

/**
 * Confirms that the exchange is complete, and that the server has proved who it is if the mechanism asks for that.
 * Answers SMTP_STEP_AUTH_SUCCESS.
 */
smtp_status smtp_delivery_auth_complete(struct smtp_delivery *delivery);

/**
 * Gives up the authentication. Recipients are deferred, and `why` goes into the report. Answers each of the three steps
 * of AUTH.
 */
smtp_status smtp_delivery_auth_abandon(struct smtp_delivery *delivery, const char *why, size_t why_len);

/**
 * Cuts off replies that contain this secret, such as a password, in reports. Only fingerprints of it are kept.
 */
smtp_status smtp_delivery_hide(struct smtp_delivery *delivery, const uint8_t *secret, size_t secret_len);

/**
 * Stores the registered name of an `smtp_mechanism`, such as `SCRAM-SHA-256`, in `name`. It is static.
 */
smtp_status smtp_mechanism_name(uint32_t mechanism, struct smtp_text *name);

/**
 * How much of the timeout of a step is left, in milliseconds; 0 if it has expired. `now` is the time of any clock that
 * does not go back, in milliseconds.
 *
 * A timeout is measured from the last change of `progress`, which the clock notes: ask it for each step that has a
 * timeout, before you wait.
 */
uint64_t smtp_clock_left(struct smtp_clock *clock, const struct smtp_step *step, uint64_t now);

/**
 * Makes a policy with the defaults, and stores it in `config`. `hello_name` is the client's name in EHLO: a domain, or
 * an address literal such as `[192.0.2.1]`. Free it with `smtp_config_free`.
 */
smtp_status smtp_config_new(const char *hello_name, size_t hello_name_len, struct smtp_config **config);

/**
 * Frees a policy. NULL is ignored.
 */
smtp_status smtp_config_free(struct smtp_config *config);

/**
 * Sets an `smtp_option`. SMTP_INVALID_ARGUMENT if there is no such option or value.
 */
smtp_status smtp_config_set(struct smtp_config *config, uint32_t option, uint64_t value);

/**
 * Stores the value of an `smtp_option` in `value`.
 */
smtp_status smtp_config_get(const struct smtp_config *config, uint32_t option, uint64_t *value);

/**
 * Adds an `smtp_mechanism` that the caller has credentials for, after those that were added before: the first one that
 * the server offers is used. With at least one, messages are sent only after authentication.
 *
 * Credentials are sent only over a connection whose server was verified, unless SMTP_OPTION_AUTH_IN_CLEAR is set.
 */
smtp_status smtp_config_add_mechanism(struct smtp_config *config, uint32_t mechanism);

/**
 * Reports that a new connection is open. Answers SMTP_STEP_CONNECT.
 */
smtp_status smtp_delivery_connected(struct smtp_delivery *delivery);

/**
 * The same, with the local address of the connection: 4 octets for IPv4 or 16 for IPv6, in network order. It is used if
 * SMTP_OPTION_ADDRESS_LITERAL is set.
 */
smtp_status smtp_delivery_connected_from(struct smtp_delivery *delivery, const uint8_t *address, size_t address_len);

/**
 * Reports that no connection could be opened. `why` goes into the report. Answers SMTP_STEP_CONNECT.
 */
smtp_status smtp_delivery_connect_failed(struct smtp_delivery *delivery, const char *why, size_t why_len);

/**
 * Reports that the transport accepted this many octets from the start of those in SMTP_STEP_TRANSMIT. Call it directly
 * after the write, before anything that was received.
 */
smtp_status smtp_delivery_sent(struct smtp_delivery *delivery, size_t octets);

/**
 * Reports octets that arrived, in pieces of any size.
 */
smtp_status smtp_delivery_received(struct smtp_delivery *delivery, const uint8_t *octets, size_t octets_len);

/**
 * Reports that the connection is lost; `how` is an `smtp_disconnect`. Report everything that has arrived before you
 * call this.
 */
smtp_status smtp_delivery_disconnected(struct smtp_delivery *delivery, uint32_t how);

/**
 * Reports that the timeout of the step has expired. The connection is then abandoned. Report everything that has
 * arrived before you call this.
 */
smtp_status smtp_delivery_timed_out(struct smtp_delivery *delivery);

/**
 * Gives the next octets of the message: at most as many as SMTP_STEP_CONTENT asked for. They are copied.
 */
smtp_status smtp_delivery_content(struct smtp_delivery *delivery, const uint8_t *octets, size_t octets_len);

/**
 * Reports the end of the message. Answers SMTP_STEP_CONTENT. If the source failed, call `smtp_delivery_cancel` instead:
 * the server would accept an incomplete message as complete.
 */
smtp_status smtp_delivery_end_content(struct smtp_delivery *delivery);

/**
 * Reports that the source is at the start of the content again. Answers SMTP_STEP_REWIND.
 */
smtp_status smtp_delivery_rewound(struct smtp_delivery *delivery);

/**
 * Reports that the content cannot be read again from its start. The recipients of the next transaction are deferred.
 * Answers SMTP_STEP_REWIND.
 */
smtp_status smtp_delivery_cannot_rewind(struct smtp_delivery *delivery);

/**
 * Starts the delivery of a message with this envelope, and stores it in `delivery`. SMTP_INVALID_ARGUMENT if the
 * envelope has no recipient, if a command would be longer than 512 octets, or if one would have the same parameter
 * twice. NULL is stored then. Free it with `smtp_delivery_free`; `config` and `envelope` stay the caller's.
 */
smtp_status smtp_delivery_new(const struct smtp_config *config,
                              const struct smtp_envelope *envelope,
                              struct smtp_delivery **delivery);

/**
 * Starts a delivery without a message, which only greets the server: the reply to EHLO is in the report on the attempt.
 */
smtp_status smtp_delivery_probe(const struct smtp_config *config, struct smtp_delivery **delivery);

/**
 * Frees a delivery, in any state. NULL is ignored. Nothing is sent.
 */
smtp_status smtp_delivery_free(struct smtp_delivery *delivery);

/**
 * Stops the delivery. It is then done, and the connection must be dropped. `why` is an `smtp_cancel`.
 *
 * Before the end of the content was sent, recipients without a final status are deferred; after that, they are
 * unconfirmed.
 */
smtp_status smtp_delivery_cancel(struct smtp_delivery *delivery, uint32_t why);

/**
 * Starts the next message to the same next hop, when the delivery is done. It uses the kept connection if there is one
 * and it can carry the message; otherwise it asks for a new one. The report on the message before is forgotten.
 */
smtp_status smtp_delivery_deliver_next(struct smtp_delivery *delivery, const struct smtp_envelope *envelope);

/**
 * Ends a kept connection with QUIT: poll until the delivery is done again. Does nothing if there is no connection.
 */
smtp_status smtp_delivery_quit(struct smtp_delivery *delivery);

/**
 * Makes an envelope for 7-bit content of unknown size without recipients, and stores it in `envelope`. `reverse_path`
 * is the sender's address without angle brackets; empty for `<>`. Free it with `smtp_envelope_free`.
 */
smtp_status smtp_envelope_new(const char *reverse_path, size_t reverse_path_len, struct smtp_envelope **envelope);

/**
 * Frees an envelope. NULL is ignored.
 */
smtp_status smtp_envelope_free(struct smtp_envelope *envelope);

/**
 * Adds a recipient: an address without angle brackets, or `postmaster`. Its index is the number of those before it.
 */
smtp_status smtp_envelope_add_recipient(struct smtp_envelope *envelope, const char *address, size_t address_len);

/**
 * Sets an `smtp_envelope_option`.
 */
smtp_status smtp_envelope_set(struct smtp_envelope *envelope, uint32_t option, uint64_t value);

/**
 * Tells the delivery what earlier ones learned about the server that it will connect to. Call it before each connection,
 * because another address may be another server. `size` is `sizeof(smtp_known_host)`.
 */
smtp_status smtp_delivery_know(struct smtp_delivery *delivery,
                               const struct smtp_known_host *host,
                               size_t size);

/**
 * Stores what this delivery has learned about the server of the last connection in `host`. Unless it is zeros, keep it
 * with the server's address and the time, for `smtp_delivery_know`. `size` is `sizeof(smtp_known_host)`.
 */
smtp_status smtp_delivery_known_host(const struct smtp_delivery *delivery, struct smtp_known_host *host, size_t size);

/**
 * Sets the functions that allocate the library's memory. The struct is copied.
 *
 * Call it before all other functions, and once: SMTP_MISUSE if memory was allocated already. Without it, the library
 * uses `malloc`.
 *
 * If memory runs out, a function returns SMTP_NO_MEMORY and has changed nothing. For this, each function that may
 * allocate first sets a block of memory aside, and releases it at its end.
 */
smtp_status smtp_set_allocator(const struct smtp_allocator *allocator);

/**
 * Sets when to notify the sender about the recipient with this index.
 */
smtp_status smtp_envelope_set_notify(struct smtp_envelope *envelope, size_t recipient, uint32_t when);

/**
 * Sets the address to which the sender had sent the message to the recipient with this index (RFC 3461 section 4.2),
 * of a type such as `rfc822`.
 */
smtp_status smtp_envelope_set_original_recipient(struct smtp_envelope *envelope,
                                                 size_t recipient,
                                                 const char *address_type,
                                                 size_t address_type_len,
                                                 const char *address,
                                                 size_t address_len);

/**
 * Adds a parameter of RCPT for the recipient with this index. `extension` is the keyword that the reply to EHLO must
 * have. `value` is NULL for a parameter without one.
 */
smtp_status smtp_envelope_add_recipient_parameter(struct smtp_envelope *envelope,
                                                  size_t recipient,
                                                  const char *extension,
                                                  size_t extension_len,
                                                  const char *keyword,
                                                  size_t keyword_len,
                                                  const char *value,
                                                  size_t value_len);

/**
 * Adds a parameter of MAIL. `extension` is the keyword that the reply to EHLO must have; without it, the message is not
 * sent. `value` is NULL for a parameter without one.
 */
smtp_status smtp_envelope_add_parameter(struct smtp_envelope *envelope,
                                        const char *extension,
                                        size_t extension_len,
                                        const char *keyword,
                                        size_t keyword_len,
                                        const char *value,
                                        size_t value_len);

/**
 * Sets the name by which the sender recognizes a notification (RFC 3461 section 4.4).
 */
smtp_status smtp_envelope_set_id(struct smtp_envelope *envelope, const char *id, size_t id_len);

/**
 * Sets who submitted the message (RFC 4954 section 5): a mailbox; empty if that is not known.
 */
smtp_status smtp_envelope_set_submitter(struct smtp_envelope *envelope, const char *mailbox, size_t mailbox_len);

/**
 * Sets a time limit for the delivery in seconds (RFC 2852). A late message is returned if `must_return` is 1; if it is
 * 0, the sender is notified. `trace`: whether servers on the way are to be traced, 0 or 1.
 */
smtp_status smtp_envelope_set_deliver_by(struct smtp_envelope *envelope,
                                         int32_t seconds,
                                         uint32_t must_return,
                                         uint32_t trace);

/**
 * Stores the report on the recipient with this index of the envelope in `recipient`. `size` is
 * `sizeof(smtp_recipient)`. The time that it takes grows with the index.
 */
smtp_status smtp_delivery_recipient(const struct smtp_delivery *delivery,
                                    size_t index,
                                    struct smtp_recipient *recipient,
                                    size_t size);

/**
 * Writes why this recipient has its status, like `smtp_delivery_report_text`: the server's reply, or what went wrong on
 * each connection. Empty as long as there is no final status.
 */
smtp_status smtp_delivery_recipient_reason(const struct smtp_delivery *delivery,
                                           size_t index,
                                           char *buffer,
                                           size_t size,
                                           size_t *len);

/**
 * Stores the report in `report`. `size` is `sizeof(smtp_report)`.
 */
smtp_status smtp_delivery_report(const struct smtp_delivery *delivery, struct smtp_report *report, size_t size);

/**
 * Writes the report for humans: a line for each recipient, then one for each connection.
 *
 * This and all other texts are written like `snprintf` does it: at most `size` octets with the zero that ends them. The
 * length of the whole text without that zero is stored in `len`, which may be NULL. With a `size` of 0, `buffer` may be
 * NULL. The text is UTF-8, and what a server sent is escaped.
 */
smtp_status smtp_delivery_report_text(const struct smtp_delivery *delivery, char *buffer, size_t size, size_t *len);

/**
 * Writes the report as one JSON object, like `smtp_delivery_report_text`:
 *
 * ```json
 * {"outcome":"delivered",
 *  "recipients":[{"address":"bob@example.net","status":"delivered",
 *    "reply":{"code":250,"enhanced":"2.0.0","text":"2.0.0 Queued"},"reason":"250 2.0.0 Queued"}],
 *  "attempts":[{"server":null,"greeting":"ehlo","tls":null,"auth":null,
 *    "stage":"quit","ended":"quit","reason":null}]}
 * ```
 */
smtp_status smtp_delivery_report_json(const struct smtp_delivery *delivery, char *buffer, size_t size, size_t *len);

/**
 * A status in words. The text is static.
 */
const char *smtp_status_text(uint32_t status);

/**
 * Stores the next step of a delivery in `step`. `size` is `sizeof(smtp_step)`. The step stays the same until a call
 * changes the delivery.
 */
smtp_status smtp_delivery_poll(const struct smtp_delivery *delivery, struct smtp_step *step, size_t size);

/**
 * Why the last call that could change this handle was refused, in words; empty if it was accepted. `handle` is a
 * handle of any kind. The text is written as `smtp_delivery_report_text` does it.
 */
smtp_status smtp_error_text(const void *handle, char *buffer, size_t size, size_t *len);

/**
 * Reports that the TLS handshake has completed, with this `smtp_tls_version`. `unverified` is NULL if the server's
 * certificate was verified, and otherwise says why not. `can_bind` is 1 if an authentication can be bound to the
 * connection (RFC 5056), and otherwise 0. Answers SMTP_STEP_SECURE.
 */
smtp_status smtp_delivery_secured(struct smtp_delivery *delivery,
                                  uint32_t version,
                                  const char *unverified,
                                  size_t unverified_len,
                                  uint32_t can_bind);

/**
 * Reports that the TLS handshake failed. `why` goes into the report. Drop the connection. Answers SMTP_STEP_SECURE.
 */
smtp_status smtp_delivery_secure_failed(struct smtp_delivery *delivery, const char *why, size_t why_len);

/**
 * The version of the library, such as `0.1.0`. The text is static.
 */
const char *smtp_version(void);

/**
 * The version of the binary interface of the library: compare it with `SMTP_ABI_VERSION`.
 */
uint32_t smtp_abi_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SMTP_PROTO_H */
