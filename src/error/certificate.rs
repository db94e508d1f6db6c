//! Refusals of certificates that someone configures. No stage of [`Error`](super::Error): no message is involved.

use std::fmt;

use super::Shown;

/// Why the given bytes are not certificates that a verifier can trust. Offsets count bytes from 0.
///
/// Never carries what the bytes were: they may have been a private key.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateError {
    /// Nothing but white space.
    Empty,
    /// Something else than a certificate.
    NotACertificate {
        /// What it is, as far as it can be told.
        found: FoundInstead,
    },
    /// `-----BEGIN …-----` without the `-----END …-----` that belongs to it.
    MissingEnd {
        /// Where the block begins.
        offset: usize,
    },
    /// `-----END …-----` without a `-----BEGIN …-----`.
    MissingBegin {
        /// Where the block ends.
        offset: usize,
    },
    /// A line of PEM has other dashes than five hyphens on either side.
    WrongDashes {
        /// Where they are.
        offset: usize,
        /// Whether they are dashes or other characters that look like hyphens: a word processor or a web page puts them there.
        typographic: bool,
    },
    /// A certificate or key is quoted in a mail (`> `) or stands in a comment (`<!-- -->`), and another one is not.
    SetAside {
        /// Where it is.
        offset: usize,
        /// Whether it stands in a comment.
        comment: bool,
    },
    /// The base64 text has a character that is not base64, or is cut.
    InvalidBase64 {
        /// Where the first wrong character is, or where the text ends too early.
        offset: usize,
    },
    /// The certificate ends before it is complete.
    Truncated,
    /// There are bytes behind the certificate.
    TrailingData {
        /// How many.
        bytes: usize,
    },
    /// Looks like a certificate, and is not built like one. RFC 5280 section 4.1.
    Malformed {
        /// The part of it that cannot be read.
        part: &'static str,
    },
    /// An RSA key below 2048 bits. NIST SP 800-131A.
    RsaKeyTooShort {
        /// The length of its modulus.
        bits: usize,
    },
    /// An RSA key above 8192 bits.
    RsaKeyTooLong {
        /// The length of its modulus.
        bits: usize,
    },
    /// An elliptic curve other than P-256, P-384 and P-521.
    UnsupportedCurve {
        /// Its name, or its object identifier, or `explicit parameters`.
        curve: String,
    },
    /// An elliptic curve that the cryptographic library of this build does not have, and another one has. Its code is that of
    /// `UnsupportedCurve`.
    CurveNeedsFeature {
        /// Its name.
        curve: &'static str,
        /// The feature of this crate that brings the other library.
        feature: &'static str,
    },
    /// A key of a kind that signs no SAML message here.
    UnsupportedKey {
        /// Its name or its object identifier.
        algorithm: String,
    },
    /// A key of a supported kind that is not built as it must be.
    MalformedKey {
        /// What is wrong.
        reason: &'static str,
    },
    /// One of several certificates cannot be used, whatever the others are.
    OneOfSeveral {
        /// Its place among the certificates, from 1.
        position: usize,
        /// How many certificates there are.
        count: usize,
        /// Whom it names, as far as it can be read.
        subject: Option<Shown>,
        /// What is wrong with it. Never another `OneOfSeveral`.
        reason: Box<Self>,
    },
    /// More certificates than are tried for a message.
    TooMany {
        /// How many may be trusted.
        maximum: usize,
    },
}

/// What was given in place of a certificate.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundInstead {
    /// A private key. Whoever sees it can sign in the name of its owner.
    PrivateKey,
    /// A request for a certificate (PKCS #10).
    CertificateRequest,
    /// A public key in another form than `PUBLIC KEY` (RFC 5280) and `RSA PUBLIC KEY` (PKCS #1).
    PublicKey,
    /// A PKCS #7 container (`.p7b`, `.p7c`).
    Pkcs7,
    /// A PKCS #12 container (`.p12`, `.pfx`).
    Pkcs12,
    /// The fingerprint of a certificate.
    Fingerprint,
    /// An HTML page.
    Html,
    /// A SAML metadata document.
    Metadata,
    /// An XML document of another kind.
    Xml,
    /// A JSON Web Key, or a set of them (RFC 7517).
    KeySet,
    /// JSON of another kind.
    Json,
    /// UTF-16 text.
    Utf16,
    /// A PEM block of another kind.
    PemBlock {
        /// Its label.
        label: Shown,
    },
    /// Text of another kind, such as the name of a file.
    Text,
    /// Bytes of another kind.
    Bytes,
}

