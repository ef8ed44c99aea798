//! What a configuration is made of.

use smtp_client::tls::{CertificateFault, TlsConfig, TlsConfigError, Verification};

use crate::{
    certificates::{Authority, Identity},
    server::{TLS_1_3, config, facts},
};

#[test]
fn ca_files_without_certificates_are_rejected() {
    let with_ca = |pem: &str| TlsConfig::builder().with_ca_pem(pem.as_bytes()).map(|_| ()).unwrap_err();
    assert_eq!(with_ca(""), TlsConfigError::NoCertificate);
    assert_eq!(with_ca(&Identity::self_signed(|_| ()).key_pem), TlsConfigError::NoCertificate);
    assert_eq!(
        with_ca("-----BEGIN CERTIFICATE-----\n").to_string(),
        "the file is not valid PEM: an END line is missing"
    );
    for pem in ["-----BEGIN CERTIFICATE\n", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        assert!(matches!(with_ca(pem), TlsConfigError::Pem(_)), "{pem}");
    }
    let malformed = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(with_ca(malformed).to_string(), "a certificate in the file is malformed: BadEncoding");
}

#[test]
fn several_ca_files_can_be_given() {
    let (one, other) = (Authority::new("One CA"), Authority::new("Other CA"));
    let builder = TlsConfig::builder().with_ca_pem(one.pem.as_bytes()).unwrap();
    let client = builder.with_ca_pem(other.pem.as_bytes()).unwrap().build().unwrap();
    for authority in [one, other] {
        let server = config(authority.issue(|_| ()).certified(), TLS_1_3);
        assert!(facts(&client, Verification::Required, &server).is_ok());
    }
}

#[test]
fn client_certificates_without_their_key_are_rejected() {
    let (identity, other) = (Identity::self_signed(|_| ()), Identity::self_signed(|_| ()));
    let with = |certificate: &str, key: &str| {
        TlsConfig::builder().with_client_certificate_pem(certificate.as_bytes(), key.as_bytes()).map(|_| ())
    };
    assert_eq!(with(&identity.pem, &identity.key_pem), Ok(()));
    let both = format!("{}{}", identity.key_pem, identity.pem);
    assert_eq!(with(&both, &both), Ok(()));
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (certificate, key, error) in [
        (&identity.key_pem[..], &identity.key_pem[..], TlsConfigError::NoCertificate),
        (&identity.pem, &identity.pem, TlsConfigError::NoKey),
        (&identity.pem, "", TlsConfigError::NoKey),
        (&identity.pem, encrypted, TlsConfigError::EncryptedKey),
        (&identity.pem, &other.key_pem, TlsConfigError::KeyMismatch),
    ] {
        assert_eq!(with(certificate, key), Err(error));
    }
    let malformed = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(matches!(with(&identity.pem, malformed), Err(TlsConfigError::UnusableKey(_))));
}

#[test]
fn a_host_must_be_a_name_or_an_address() {
    let client = TlsConfig::builder().with_pin([7; 32].into()).build().unwrap();
    for host in ["mx.test", "mx.test.", "192.0.2.1", "::1", "fe80::1%eth0"] {
        assert!(client.channel(host, Verification::Required).is_ok(), "{host}");
    }
    let error = client.channel("b\u{fc}cher.example", Verification::Required).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("xn--"), "{error}");
}

#[test]
fn debug_output_shows_no_certificate_and_no_key() {
    let identity = Identity::self_signed(|_| ());
    let builder = TlsConfig::builder().with_pin([7; 32].into());
    let builder = builder.with_client_certificate_pem(identity.pem.as_bytes(), identity.key_pem.as_bytes()).unwrap();
    let shown = format!("{:?}", builder.build().unwrap());
    assert!(shown.starts_with("TlsConfig { trust: [Fingerprint(07:07:"), "{shown}");
    assert!(shown.ends_with(":07)], has_client_certificate: true, server_name: None, .. }"), "{shown}");
}

/// Runs one test below, which is ignored otherwise, with these CA certificates of the system.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn with_system_certificates(test: &str, file: &str) {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", test]).env("SSL_CERT_FILE", file).env("SSL_CERT_DIR", "/nonexistent");
    let output = command.output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
}

#[test]
#[cfg(all(unix, not(target_vendor = "apple")))]
fn without_ca_certificates_only_opportunistic_tls_works() {
    with_system_certificates("configuration::no_certificates_on_this_machine", "/nonexistent");
}

#[test]
#[ignore = "needs an environment, which the test above has"]
fn no_certificates_on_this_machine() {
    let client = TlsConfig::builder().build().unwrap();
    let error = client.channel("mx.test", Verification::Required).map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there are no CA certificates on this machine: install them (most systems call the package \
         ca-certificates), give a CA file, or pin the fingerprint of the server's certificate"
    );
    let identity = Identity::self_signed(|_| ());
    let facts = facts(&client, Verification::Opportunistic, &config(identity.certified(), TLS_1_3)).unwrap();
    let error = facts.verification.unwrap_err();
    assert!(matches!(error.fault(), CertificateFault::NoCaCertificates(_)), "{error:?}");
    // Nothing of the system is needed for these.
    let pinned = TlsConfig::builder().with_pin(identity.fingerprint()).build().unwrap();
    assert!(pinned.channel("mx.test", Verification::Required).is_ok());
    let given = TlsConfig::builder().with_ca_pem(identity.pem.as_bytes()).unwrap().build().unwrap();
    assert!(given.channel("mx.test", Verification::Required).is_ok());
}

const SYSTEM: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/system-ca");

#[test]
#[cfg(all(unix, not(target_vendor = "apple")))]
fn the_ca_certificates_of_the_system_are_trusted() {
    let authority = Authority::new("System CA");
    let client =
        authority.issue(|params| params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth]);
    std::fs::write(format!("{SYSTEM}.pem"), &authority.pem).unwrap();
    for (name, identity) in [("server", authority.issue(|_| ())), ("client", client)] {
        std::fs::write(format!("{SYSTEM}-{name}.pem"), identity.pem + &identity.key_pem).unwrap();
    }
    with_system_certificates("configuration::certificates_on_this_machine", &format!("{SYSTEM}.pem"));
}

#[test]
#[ignore = "needs an environment, which the test above has"]
fn certificates_on_this_machine() {
    let client = TlsConfig::builder().build().unwrap();
    let verification = |identity: &Identity| {
        let server = config(identity.certified(), TLS_1_3);
        let required = facts(&client, Verification::Required, &server).is_ok();
        let found = facts(&client, Verification::Opportunistic, &server).unwrap().verification;
        assert_eq!(required, found.is_ok());
        found.map_err(|error| error.fault().clone())
    };
    let issued = |name| Identity::from_file(&format!("{SYSTEM}-{name}.pem"));
    assert_eq!(verification(&issued("server")), Ok(()));
    assert_eq!(verification(&issued("client")), Err(CertificateFault::WrongPurpose));
    let other = Authority::new("Other CA").issue(|_| ());
    assert_eq!(verification(&other), Err(CertificateFault::UnknownCa { issuer: "CN=Other CA".into() }));
}
