//! The oracle detects violations: a fake machine breaks each promise on purpose.

mod made_up;

use std::{path::Path, time::Duration};

use made_up::{EHLO, GO, GREETING, HELO, MAIL, OK, RCPT, Run, SECOND_RCPT, config, envelope};
use smtp_proto::{
    Afterwards, AuthPolicy, Authentication, Delivery, Disconnect, HeloRetry, Limits, Mechanism, MisuseError, Place,
    Report, Step, TlsPolicy,
};
use smtp_testkit::{
    Watched,
    oracle::{Input, Promise},
    player::{Pieces, play},
    transcript::Transcript,
};

/// Passes the report of a real delivery to `then`. The server sends one reply each time the client waits.
fn reported(replies: &[&[u8]], then: impl FnOnce(&Report<'_>)) {
    let mut delivery = Delivery::new(config(), envelope());
    let mut replies = replies.iter();
    loop {
        match delivery.poll() {
            Step::Connect(_) => delivery.connected().unwrap(),
            Step::Transmit(transmit) => {
                let len = transmit.octets().len();
                delivery.sent(len).unwrap();
            }
            Step::Content(_) => {
                delivery.content(b"hi\r\n").unwrap();
                delivery.end_content().unwrap();
            }
            Step::Rewind => delivery.rewound().unwrap(),
            Step::Receive(_) => match replies.next() {
                Some(reply) => delivery.received(reply).unwrap(),
                None => delivery.disconnected(Disconnect::Closed).unwrap(),
            },
            Step::Secure(_) | Step::Authenticate(_) => unreachable!("the policy asks for neither"),
            Step::Done(report) => return then(&report),
        }
    }
}

/// The report of a message that was delivered to every recipient.
fn delivered(then: impl FnOnce(&Report<'_>)) {
    reported(&[GREETING, OK, OK, OK, OK, GO, OK], then);
}

#[test]
fn promise_1_a_pointless_or_wrong_wait_is_seen() {
    let mut run = Run::usual();
    run.client(EHLO).server(OK).client(MAIL).server(OK).waits(Duration::from_secs(300)).breaks(Promise::NoHarm);
    Run::usual().shows(b"").breaks(Promise::NoHarm);
    Run::usual().client(EHLO).waits(Duration::from_secs(1)).breaks(Promise::NoHarm);
}

#[test]
fn promise_1_a_timeout_that_restarts_without_progress_is_seen() {
    let mut run = Run::usual();
    run.client(EHLO).waits(Duration::from_secs(300)).input(Input::Received(b"250-"));
    run.progress += 1;
    run.waits(Duration::from_secs(300)).breaks(Promise::NoHarm);
}

#[test]
fn promise_1_growth_is_seen() {
    Run::usual().reach_content().content(b"x").shows(&vec![b'x'; 50_000]).breaks(Promise::NoHarm);
    Run::usual().reach_content().output(&Step::Content(1_000_000)).breaks(Promise::NoHarm);
}

#[test]
fn promise_1_misuse_is_known() {
    let mut run = Run::usual();
    run.shows(EHLO);
    for (input, misuse) in [
        (Input::Connected, Some(MisuseError::NotConnecting)),
        (Input::ConnectFailed, Some(MisuseError::NotConnecting)),
        (Input::Sent(EHLO.len()), None),
        (Input::Sent(EHLO.len() + 1), Some(MisuseError::NothingToSend)),
        (Input::Content(b""), Some(MisuseError::NoContentWanted)),
        (Input::EndContent, Some(MisuseError::NoContentWanted)),
        (Input::DeliverNext(&envelope().into()), Some(MisuseError::NotDone)),
        (Input::Quit, Some(MisuseError::NotDone)),
        (Input::TimedOut, None),
    ] {
        assert_eq!(run.oracle.misuse(&input), misuse, "{input:?}");
    }
    run.input(Input::Lost(Disconnect::Closed)).asks_for(Place::Any);
    assert_eq!(run.oracle.misuse(&Input::Received(b"")), Some(MisuseError::NotConnected));
}

#[test]
fn promise_2_helo_on_the_dead_connection_is_seen() {
    Run::usual().client(EHLO).input(Input::Lost(Disconnect::Closed)).shows(HELO).breaks(Promise::RetryTable);
}

#[test]
fn promise_2_giving_up_on_a_hang_up_is_seen() {
    let mut run = Run::usual();
    run.client(EHLO).input(Input::Lost(Disconnect::Reset));
    reported(&[GREETING], |report| run.output(&Step::Done(*report)).breaks(Promise::RetryTable));
}

#[test]
fn promise_2_another_place_and_another_hello_are_seen() {
    let lost = || {
        let mut run = Run::usual();
        run.client(EHLO).input(Input::Lost(Disconnect::Closed));
        run
    };
    lost().connect(Place::Any).breaks(Promise::RetryTable);
    lost().connect(Place::Same).server(GREETING).client(EHLO).breaks(Promise::RetryTable);
    lost().connect(Place::Same).server(GREETING).client(HELO).keeps_all();
}

#[test]
fn promise_2_a_third_connection_is_seen() {
    let mut run = Run::usual();
    run.client(EHLO).input(Input::Lost(Disconnect::Closed)).connect(Place::Same).server(GREETING).client(HELO);
    run.input(Input::Lost(Disconnect::Closed)).connect(Place::Same).breaks(Promise::RetryTable);
}

#[test]
fn promise_2_a_retry_that_policy_or_the_table_forbids_is_seen() {
    let never = config().with_helo_retry(HeloRetry::Never);
    let mut run = Run::new(&never);
    run.connect(Place::Any).server(GREETING).client(EHLO).input(Input::Lost(Disconnect::Closed));
    run.connect(Place::Same).breaks(Promise::RetryTable);
    Run::usual().client(EHLO).input(Input::TimedOut).connect(Place::Same).breaks(Promise::RetryTable);
    let mut run = Run::usual();
    run.client(EHLO).server(b"451 later\r\n").client(HELO).input(Input::Lost(Disconnect::Closed));
    run.connect(Place::Same).breaks(Promise::RetryTable);
    Run::usual().input(Input::Lost(Disconnect::Closed)).connect(Place::Same).breaks(Promise::RetryTable);
}

#[test]
fn promise_2_a_first_reason_that_is_masked_is_seen() {
    let mut run = Run::usual();
    run.client(EHLO).input(Input::Lost(Disconnect::Closed)).asks_for(Place::Same);
    run.input(Input::ConnectFailed);
    // There were two connections, but only one is reported.
    reported(&[], |report| run.output(&Step::Done(*report)).breaks(Promise::RetryTable));
}

#[test]
fn promise_3_a_recipient_without_a_status_is_seen() {
    let mut run = Run::usual();
    run.reach_end().server(OK).client(b"QUIT\r\n").server(b"221 bye\r\n");
    let nobody = Delivery::probe(config());
    run.output(&Step::Done(nobody.report())).breaks(Promise::OneStatus);
}

#[test]
fn promise_3_a_wrong_status_is_seen() {
    let mut run = Run::usual();
    run.client(EHLO).server(OK).client(MAIL).server(OK).client(RCPT).server(b"550 no\r\n");
    run.client(SECOND_RCPT).server(b"550 no\r\n").client(b"QUIT\r\n").server(OK);
    let deferred: [&[u8]; 5] = [GREETING, OK, OK, b"450 no\r\n", b"450 no\r\n"];
    reported(&deferred, |report| run.output(&Step::Done(*report)).breaks(Promise::OneStatus));
}

#[test]
fn promise_4_delivered_without_a_reply_is_seen() {
    let mut run = Run::usual();
    run.reach_end().input(Input::Lost(Disconnect::Closed));
    delivered(|report| run.output(&Step::Done(*report)).breaks(Promise::DeliveredAfterAll));
}

#[test]
fn promise_4_delivered_after_a_refusal_is_seen() {
    let mut run = Run::usual();
    run.reach_end().server(b"554 no\r\n").client(b"QUIT\r\n").server(b"221 bye\r\n");
    delivered(|report| run.output(&Step::Done(*report)).breaks(Promise::DeliveredAfterAll));
}

#[test]
fn promise_4_sending_again_after_the_end_is_seen() {
    let mut run = Run::usual();
    run.reach_end().input(Input::Lost(Disconnect::Closed)).connect(Place::Same).breaks(Promise::DeliveredAfterAll);
}

#[test]
fn promise_4_an_early_end_of_content_is_seen() {
    let mut run = Run::usual();
    run.reach_content().content(b"hi\r\n").shows(b"hi\r\n.\r\n").breaks(Promise::DeliveredAfterAll);
    let mut run = Run::usual();
    run.reach_content()
        .content(b"hi\r\nyou\r\n")
        .end_content()
        .shows(b"hi\r\n.\r\n")
        .breaks(Promise::DeliveredAfterAll);
}

#[test]
fn promise_5_a_message_in_clear_is_seen() {
    let (tls, auth) = (
        config().with_tls(TlsPolicy::Required),
        config().with_auth(AuthPolicy::Required(Authentication::new([Mechanism::Plain]))),
    );
    for config in [tls, auth] {
        let mut run = Run::new(&config);
        run.connect(Place::Any).server(GREETING).client(EHLO).server(b"250-x\r\n250 STARTTLS\r\n").client(MAIL);
        run.breaks(Promise::NothingInClear);
    }
}

#[test]
fn promise_7_a_reply_before_its_command_is_seen() {
    // The reply to MAIL arrives before the last octet of MAIL was sent.
    let mut run = Run::usual();
    run.client(EHLO).server(OK).shows(MAIL).input(Input::Sent(10)).server(OK);
    run.shows(RCPT).breaks(Promise::NoUnsolicited);
    // The reply to EHLO arrives together with the greeting.
    let mut run = Run::new(&config());
    run.connect(Place::Any).server(b"220 mx\r\n250 mx\r\n").shows(EHLO).breaks(Promise::NoUnsolicited);
    // The message is accepted before its final dot was sent.
    let mut run = Run::usual();
    run.reach_content().content(b"hi\r\n").end_content().shows(b"hi\r\n.\r\n").input(Input::Sent(6)).server(OK);
    delivered(|report| run.output(&Step::Done(*report)).breaks(Promise::NoUnsolicited));
}

#[test]
fn promise_8_a_group_that_was_not_offered_is_seen() {
    let both = [MAIL, RCPT].concat();
    Run::usual().client(EHLO).server(OK).shows(&both).breaks(Promise::Groups);
    Run::usual().client(EHLO).server(b"250-x\r\n250 PIPELINING\r\n").shows(&both).keeps_all();
    // PIPELINING does not count as the server's name, nor in a reply to HELO.
    Run::usual().client(EHLO).server(b"250 PIPELINING\r\n").shows(&both).breaks(Promise::Groups);
    let mut run = Run::usual();
    run.client(EHLO).server(b"500 what\r\n").client(HELO).server(b"250-x\r\n250 PIPELINING\r\n").shows(&both);
    run.breaks(Promise::Groups);
}

#[test]
fn promise_8_a_group_that_goes_on_or_grows_too_large_is_seen() {
    let all = [MAIL, RCPT, SECOND_RCPT, b"DATA\r\n"].concat();
    let offered: &[u8] = b"250-x\r\n250 PIPELINING\r\n";
    Run::usual().client(EHLO).server(offered).client(&all).keeps_all();
    Run::usual().client(EHLO).server(offered).client(&all).shows(b"QUIT\r\n").breaks(Promise::Groups);
    let tight = config().with_limits(Limits::DEFAULT.with_pipeline(all.len() - 1));
    let mut run = Run::new(&tight);
    run.connect(Place::Any).server(GREETING).client(EHLO).server(offered).shows(&all).breaks(Promise::Groups);
}

#[test]
fn promise_9_wrong_commands_wrong_paths_and_broken_lines_are_seen() {
    for wrong in [
        &b"MAIL FROM:<x@client.example>\r\n"[..],
        b"MAIL FROM:<a@client.example> SIZE=1\r\n",
        b"MAIL FROM: <a@client.example>\r\n",
        b"MAIL FROM:<a@client.example>\n",
        b"MAIL FROM:<a@client.example>",
        b"MAIL FROM:<a@client.example\0>\r\n",
        b"VRFY a\r\n",
        RCPT,
    ] {
        Run::usual().client(EHLO).server(OK).shows(wrong).breaks(Promise::WholeLines);
    }
    let mut run = Run::usual();
    run.client(EHLO).server(OK).client(MAIL).server(OK).shows(SECOND_RCPT).breaks(Promise::WholeLines);
}

#[test]
fn promise_9_content_that_was_not_given_or_not_asked_for_is_seen() {
    for wrong in [&b"ho\r\n"[..], b"h\ri\r\n", b"hi\n", b"hi\r\nhi\r\n", b"hi\r\n..\r\n"] {
        Run::usual().reach_content().content(b"hi\r\n").shows(wrong).breaks(Promise::WholeLines);
    }
    let mut run = Run::usual();
    run.client(EHLO).server(OK).output(&Step::Content(100)).breaks(Promise::WholeLines);
    let mut run = Run::usual();
    run.reach_content().content(b".\r\n").shows(b".\r\n").breaks(Promise::DeliveredAfterAll);
}

#[test]
fn promise_9_commands_after_421_are_seen() {
    let mut run = Run::usual();
    run.client(EHLO).server(b"421 closing\r\n").shows(b"QUIT\r\n").breaks(Promise::WholeLines);
}

#[test]
fn promise_9_shown_octets_that_change_are_seen() {
    Run::usual().shows(EHLO).input(Input::Sent(3)).shows(HELO).breaks(Promise::WholeLines);
}

#[test]
fn every_promise_has_a_number_and_a_text() {
    for (index, promise) in Promise::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(promise.number()), index + 1);
        assert!(!promise.to_string().is_empty());
    }
}