impl CertificateError {
    /// A stable name of the cause, for programs; of one certificate among several the same as of one alone.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "certificate_empty",
            Self::NotACertificate { .. } => "not_a_certificate",
            Self::MissingEnd { .. } => "certificate_end_missing",
            Self::MissingBegin { .. } => "certificate_begin_missing",
            Self::WrongDashes { .. } => "certificate_dashes_wrong",
            Self::SetAside { .. } => "certificate_set_aside",
            Self::InvalidBase64 { .. } => "certificate_base64_invalid",
            Self::Truncated => "certificate_truncated",
            Self::TrailingData { .. } => "certificate_trailing_data",
            Self::Malformed { .. } => "certificate_malformed",
            Self::RsaKeyTooShort { .. } => "rsa_key_too_short",
            Self::RsaKeyTooLong { .. } => "rsa_key_too_long",
            Self::UnsupportedCurve { .. } | Self::CurveNeedsFeature { .. } => "curve_unsupported",
            Self::UnsupportedKey { .. } => "key_unsupported",
            Self::MalformedKey { .. } => "key_malformed",
            Self::OneOfSeveral { reason, .. } => reason.code(),
            Self::TooMany { .. } => "too_many_certificates",
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::OneOfSeveral { reason, .. } => return reason.remedy(),
            Self::NotACertificate { found } => found.remedy(),
            Self::Empty => "give the identity provider's signing certificate (Auth0: Application, Addons, SAML2 Web App, Usage)",
            Self::MissingEnd { .. } | Self::MissingBegin { .. } | Self::InvalidBase64 { .. } | Self::Truncated => {
                "copy the certificate again, whole, with its lines `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----`"
            }
            Self::WrongDashes { .. } => {
                "download the certificate again, or put five hyphens on both sides: `-----BEGIN CERTIFICATE-----` and \
                 `-----END CERTIFICATE-----`. Word processors, wikis and chats make dashes of hyphens"
            }
            Self::SetAside { .. } => {
                "leave one certificate in the text, the one that the identity provider signs with now; where two are meant, put both into a \
                 file of their own"
            }
            Self::TrailingData { .. } | Self::Malformed { .. } | Self::MalformedKey { .. } => {
                "download the certificate again; `openssl x509 -noout -text -in FILE` shows whether other programs can read it"
            }
            Self::RsaKeyTooShort { .. } | Self::RsaKeyTooLong { .. } => {
                "let the identity provider sign with an RSA key of 2048 to 8192 bits (3072 is a good choice)"
            }
            Self::UnsupportedCurve { .. } | Self::UnsupportedKey { .. } => {
                "let the identity provider sign with an RSA key (rsaEncryption), or one on P-256, P-384 or Ed25519"
            }
            Self::CurveNeedsFeature { feature, .. } => {
                return format!(
                    "build the service with the feature `{feature}` of saml-verify, which verifies with such keys, or let the identity \
                     provider sign with an RSA key (rsaEncryption), or one on P-256, P-384 or Ed25519"
                );
            }
            Self::TooMany { .. } => "trust the current certificates and the next ones, and remove those that are out of use",
        }
        .to_owned()
    }
}

