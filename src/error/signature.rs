//! Refusals of the signature stage.

use std::fmt;

use super::{Refusal, Shown};

/// Why a signature, or the lack of one, was refused.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// Neither the Response nor its Assertion is signed. SAML Profiles 4.1.4.5.
    Unsigned,
    /// The part that the service requires to be signed is not.
    RequiredSignatureMissing {
        /// `Response` or `Assertion`.
        element: &'static str,
    },
    /// An element carries more than one Signature. SAML Core 5.4.1.
    SeveralSignatures {
        /// The element that carries them.
        element: &'static str,
    },
    /// The Signature does not stand directly after the Issuer. SAML Core 3.2.2 and 2.3.3 (schema order).
    Misplaced {
        /// The element that carries it.
        element: &'static str,
    },
    /// The Signature is not built as XML Signature and SAML Core 5.4 prescribe.
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
    /// An algorithm that is not accepted. SAML Core 5.4.3 and 5.4.4, XMLDSig 6.
    Algorithm {
        /// Where it is named.
        role: AlgorithmRole,
        /// The identifier in the message.
        identifier: Shown,
        /// Why it is not accepted.
        refusal: AlgorithmRefusal,
        /// The identifiers that are accepted in this place.
        accepted: Vec<&'static str>,
    },
    /// The Reference does not name the element that holds the Signature. SAML Core 5.4.2.
    ReferenceMismatch {
        /// `#` and the ID of the parent element.
        expected: Shown,
        /// The URI of the Reference.
        received: Option<Shown>,
    },
    /// An identifier occurs twice in the document. SAML Core 1.3.4, XMLDSig 4.4.3.3.
    DuplicateId {
        /// The identifier.
        id: Shown,
    },
    /// None of the trusted keys is of the kind that the signature method needs.
    KeyTypeMismatch {
        /// The signature method of the message.
        method: &'static str,
        /// The kinds of the trusted keys.
        trusted: Vec<String>,
    },
    /// The signature value is not that of any trusted key. XMLDSig 3.2.2.
    UntrustedKey {
        /// SHA-256 fingerprint of the certificate that the message shows, if it shows one. A hint, never trusted.
        shown: Option<String>,
        /// SHA-256 fingerprints of the trusted certificates.
        trusted: Vec<String>,
    },
    /// The signature value is wrong, though the message shows a trusted certificate: SignedInfo was changed, or somebody else
    /// signed. XMLDSig 3.2.2.
    InvalidValue {
        /// SHA-256 fingerprint of the certificate.
        certificate: String,
    },
    /// The element is not the one that was signed: it was changed afterwards. XMLDSig 3.2.1.
    DigestMismatch {
        /// The element that carries the Signature.
        element: &'static str,
    },
    /// A trusted certificate verified the signature, but `now` is outside its validity, and the connection refuses that.
    CertificateNotValid {
        /// `not_before` and `not_after`, RFC 3339.
        validity: String,
        /// The time of the verification, RFC 3339.
        now: String,
    },
    /// The element has no canonical form. Canonical XML 1.0 section 1.3.
    NotCanonicalizable {
        /// What stands in the way.
        reason: &'static str,
    },
}

/// Where an algorithm is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlgorithmRole {
    /// `ds:SignatureMethod`.
    Signature,
    /// `ds:DigestMethod`.
    Digest,
    /// `ds:CanonicalizationMethod`.
    Canonicalization,
    /// `ds:Transform`.
    Transform,
}

/// Why an algorithm is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlgorithmRefusal {
    /// Known and too weak for any connection.
    Weak,
    /// Known, and of a kind that has no place in a SAML signature.
    Unsuitable,
    /// Known and implemented, accepted once the connection allows it under this name.
    NotEnabled(&'static str),
    /// Known and not implemented here.
    Unsupported,
    /// Not known.
    Unknown,
}

impl fmt::Display for AlgorithmRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature => "signature method",
            Self::Digest => "digest method",
            Self::Canonicalization => "canonicalization method",
            Self::Transform => "transform",
        })
    }
}