#[test]
fn a_conversation_can_be_played_as_a_transcript() {
    let policy = config().with_afterwards(Afterwards::Keep).with_limits(Limits::DEFAULT.with_block(5));
    let mut delivery = Watched::new(policy, envelope());
    let mut content = b".dots \\ \xe9".chunks(4).chain([&b" \r\n\r\n\t\n."[..]]);
    let mut replies =
        [GREETING, OK, OK, b"\r\n550 \x1b[31m\r\n", OK, GO, OK, GREETING, OK, b"550 no\n", OK].into_iter();
    let mut connections = 0;
    loop {
        let again = delivery.is_kept() && replies.len() > 1;
        match delivery.poll() {
            Step::Connect(_) => {
                connections += 1;
                delivery.connected().unwrap();
            }
            Step::Transmit(transmit) if connections == 1 && transmit.octets().starts_with(b"EHLO") => {
                delivery.sent(3).unwrap();
                delivery.disconnected(Disconnect::Reset).unwrap();
            }
            Step::Transmit(transmit) => {
                let len = transmit.octets().len();
                delivery.sent(len).unwrap();
            }
            Step::Content(room) => match content.next() {
                Some(piece) => delivery.content(&piece[..piece.len().min(room)]).unwrap(),
                None => delivery.end_content().unwrap(),
            },
            Step::Rewind => delivery.rewound().unwrap(),
            Step::Receive(_) => match replies.next() {
                Some(reply) => delivery.received(reply).unwrap(),
                None => delivery.timed_out().unwrap(),
            },
            Step::Done(_) if again => delivery.deliver_next(envelope()).unwrap(),
            Step::Secure(_) | Step::Authenticate(_) => unreachable!("the policy asks for neither"),
            Step::Done(_) => break,
        }
    }
    let conversation = delivery.conversation();
    let transcript = Transcript::parse(&conversation, Path::new("")).unwrap_or_else(|e| panic!("{e}\n{conversation}"));
    play(&transcript, Pieces::WHOLE).unwrap_or_else(|mismatch| panic!("{mismatch}\n{conversation}"));
}