impl FoundInstead {
    fn remedy(&self) -> &'static str {
        match self {
            Self::PrivateKey => {
                "give the certificate, not the key: the identity provider's private key must never leave it. If this one is in \
                 use, treat it as exposed"
            }
            Self::CertificateRequest => "give the certificate that was issued for the request",
            Self::PublicKey => "give the certificate, `-----BEGIN CERTIFICATE-----`, or the key as `-----BEGIN PUBLIC KEY-----`",
            Self::Pkcs7 => "unpack it: `openssl pkcs7 -print_certs -in FILE` (with `-inform DER` if it is binary)",
            Self::Pkcs12 => "unpack the certificate and leave the key behind: `openssl pkcs12 -nokeys -clcerts -in FILE`",
            Self::Fingerprint => "give the certificate itself: a fingerprint cannot verify a signature",
            Self::Html => "download the certificate itself; this is a page of a web site, perhaps that of a login",
            Self::Metadata => {
                "give the certificate in it: the text of the X509Certificate element that stands in the IDPSSODescriptor, in a \
                 KeyDescriptor for signing"
            }
            Self::Xml => "give the certificate alone: where the document has an X509Certificate element, the text of that",
            Self::KeySet => {
                "give the certificate: the first text in the key's `x5c`. SAML identity providers that have only a key set publish \
                 the certificate in their metadata, as X509Certificate"
            }
            Self::Json => "give the text of the field that holds the certificate",
            Self::Utf16 => "save the file as ASCII or UTF-8 (in PowerShell: `-Encoding ascii`)",
            Self::PemBlock { .. } | Self::Text | Self::Bytes => {
                "give the content of the certificate's file, as PEM, DER or base64: not its name, and not a URL"
            }
        }
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no certificate: the input is empty"),
            Self::NotACertificate { found } => write!(f, "not a certificate: {found}"),
            Self::MissingEnd { offset } => write!(f, "the PEM block that begins at byte {offset} has no END line"),
            Self::MissingBegin { offset } => write!(f, "the PEM block that ends at byte {offset} has no BEGIN line"),
            Self::WrongDashes { offset, typographic: true } => {
                write!(f, "the PEM line at byte {offset} has typographic dashes where five hyphens (-----) must be")
            }
            Self::WrongDashes { offset, typographic: false } => {
                write!(f, "the PEM line at byte {offset} does not have five hyphens (-----) on both sides")
            }
            Self::SetAside { offset, comment } => {
                let how = if *comment { "in a comment (<!-- -->)" } else { "quoted (>) more than another one" };
                write!(f, "the certificate or key at byte {offset} is {how}, so that it is not clear which are meant")
            }
            Self::InvalidBase64 { offset } => write!(f, "the certificate's base64 is wrong at byte {offset}"),
            Self::Truncated => f.write_str("the certificate ends before it is complete"),
            Self::TrailingData { bytes } => write!(f, "{bytes} bytes behind the certificate"),
            Self::Malformed { part } => write!(f, "the certificate is not built as X.509 prescribes: {part} cannot be read"),
            Self::RsaKeyTooShort { bits } => write!(f, "the RSA key has {bits} bits, and at least 2048 are needed"),
            Self::RsaKeyTooLong { bits } => write!(f, "the RSA key has {bits} bits, and at most 8192 are supported"),
            Self::UnsupportedCurve { curve } => write!(f, "the elliptic curve {curve} is not supported"),
            Self::CurveNeedsFeature { curve, feature } => {
                write!(f, "the elliptic curve {curve} is supported with the feature `{feature}`, which this build does not have")
            }
            Self::UnsupportedKey { algorithm } => write!(f, "keys of the kind {algorithm} are not supported"),
            Self::MalformedKey { reason } => write!(f, "the key is malformed: {reason}"),
            Self::OneOfSeveral { position, count, subject: Some(subject), reason } => {
                write!(f, "certificate {position} of {count}, {subject}: {reason}")
            }
            Self::OneOfSeveral { position, count, subject: None, reason } => {
                write!(f, "certificate {position} of {count}: {reason}")
            }
            Self::TooMany { maximum } => write!(f, "more than {maximum} certificates"),
        }
    }
}

impl fmt::Display for FoundInstead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrivateKey => "this is a private key",
            Self::CertificateRequest => "this is a certificate request",
            Self::PublicKey => "this is a public key in another form",
            Self::Pkcs7 => "this is a PKCS #7 container",
            Self::Pkcs12 => "this is a PKCS #12 container",
            Self::Fingerprint => "this is a fingerprint",
            Self::Html => "this is an HTML page",
            Self::Metadata => "this is a SAML metadata document",
            Self::Xml => "this is an XML document",
            Self::KeySet => "this is a JSON Web Key or a set of them",
            Self::Json => "this is JSON",
            Self::Utf16 => "this is UTF-16 text",
            Self::PemBlock { label } => return write!(f, "this is a PEM block {label}"),
            Self::Text => "this is some other text",
            Self::Bytes => "these are some other bytes",
        })
    }
}