impl fmt::Display for AlgorithmRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weak => f.write_str("is too weak"),
            Self::Unsuitable => f.write_str("has no place in a SAML signature"),
            Self::NotEnabled(name) => write!(f, "is not enabled (allow `{name}`)"),
            Self::Unsupported => f.write_str("is not supported"),
            Self::Unknown => f.write_str("is unknown"),
        }
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str("neither the Response nor the Assertion is signed"),
            Self::RequiredSignatureMissing { element } => write!(f, "the {element} is not signed, as this connection requires"),
            Self::SeveralSignatures { element } => write!(f, "the {element} carries more than one Signature"),
            Self::Misplaced { element } => write!(f, "the Signature of the {element} does not stand directly after its Issuer"),
            Self::Malformed { reason } => write!(f, "malformed Signature: {reason}"),
            Self::Algorithm { role, identifier, refusal, .. } => write!(f, "the {role} {identifier} {refusal}"),
            Self::ReferenceMismatch { expected, received: Some(received) } if received.as_str().is_empty() => {
                write!(f, "the Reference is empty, which stands for the whole document: it must be {expected}")
            }
            Self::ReferenceMismatch { expected, received: Some(received) } => {
                write!(f, "the Reference names {received}, not {expected}")
            }
            Self::ReferenceMismatch { expected, received: None } => write!(f, "the Reference has no URI, it must be {expected}"),
            Self::DuplicateId { id } => write!(f, "the identifier {id} occurs more than once in the document"),
            Self::KeyTypeMismatch { method, trusted } => {
                write!(f, "{method} does not fit the trusted key ({})", trusted.join(", "))
            }
            Self::UntrustedKey { shown: Some(shown), trusted } => write!(
                f,
                "not signed with a trusted key: the message shows the certificate {shown}, trusted is {}",
                trusted.join(" and ")
            ),
            Self::UntrustedKey { shown: None, trusted } => {
                write!(f, "not signed with a trusted key: trusted is the certificate {}", trusted.join(" and "))
            }
            Self::InvalidValue { certificate } => {
                write!(f, "the signature value is not one of the key that the message shows, {certificate}")
            }
            Self::DigestMismatch { element } => write!(f, "the {element} was changed after it was signed"),
            Self::CertificateNotValid { validity, now } => {
                write!(f, "the trusted certificate is valid {validity}, and it is {now}")
            }
            Self::NotCanonicalizable { reason } => write!(f, "the signed element has no canonical form: {reason}"),
        }
    }
}

