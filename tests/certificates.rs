//! What is said of what is no certificate, on either side of the edges of the rules that tell.

use saml_verify::{CertificateError, FoundInstead, TrustedKeys};

fn refusal(input: &[u8]) -> CertificateError {
    TrustedKeys::from_pem(input).expect_err("no certificate")
}

fn found(input: &[u8]) -> FoundInstead {
    match refusal(input) {
        CertificateError::NotACertificate { found } => found,
        other => panic!("{other:?} of {input:?}"),
    }
}

/// A SEQUENCE starts with the octet of the digit `0`.
#[test]
fn a_text_that_starts_with_a_nought_is_a_text_and_a_sequence_is_none() {
    for text in ["0 is no certificate", "0\tis no certificate either", "0\n\r\t !"] {
        assert_eq!(found(text.as_bytes()), FoundInstead::Text, "{text:?}");
    }
    for sequence in [&b"0\x08is no certificate"[..], b"0\x82is no certificate", b"0\xFF"] {
        assert_ne!(refusal(sequence), CertificateError::NotACertificate { found: FoundInstead::Text }, "{sequence:?}");
        assert_ne!(refusal(sequence), CertificateError::NotACertificate { found: FoundInstead::Bytes }, "{sequence:?}");
    }
}

#[test]
fn two_characters_with_zeros_are_a_text_in_utf_16() {
    for (input, expected) in [
        (&b"-\0-\0"[..], FoundInstead::Utf16),
        (b"\0-\0-", FoundInstead::Utf16),
        (b"-\0\x01\0", FoundInstead::Bytes),
        (b"\x01\0-\0", FoundInstead::Bytes),
        (b"\0-\0\x01", FoundInstead::Bytes),
        (b"\xFF\xFE\x01\0", FoundInstead::Utf16),
    ] {
        assert_eq!(found(input), expected, "{input:?}");
    }
}

#[test]
fn a_fingerprint_is_short() {
    let (name, digest) = ("SHA1 Fingerprint=", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33");
    for (length, expected) in [
        (name.len() + digest.len(), FoundInstead::Fingerprint),
        (1024, FoundInstead::Fingerprint),
        (1025, FoundInstead::Text),
        (2048, FoundInstead::Text),
    ] {
        let width = length - digest.len();
        assert_eq!(found(format!("{name:width$}{digest}").as_bytes()), expected, "{length}");
    }
}

/// A value that ends too early is wrong where another follows, and at the end of the body where none does.
#[test]
fn broken_base64_is_wrong_where_it_cannot_go_on() {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----\n";
    for (body, at) in [
        ("AAA==\n", 3),
        ("AA=\n", 4),
        ("AAAAAA=\n", 8),
        ("AAAA=\n", 4),
        ("A=\n", 1),
        ("AAAAA=\n", 5),
        ("AAAAA\n", 6),
        ("AAAAA=AAAA\n", 5),
        ("AAAA!AAA\n", 4),
        ("AAAA=AAA\n", 4),
    ] {
        let offset = BEGIN.len() + at;
        let pem = format!("{BEGIN}{body}-----END CERTIFICATE-----\n");
        assert_eq!(refusal(pem.as_bytes()), CertificateError::InvalidBase64 { offset }, "{body:?}");
    }
}