/// Where one of several certificates is refused, the source is the reason by itself.
impl std::error::Error for CertificateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::OneOfSeveral { reason, .. } => Some(&**reason),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_source() {
        use std::error::Error as _;
        let one =
            CertificateError::OneOfSeveral { position: 1, count: 2, subject: None, reason: Box::new(CertificateError::Empty) };
        assert_eq!(one.source().and_then(|source| source.downcast_ref()), Some(&CertificateError::Empty));
        let configured = super::super::ConfigError::from(one);
        assert_eq!(configured.source().and_then(|source| source.downcast_ref()), Some(&CertificateError::Empty));
        assert!(CertificateError::Empty.source().is_none());
    }

    #[test]
    fn every_refusal_has_its_own_code_and_message() {
        use CertificateError as E;
        let curve = "P-224".to_owned();
        let algorithm = "DSA".to_owned();
        for (error, code, message) in [
            (E::Empty, "certificate_empty", "no certificate: the input is empty"),
            (E::MissingEnd { offset: 7 }, "certificate_end_missing", "the PEM block that begins at byte 7 has no END line"),
            (E::MissingBegin { offset: 7 }, "certificate_begin_missing", "the PEM block that ends at byte 7 has no BEGIN line"),
            (E::InvalidBase64 { offset: 7 }, "certificate_base64_invalid", "the certificate's base64 is wrong at byte 7"),
            (E::Truncated, "certificate_truncated", "the certificate ends before it is complete"),
            (
                E::SetAside { offset: 7, comment: false },
                "certificate_set_aside",
                "the certificate or key at byte 7 is quoted (>) more than another one, so that it is not clear which are meant",
            ),
            (
                E::SetAside { offset: 7, comment: true },
                "certificate_set_aside",
                "the certificate or key at byte 7 is in a comment (<!-- -->), so that it is not clear which are meant",
            ),
            (E::TrailingData { bytes: 7 }, "certificate_trailing_data", "7 bytes behind the certificate"),
            (
                E::WrongDashes { offset: 7, typographic: true },
                "certificate_dashes_wrong",
                "the PEM line at byte 7 has typographic dashes where five hyphens (-----) must be",
            ),
            (
                E::WrongDashes { offset: 7, typographic: false },
                "certificate_dashes_wrong",
                "the PEM line at byte 7 does not have five hyphens (-----) on both sides",
            ),
            (
                E::Malformed { part: "its validity" },
                "certificate_malformed",
                "the certificate is not built as X.509 prescribes: its validity cannot be read",
            ),
            (E::RsaKeyTooShort { bits: 7 }, "rsa_key_too_short", "the RSA key has 7 bits, and at least 2048 are needed"),
            (E::RsaKeyTooLong { bits: 7 }, "rsa_key_too_long", "the RSA key has 7 bits, and at most 8192 are supported"),
            (E::UnsupportedCurve { curve }, "curve_unsupported", "the elliptic curve P-224 is not supported"),
            (
                E::CurveNeedsFeature { curve: "P-521", feature: "aws-lc-rs" },
                "curve_unsupported",
                "the elliptic curve P-521 is supported with the feature `aws-lc-rs`, which this build does not have",
            ),
            (E::UnsupportedKey { algorithm }, "key_unsupported", "keys of the kind DSA are not supported"),
            (E::MalformedKey { reason: "bad" }, "key_malformed", "the key is malformed: bad"),
            (
                E::OneOfSeveral {
                    position: 2,
                    count: 3,
                    subject: Some(Shown::new("CN=a")),
                    reason: Box::new(E::RsaKeyTooShort { bits: 7 }),
                },
                "rsa_key_too_short",
                "certificate 2 of 3, \"CN=a\": the RSA key has 7 bits, and at least 2048 are needed",
            ),
            (
                E::OneOfSeveral { position: 1, count: 2, subject: None, reason: Box::new(E::Malformed { part: "its issuer" }) },
                "certificate_malformed",
                "certificate 1 of 2: the certificate is not built as X.509 prescribes: its issuer cannot be read",
            ),
            (E::TooMany { maximum: 7 }, "too_many_certificates", "more than 7 certificates"),
        ] {
            assert_eq!((error.code(), error.to_string().as_str()), (code, message));
            assert!(!error.remedy().is_empty(), "{code}");
        }
    }

    #[test]
    fn whatever_was_given_instead_is_named() {
        for (found, message) in [
            (FoundInstead::PrivateKey, "this is a private key"),
            (FoundInstead::CertificateRequest, "this is a certificate request"),
            (FoundInstead::PublicKey, "this is a public key in another form"),
            (FoundInstead::Pkcs7, "this is a PKCS #7 container"),
            (FoundInstead::Pkcs12, "this is a PKCS #12 container"),
            (FoundInstead::Fingerprint, "this is a fingerprint"),
            (FoundInstead::Html, "this is an HTML page"),
            (FoundInstead::Metadata, "this is a SAML metadata document"),
            (FoundInstead::Xml, "this is an XML document"),
            (FoundInstead::KeySet, "this is a JSON Web Key or a set of them"),
            (FoundInstead::Json, "this is JSON"),
            (FoundInstead::Utf16, "this is UTF-16 text"),
            (FoundInstead::PemBlock { label: Shown::new("X509 CRL") }, "this is a PEM block \"X509 CRL\""),
            (FoundInstead::Text, "this is some other text"),
            (FoundInstead::Bytes, "these are some other bytes"),
        ] {
            let error = CertificateError::NotACertificate { found };
            assert_eq!((error.code(), error.to_string()), ("not_a_certificate", format!("not a certificate: {message}")));
            assert!(!error.remedy().is_empty(), "{message}");
        }
    }
}