impl Refusal for SignatureError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::RequiredSignatureMissing { .. } => "required_signature_missing",
            Self::SeveralSignatures { .. } => "several_signatures",
            Self::Misplaced { .. } => "signature_misplaced",
            Self::Malformed { .. } => "signature_malformed",
            Self::Algorithm { role, .. } => match role {
                AlgorithmRole::Signature => "signature_algorithm_refused",
                AlgorithmRole::Digest => "digest_algorithm_refused",
                AlgorithmRole::Canonicalization => "canonicalization_refused",
                AlgorithmRole::Transform => "transform_refused",
            },
            Self::ReferenceMismatch { .. } => "reference_mismatch",
            Self::DuplicateId { .. } => "duplicate_id",
            Self::KeyTypeMismatch { .. } => "key_type_mismatch",
            Self::UntrustedKey { .. } => "untrusted_key",
            Self::InvalidValue { .. } => "signature_invalid",
            Self::DigestMismatch { .. } => "digest_mismatch",
            Self::CertificateNotValid { .. } => "certificate_not_valid",
            Self::NotCanonicalizable { .. } => "not_canonicalizable",
        }
    }

    fn section(&self) -> &'static str {
        match self {
            Self::Unsigned | Self::RequiredSignatureMissing { .. } => "SAML Profiles 4.1.4.5",
            Self::SeveralSignatures { .. } | Self::Misplaced { .. } => "SAML Core 5.4.1",
            Self::Malformed { .. } => "XMLDSig 4",
            Self::Algorithm { role, .. } => match role {
                AlgorithmRole::Signature | AlgorithmRole::Digest => "XMLDSig 6.1",
                AlgorithmRole::Canonicalization => "SAML Core 5.4.3",
                AlgorithmRole::Transform => "SAML Core 5.4.4",
            },
            Self::ReferenceMismatch { .. } => "SAML Core 5.4.2",
            Self::DuplicateId { .. } => "SAML Core 1.3.4",
            Self::KeyTypeMismatch { .. } => "XMLDSig 6.4",
            Self::UntrustedKey { .. } | Self::InvalidValue { .. } => "XMLDSig 3.2.2",
            Self::DigestMismatch { .. } => "XMLDSig 3.2.1",
            Self::CertificateNotValid { .. } => "connection policy",
            Self::NotCanonicalizable { .. } => "Canonical XML 1.0 section 1.3",
        }
    }

    fn expected(&self) -> Vec<String> {
        match self {
            Self::Algorithm { accepted, .. } => accepted.iter().map(|&uri| uri.to_owned()).collect(),
            Self::ReferenceMismatch { expected, .. } => vec![expected.as_str().to_owned()],
            Self::KeyTypeMismatch { trusted, .. } | Self::UntrustedKey { trusted, .. } => trusted.clone(),
            Self::CertificateNotValid { validity, .. } => vec![validity.clone()],
            _ => Vec::new(),
        }
    }

    fn received(&self) -> Vec<String> {
        match self {
            Self::Algorithm { identifier, .. } => vec![identifier.as_str().to_owned()],
            Self::ReferenceMismatch { received, .. } => received.iter().map(|uri| uri.as_str().to_owned()).collect(),
            Self::DuplicateId { id } => vec![id.as_str().to_owned()],
            Self::KeyTypeMismatch { method, .. } => vec![(*method).to_owned()],
            Self::UntrustedKey { shown, .. } => shown.iter().cloned().collect(),
            Self::CertificateNotValid { now, .. } => vec![now.clone()],
            _ => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Unsigned => "the identity provider must sign the assertion or the response; in Auth0 leave the addon's \
                               `signResponse` at false (assertion) or set it to true (response)"
                .to_owned(),
            Self::RequiredSignatureMissing { .. } => "let the identity provider sign this part (Auth0: `signResponse` signs the \
                                                      response instead of the assertion), or require the other part"
                .to_owned(),
            Self::Misplaced { .. } => {
                "Auth0 tenants from before July 2017 write the Signature as the last child: allow `signature-position` for this connection; \
                 anywhere else it is refused".to_owned()
            }
            Self::Algorithm { refusal: AlgorithmRefusal::NotEnabled(name), role, .. } => {
                let setting = match role {
                    AlgorithmRole::Signature => "in Auth0 set the addon's `signatureAlgorithm` to `rsa-sha256`",
                    AlgorithmRole::Digest => "in Auth0 set the addon's `digestAlgorithm` to `sha256`",
                    _ => "let the identity provider use exclusive canonicalization",
                };
                format!("{setting}, or allow `{name}` for this connection knowingly")
            }
            Self::Algorithm { .. } => "let the identity provider sign with RSA-SHA256 and exclusive canonicalization; in Auth0 set the \
                                       addon's `signatureAlgorithm` to `rsa-sha256` and `digestAlgorithm` to `sha256`"
                .to_owned(),
            Self::KeyTypeMismatch { .. } => "configure the certificate whose key the identity provider signs with; in Auth0 look for an \
                                             Action that calls `setKey` or `setCert` with an EC key: Auth0 then signs with ECDSA and \
                                             calls it rsa-sha256, so give it an RSA key"
                .to_owned(),
            Self::UntrustedKey { .. } => "if the identity provider rotated its signing key, download the new certificate from its \
                                          administrator's pages (Auth0: Application, Addons, SAML2 Web App, Usage) and trust it beside \
                                          the old one; never take it out of a message"
                .to_owned(),
            Self::ReferenceMismatch { received: Some(received), .. } if received.as_str().is_empty() => {
                "let the identity provider sign by the ID of the element (SAML Core 5.4.2); if it can only sign the whole document, and the \
                 Signature is a child of the document's root element, allow `whole-document-reference` for this connection"
                    .to_owned()
            }
            Self::DigestMismatch { .. } => "nothing may change the message on its way; if every login of one user fails, look for \
                                            carriage returns in the user's profile, which Auth0 signs but does not escape"
                .to_owned(),
            Self::CertificateNotValid { .. } => {
                "configure the identity provider's current certificate, or choose the policy `warn` for expired certificates".to_owned()
            }
            Self::SeveralSignatures { .. }
            | Self::InvalidValue { .. }
            | Self::Malformed { .. }
            | Self::ReferenceMismatch { .. }
            | Self::DuplicateId { .. }
            | Self::NotCanonicalizable { .. } => {
                "the message is not signed as SAML prescribes: report it to the identity provider, or, where it is not known to send such \
                 messages, treat it as an attack"
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedies_speak_to_whoever_reads_them() {
        let kind = SignatureError::KeyTypeMismatch { method: "rsa-sha256", trusted: vec!["EC P-256".to_owned()] };
        assert_eq!(
            kind.remedy(),
            "configure the certificate whose key the identity provider signs with; in Auth0 look for an Action that calls `setKey` or \
             `setCert` with an EC key: Auth0 then signs with ECDSA and calls it rsa-sha256, so give it an RSA key"
        );
        let expired = SignatureError::CertificateNotValid { validity: String::new(), now: String::new() };
        assert_eq!(
            expired.remedy(),
            "configure the identity provider's current certificate, or choose the policy `warn` for expired certificates"
        );
    }
}
