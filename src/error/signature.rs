//! Refusals of the signature stage.

use std::fmt;

use super::clues::COPY;
use super::{Clues, CopySign, Fingerprints, OtherIssuer, Position, Refusal, Shown};
use crate::departure::Departure;

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
        /// The departure that would accept it in its place; none where no departure would, or where it is allowed already.
        departure: Option<Departure>,
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
        /// The departure that would accept it; none where no departure would, or where it is allowed already.
        departure: Option<Departure>,
    },
    /// An identifier occurs twice in the document. SAML Core 1.3.4, XMLDSig 4.4.3.3.
    DuplicateId {
        /// The identifier, where it is the `ID` of the message or of its Assertion; any other could be a value of the user.
        id: Option<Shown>,
        /// Where an attribute has it again.
        position: Position,
    },
    /// None of the trusted keys is of the kind that the signature method needs.
    KeyTypeMismatch {
        /// The signature method of the message.
        method: &'static str,
        /// The kinds of the trusted keys.
        trusted: Vec<String>,
        /// What may be the cause.
        clues: Box<Clues>,
    },
    /// The value of an ECDSA signature is in DER, where XML Signature has `r` and `s` as they are. XMLDSig 6.4.3.
    ValueInDer {
        /// The signature method of the message.
        method: &'static str,
        /// How many octets it has.
        octets: usize,
        /// What may be the cause.
        clues: Box<Clues>,
    },
    /// The signature value is not that of any trusted key. XMLDSig 3.2.2.
    UntrustedKey {
        /// The certificate that the message shows, if it shows one. A hint, never trusted.
        shown: Option<Fingerprints>,
        /// The trusted certificates.
        trusted: Vec<Fingerprints>,
        /// What may be the cause.
        clues: Box<Clues>,
    },
    /// The signature value is wrong, though the message shows a trusted certificate or another of the same key: SignedInfo was
    /// changed, or somebody else signed. XMLDSig 3.2.2.
    InvalidValue {
        /// SHA-256 fingerprint of the certificate.
        certificate: String,
        /// What may be the cause.
        clues: Box<Clues>,
    },
    /// The element is not the one that was signed: it was changed afterwards. XMLDSig 3.2.1.
    DigestMismatch {
        /// The element that carries the Signature.
        element: &'static str,
        /// What may be the cause.
        clues: Box<Clues>,
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
    /// Known, and implemented by the cryptographic library that this feature of the crate brings; this build has another one.
    NeedsFeature(&'static str),
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
            Self::NeedsFeature(feature) => write!(f, "needs the feature `{feature}`, which this build does not have"),
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
            Self::Misplaced { element, .. } => {
                write!(f, "the Signature of the {element} does not stand directly after its Issuer")
            }
            Self::Malformed { reason } => write!(f, "malformed Signature: {reason}"),
            Self::Algorithm { role, identifier, refusal, .. } => write!(f, "the {role} {identifier} {refusal}"),
            Self::ReferenceMismatch { expected, received: Some(received), .. } if received.as_str().is_empty() => {
                write!(f, "the Reference is empty, which stands for the whole document: it must be {expected}")
            }
            Self::ReferenceMismatch { expected, received: Some(received), .. } => {
                write!(f, "the Reference names {received}, not {expected}")
            }
            Self::ReferenceMismatch { expected, received: None, .. } => {
                write!(f, "the Reference has no URI, it must be {expected}")
            }
            Self::DuplicateId { id: Some(id), position } => {
                write!(f, "the identifier {id} occurs more than once in the document, again at {position}")
            }
            Self::DuplicateId { id: None, position } => {
                write!(f, "an identifier occurs more than once in the document, again at {position}")
            }
            Self::KeyTypeMismatch { method, trusted, clues } => {
                write!(f, "{}{method} does not fit the trusted key ({})", clues.lead(), trusted.join(", "))
            }
            Self::ValueInDer { method, octets, clues } => write!(
                f,
                "{}the {octets} octets of the {method} signature value are DER (ASN.1); XMLDSig prescribes the integers r and s, one behind \
                 the other",
                clues.lead()
            ),
            Self::UntrustedKey { shown, trusted, clues } => {
                let changed = if clues.in_query { ", or changed since" } else { "" };
                write!(f, "{}not signed with a trusted key{changed}: ", clues.lead())?;
                shown.as_ref().map_or(Ok(()), |shown| write!(f, "the message shows the certificate {shown}, "))?;
                let trusted: Vec<String> = trusted.iter().map(ToString::to_string).collect();
                let what = if shown.is_some() { "trusted is" } else { "trusted is the certificate" };
                write!(f, "{what} {}{}", trusted.join(" and "), clues.tail())
            }
            Self::InvalidValue { certificate, clues } => {
                let lead = clues.lead();
                write!(f, "{lead}the signature value is not one of the key that the message shows, {certificate}{}", clues.tail())
            }
            Self::DigestMismatch { element, clues } => write!(f, "the {element} was changed after it was signed{}", clues.tail()),
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
            Self::ValueInDer { .. } => "signature_encoding",
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
            Self::ValueInDer { .. } | Self::UntrustedKey { .. } | Self::InvalidValue { .. } => "XMLDSig 3.2.2",
            Self::DigestMismatch { .. } => "XMLDSig 3.2.1",
            Self::CertificateNotValid { .. } => "connection policy",
            Self::NotCanonicalizable { .. } => "Canonical XML 1.0 section 1.3",
        }
    }

    fn expected(&self) -> Vec<String> {
        match self {
            Self::Algorithm { accepted, .. } => accepted.iter().map(|&uri| uri.to_owned()).collect(),
            Self::ReferenceMismatch { expected, .. } => vec![expected.as_str().to_owned()],
            Self::KeyTypeMismatch { trusted, .. } => trusted.clone(),
            Self::UntrustedKey { trusted, .. } => trusted.iter().map(|trusted| trusted.sha256.clone()).collect(),
            Self::CertificateNotValid { validity, .. } => vec![validity.clone()],
            _ => Vec::new(),
        }
    }

    fn received(&self) -> Vec<String> {
        match self {
            Self::Algorithm { identifier, .. } => vec![identifier.as_str().to_owned()],
            Self::ReferenceMismatch { received, .. } => received.iter().map(|uri| uri.as_str().to_owned()).collect(),
            Self::DuplicateId { id: Some(id), .. } => vec![id.as_str().to_owned()],
            Self::DuplicateId { id: None, position } => vec![format!("an identifier at {position}")],
            Self::KeyTypeMismatch { method, .. } => vec![(*method).to_owned()],
            Self::UntrustedKey { shown, .. } => shown.iter().map(|shown| shown.sha256.clone()).collect(),
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
            Self::Misplaced { departure: Some(departure), .. } => format!(
                "Auth0 tenants from before July 2017 and some products write the Signature as the last child: allow `{departure}` for this \
                 connection; anywhere else it is refused"
            ),
            Self::Misplaced { departure: None, .. } => {
                "the order that SAML prescribes is Issuer, Signature, and then the rest (SAML Core 2.3.3, 3.2.2): let the identity provider \
                 write the Signature directly behind the Issuer; no departure accepts it in this place"
                    .to_owned()
            }
            Self::Malformed { reason } if reason.starts_with("an empty ") => {
                "something took the value out, or never wrote it: take the form field `SAMLResponse` as the browser posted it, and look for \
                 whatever blanks out values on its way (a log, a proxy)"
                    .to_owned()
            }
            Self::Malformed { reason: Self::NO_CANONICALIZATION } => {
                "let the identity provider add exclusive canonicalization to the transforms, or allow `inclusive-c14n` for this connection \
                 knowingly"
                    .to_owned()
            }
            Self::Algorithm { refusal: AlgorithmRefusal::NotEnabled(name), role, .. } => {
                let setting = match role {
                    AlgorithmRole::Signature => "in Auth0 set the addon's `signatureAlgorithm` to `rsa-sha256`",
                    AlgorithmRole::Digest => "in Auth0 set the addon's `digestAlgorithm` to `sha256`",
                    _ => "let the identity provider use exclusive canonicalization",
                };
                format!("{setting}, or allow `{name}` for this connection knowingly")
            }
            Self::Algorithm { refusal: AlgorithmRefusal::NeedsFeature(feature), .. } => format!(
                "build the service with the feature `{feature}` of saml-verify, which verifies such signatures, or let the identity provider \
                 sign with RSA-SHA256"
            ),
            Self::Algorithm { .. } => "let the identity provider sign with RSA-SHA256 and exclusive canonicalization; in Auth0 set the \
                                       addon's `signatureAlgorithm` to `rsa-sha256` and `digestAlgorithm` to `sha256`"
                .to_owned(),
            Self::ReferenceMismatch { departure: Some(departure), .. } => format!(
                "let the identity provider sign by the ID of the element (SAML Core 5.4.2); if it can only sign the whole document, allow \
                 `{departure}` for this connection"
            ),
            Self::ReferenceMismatch { received: Some(received), .. } if received.as_str().is_empty() => {
                "let the identity provider sign by the ID of the element (SAML Core 5.4.2)".to_owned()
            }
            Self::KeyTypeMismatch { clues, .. } => clues.remedy_for_other_issuer().unwrap_or_else(|| {
                "configure the certificate whose key the identity provider signs with; in Auth0 look for an Action that calls `setKey` or \
                 `setCert` with an EC key: Auth0 then signs with ECDSA and calls it rsa-sha256, so give it an RSA key"
                    .to_owned()
            }),
            Self::ValueInDer { clues, .. } => clues.remedy_for_other_issuer().unwrap_or_else(|| {
                "let the identity provider write r and s at their full length, one behind the other, as XMLDSig 6.4.3 prescribes (.NET: \
                 `IeeeP1363FixedFieldConcatenation`; Java: `SHA256withECDSAinP1363Format`; Go and OpenSSL give DER, which has to be \
                 taken apart); no other certificate helps"
                    .to_owned()
            }),
            Self::UntrustedKey { shown, clues, .. } => remedy_for_untrusted_key(shown.is_some(), clues),
            Self::InvalidValue { clues, .. } => clues.remedy_for_other_issuer().unwrap_or_else(|| {
                copy_or(
                    clues,
                    "look for what changes messages on their way (a proxy, a web application firewall, a browser extension); it may also \
                     be that the identity provider's software signs wrongly",
                )
            }),
            Self::DigestMismatch { clues, .. } => copy_or(
                clues,
                "nothing may change the message on its way; if every login of one user fails, look for carriage returns in the user's \
                 profile, which Auth0 signs but does not escape",
            ),
            Self::CertificateNotValid { .. } => {
                "configure the identity provider's current certificate, or choose the policy `warn` for expired certificates".to_owned()
            }
            Self::SeveralSignatures { .. }
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

impl SignatureError {
    /// A missing transform that has a meaning, which a departure allows.
    pub(crate) const NO_CANONICALIZATION: &'static str =
        "no canonicalization transform, which means Canonical XML 1.0, and that is not allowed";

    /// Adds the sign that the message is a copy, where the signature does not hold and there is one.
    pub(crate) fn with_copy_sign(mut self, sign: impl FnOnce() -> Option<CopySign>) -> Self {
        if let Self::UntrustedKey { clues, .. } | Self::InvalidValue { clues, .. } | Self::DigestMismatch { clues, .. } =
            &mut self
        {
            clues.copy = sign();
        }
        self
    }

    /// Adds that the signature is one over a query.
    pub(crate) fn in_query(mut self) -> Self {
        if let Self::UntrustedKey { clues, .. } = &mut self {
            clues.in_query = true;
        }
        self
    }

    /// Adds whom the message claims to come from, where no trusted key signed it, and that is not who the connection is for.
    pub(crate) fn with_claimed_issuer(mut self, claimed: &str, configured: &str) -> Self {
        if let Self::UntrustedKey { clues, .. }
        | Self::KeyTypeMismatch { clues, .. }
        | Self::ValueInDer { clues, .. }
        | Self::InvalidValue { clues, .. } = &mut self
            && claimed != configured
            && !claimed.trim().is_empty()
        {
            clues.other_issuer = Some(OtherIssuer { claimed: Shown::new(claimed), configured: configured.to_owned() });
        }
        self
    }
}

/// What to do about a key that is not trusted: the likely cause comes first.
fn remedy_for_untrusted_key(shows_certificate: bool, clues: &Clues) -> String {
    if let Some(remedy) = clues.remedy_for_other_issuer() {
        return remedy;
    }
    if clues.authority.is_some() {
        return "an identity provider signs with a key of its own, for which its authority only vouches: if the trusted certificate is that \
                of an authority, trust the identity provider's own certificate (the leaf), as its administrator's pages or its metadata \
                show it, in its place; never take one out of a message. Where they show no such certificate, treat the message as an attack"
            .to_owned();
    }
    let rotated = "if the identity provider rotated its signing key, download the new certificate from its administrator's pages (Auth0: \
                   Application, Addons, SAML2 Web App, Usage) and trust it beside the old one; never take it out of a message";
    if clues.in_query {
        return format!(
            "hand over the query as it arrived: decoded and encoded again, it is no longer what was signed. If nothing touched it: {rotated}. \
             Where none of this explains it, treat the message as an attack"
        );
    }
    match clues.copy {
        None => rotated.to_owned(),
        Some(_) if shows_certificate => format!("{rotated}. Of this message no signature may be right any more: {COPY}"),
        Some(_) => format!("{COPY}. If this is what was posted: {rotated}"),
    }
}

/// What to do about a message that was changed. That it is a copy is said first where it looks like one; an attack comes last.
fn copy_or(clues: &Clues, other_causes: &str) -> String {
    let last = "Where none of this explains it, treat the message as an attack";
    match clues.copy {
        Some(_) => format!("{COPY}. If this is what was posted: {other_causes}. {last}"),
        None => format!("{other_causes}; {COPY}. {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedies_speak_to_whoever_reads_them() {
        let kind =
            SignatureError::KeyTypeMismatch { method: "rsa-sha256", trusted: vec!["EC P-256".to_owned()], clues: Box::default() };
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
