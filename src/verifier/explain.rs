//! Explanations of a verdict: the steps of [`Verifier::verify_xml`] in the same order, to the end.
//!
//! A message goes in, a [`Report`] comes out, and nothing else: what is read here without a signature decides nothing. After a
//! failure whatever can still be judged is judged.

use std::time::SystemTime;

#[cfg(feature = "decrypt")]
use super::decrypt::{explain_parsing, explain_parts};
use super::{Proven, Verifier};
use crate::binding::mistaken::in_place_of_message;
use crate::binding::post::decode_post;
use crate::connection::identity_provider::{IdentityProvider, Proof};
use crate::report::{Compared, Report, ReportOutcome, Step};
use crate::saml::assertion::Assertion;
use crate::saml::check::{self, Circumstances, Expect, Facts, Judge};
use crate::saml::response::{Envelope, Response};
#[cfg(feature = "decrypt")]
use crate::xml::Opened;
use crate::xml::{Document, Unsigned};

impl Verifier {
    /// Tells what every check says of the form field, also after a failure. For administrators; it can never become a login.
    pub fn explain_post(&self, saml_response: &str, expect: Expect<'_>, now: SystemTime) -> Report {
        let mut report = Report::of(DECODE.iter().copied().chain(steps()));
        if let Some(xml) = report.stage(DECODE, decode_post(saml_response, &self.limits)) {
            self.explain(&mut report, &xml, expect, now);
        }
        report
    }

    /// Tells what every check says of a Response that was decoded already, also after a failure.
    pub fn explain_xml(&self, xml: &[u8], expect: Expect<'_>, now: SystemTime) -> Report {
        let mut report = Report::of(steps());
        self.explain(&mut report, xml, expect, now);
        report
    }

    fn explain(&self, report: &mut Report, xml: &[u8], expect: Expect<'_>, now: SystemTime) -> Option<()> {
        let parsed = Document::parse_message(xml, &self.limits).map_err(|error| in_place_of_message(xml, error));
        let document = report.stage(XML, parsed)?;
        let read = Response::read(document.root()).map_err(|error| in_place_of_message(xml, error));
        let unverified = report.stage(RESPONSE, read)?;
        let chosen = self.explain_choice(report, &unverified);
        chosen.and_then(|idp| report.stage(&[RESPONSE_ID], idp.judge_id("Response", unverified.envelope.id)));

        let response = chosen.map(|idp| idp.verify(&document, unverified.element, "Response"));
        let response = response.and_then(|proof| report.optional_stage(&RESPONSE_SIGNATURE, proof));
        let course = Course { chosen, envelope: &unverified.envelope, response, encrypted: false, expect, now };
        #[cfg(feature = "decrypt")]
        let mut opener = self.opener(chosen.or(self.identity_providers.first())?, &document, None);
        #[cfg(feature = "decrypt")]
        if let (Some(idp), Some(encrypted)) = (chosen, unverified.encrypted_assertion())
            && self.service_provider.can_decrypt()
        {
            return self.explain_decrypting(report, idp, (&unverified, encrypted), course, opener);
        }
        #[cfg(feature = "decrypt")]
        if !unverified.holds_encrypted() {
            report.record_all(DECRYPTION, &ReportOutcome::NotApplicable);
        }
        let element = explain_assertion(report, &unverified, course.response_signed());
        let own = element.map(|element| (&document, element));
        let proven = self.explain_proof(report, &course, own);
        #[cfg(feature = "decrypt")]
        let parts = proven
            .as_ref()
            .and_then(|proven| proven.elements(unverified.envelope.clone()).ok())
            .and_then(|(_, assertion)| explain_parts(report, &mut opener, assertion));
        #[cfg(feature = "decrypt")]
        let opened = parts.as_ref().and_then(|parts| explain_parsing(report, parts, &mut opener));
        #[cfg(feature = "decrypt")]
        let read = |element| Assertion::read_opened(element, &mut opened.iter().flatten().map(Opened::element));
        #[cfg(not(feature = "decrypt"))]
        let (_, read) = (proven, Assertion::read);
        #[cfg(feature = "decrypt")]
        let assertion = element.and_then(|element| self.explain_content(report, read(element), opened.is_some()));
        #[cfg(not(feature = "decrypt"))]
        let assertion = element.and_then(|element| report.stage(&CONTENT, read(element)));
        self.explain_judgement(report, &course, assertion)
    }

    /// The signature of the Assertion, which stands in that document, and whether what must be signed is.
    pub(super) fn explain_proof<'d>(
        &self,
        report: &mut Report,
        course: &Course<'_, 'd>,
        own: Option<(&'d Document<'d>, Unsigned<'d>)>,
    ) -> Option<Proven<'d>> {
        let (idp, (document, element)) = course.chosen.zip(own)?;
        let assertion = report.optional_stage(&ASSERTION_SIGNATURE, idp.verify(document, element, "Assertion"));
        let proven = report.stage(PROVEN, Proven::new(course.response?, assertion?, self.required))?;
        report.stage(CERTIFICATE, self.judge_certificates(idp, &proven, course.now));
        Some(proven)
    }

    /// What the message says, as far as it could be read.
    pub(super) fn explain_judgement<'d>(
        &self,
        report: &mut Report,
        course: &Course<'_, 'd>,
        mut assertion: Option<Assertion<'d, Unsigned<'d>>>,
    ) -> Option<()> {
        let Course { chosen, expect, now, .. } = *course;
        if let (Some(idp), Some(assertion)) = (chosen, &mut assertion) {
            report.stage(&[ASSERTION_ID], idp.judge_id("Assertion", assertion.content.id));
            report.stage(IDENTITY, idp.identify(&mut assertion.content));
        }
        let idp = chosen.or(self.identity_providers.first())?;
        let circumstances = self.circumstances(idp, course.envelope, course.response_signed(), expect, now);
        let circumstances = Circumstances { encrypted: course.encrypted, ..circumstances };
        let facts =
            assertion.as_ref().map(|assertion| Facts { circumstances: circumstances.clone(), assertion: &assertion.content });
        for check in check::CHECKS.iter().filter(|check| chosen.is_some() || !check.is_on_issuer()) {
            match (&check.judge, &facts) {
                (Judge::Response { run, values }, _) => report.check(&check.step, run(&circumstances), values(&circumstances)),
                (Judge::Assertion { run, values }, Some(facts)) => report.check(&check.step, run(facts), values(facts)),
                (Judge::Assertion { .. }, None) => {}
            }
        }
        Some(())
    }

    /// Of a single identity provider nothing is chosen: whether the message comes from it is for its keys and its name to say.
    fn explain_choice(&self, report: &mut Report, unverified: &Response<'_, Unsigned<'_>>) -> Option<&IdentityProvider> {
        let chosen = report.stage(&[IDENTITY_PROVIDER], self.identity_provider(unverified));
        if self.identity_providers.len() == 1 {
            report.record(&IDENTITY_PROVIDER, ReportOutcome::NotApplicable, Compared::default());
        }
        chosen
    }
}

/// What an explanation goes on with, once it has read the envelope.
pub(super) struct Course<'a, 'd> {
    chosen: Option<&'a IdentityProvider>,
    envelope: &'a Envelope<'d>,
    /// The signature of the Response, if it has one; none where it does not hold.
    pub(super) response: Option<Option<Proof<'d>>>,
    pub(super) encrypted: bool,
    expect: Expect<'a>,
    now: SystemTime,
}

impl Course<'_, '_> {
    pub(super) fn response_signed(&self) -> bool {
        matches!(self.response, Some(Some(_)))
    }
}

/// The status, and the assertion; that of a failure is not missed where there is none.
fn explain_assertion<'d>(report: &mut Report, unverified: &Response<'d, Unsigned<'d>>, signed: bool) -> Option<Unsigned<'d>> {
    if report.stage(STATUS, unverified.succeeded(signed)).is_some() {
        return report.stage(ASSERTION, unverified.assertion());
    }
    report.record_all(ASSERTION, &ReportOutcome::NotApplicable);
    unverified.assertion().ok()
}

/// What an explanation has a row for, after the decoding of the form field.
fn steps() -> impl Iterator<Item = Step> {
    #[cfg(not(feature = "decrypt"))]
    const DECRYPTION: &[Step] = &[];
    let stages: [&[Step]; 14] = [
        XML,
        RESPONSE,
        &[IDENTITY_PROVIDER],
        &[RESPONSE_ID],
        &RESPONSE_SIGNATURE,
        STATUS,
        ASSERTION,
        DECRYPTION,
        &ASSERTION_SIGNATURE,
        PROVEN,
        CERTIFICATE,
        &CONTENT,
        &[ASSERTION_ID],
        IDENTITY,
    ];
    stages.into_iter().flatten().copied().chain(check::CHECKS.iter().map(|check| check.step))
}

// The stages, each in the order in which its steps are taken; the codes of a stage are owned by one step each.

#[rustfmt::skip] // tables
pub(crate) const DECODE: &[Step] = &[
    Step::new("A5", "the text is within its limit", "limits", &["too_long"]),
    Step::new("A2", "the form field is base64", "SAML Bindings 3.5.4", &[
        "empty", "raw_xml", "html_page", "json", "json_web_token", "form_body", "field_name", "percent_encoded", "space_for_plus", "url_safe_alphabet", "invalid_base64",
        "data_after_padding", "missing_padding", "incomplete_base64", "trailing_bits", "encoded_twice",
    ]).throughout(),
    Step::new("A4", "the message is not compressed", "SAML Bindings 3.5.4", &["compressed"]),
];

#[rustfmt::skip]
pub(crate) const XML: &[Step] = &[
    Step::new("A5", "the document is within its limit", "limits", &["document_too_large"]),
    Step::new("B2", "the document is UTF-8", "XML 1.0 section 4.3.3", &["wide_encoding", "not_utf8", "encoding_mismatch"]).throughout(),
    Step::new("B1", "the document is well-formed", "XML 1.0", &[
        "not_well_formed", "forbidden_character", "ambiguous_comment", "html_page", "json", "json_web_token", "invalid_base64",
    ]).throughout(),
    Step::new("B3", "there is no document type declaration", "SAML2Int SDP-G03", &["doctype"]).throughout(),
    Step::new("B5", "the document is namespace-well-formed", "Namespaces in XML 1.0", &["not_namespace_well_formed"]).throughout(),
    Step::new("B7", "depth, nodes, attributes and names are within their limits", "limits", &["limit_exceeded"]).throughout(),
];

#[rustfmt::skip]
const RESPONSE: &[Step] = &[
    Step::new("C1", "a Response of SAML 2.0 with ID and IssueInstant", "SAML Core 3.3.3", &[
        "unexpected_root", "html_page", "unsupported_version", "missing_attribute", "invalid_attribute", "invalid_id", "invalid_time",
    ]),
    Step::new("B11", "its elements are in schema order", "SAML Core 1.2 (schema)", &[
        "missing_element", "unexpected_element", "repeated_element", "unexpected_text", "unexpected_instruction",
    ]).of("Response").throughout(),
    Step::new("B9", "its values are text alone", "SAML Core 1.2 (schema)", &["not_text"]).of("Response").throughout(),
    Step::new("C8", "there is at most one Assertion", "SAML Profiles 4.1.4.3", &["several_assertions"]).throughout(),
];

const IDENTITY_PROVIDER: Step =
    Step::new("D16", "an identity provider of the claimed Issuer is configured", "SAML Profiles 4.1.4.2", &["issuer_mismatch"]);

const RESPONSE_ID: Step = id("C1", "Response");
const ASSERTION_ID: Step = id("E1", "Assertion");

const fn id(id: &'static str, element: &'static str) -> Step {
    Step::new(id, "the ID is an NCName, or a token where that is allowed", "SAML Core 1.3.4", &["invalid_id"]).of(element)
}

const RESPONSE_SIGNATURE: [Step; 13] = signature("Response");
const ASSERTION_SIGNATURE: [Step; 13] = signature("Assertion");

/// The steps of `Document::verify`.
#[rustfmt::skip]
pub(crate) const fn signature(element: &'static str) -> [Step; 13] {
    [
        Step::new("D4", "one Signature, in an accepted place", "SAML Core 5.4.1", &["several_signatures", "signature_misplaced"]).of(element),
        Step::new("D5", "one SignedInfo with exactly one Reference", "XMLDSig 4", &["signature_malformed"]).of(element),
        Step::new("D8", "the canonicalization is accepted", "SAML Core 5.4.3", &["canonicalization_refused", "not_canonicalizable"]).of(element),
        Step::new("D11", "the signature method is accepted", "XMLDSig 6.1", &["signature_algorithm_refused"]).of(element),
        Step::new("D12", "the signature has no SHA-1, or it is allowed", "XMLDSig 6.1", &["sha1_signature"]).of(element),
        Step::new("D7", "the transforms are accepted", "SAML Core 5.4.4", &["transform_refused"]).of(element),
        Step::new("D11", "the digest method is accepted", "XMLDSig 6.1", &["digest_algorithm_refused"]).of(element),
        Step::new("D12", "the digest has no SHA-1, or it is allowed", "XMLDSig 6.1", &["sha1_digest"]).of(element),
        Step::new("D6", "the Reference names the element that is signed", "SAML Core 5.4.2", &["reference_mismatch"]).of(element),
        Step::new("B12", "identifiers are unique", "SAML Core 1.3.4", &["duplicate_id"]).of(element),
        Step::new("D14", "a trusted key is of the method's kind", "XMLDSig 6.4", &["key_type_mismatch"]).of(element),
        Step::new("D15", "the signature value is that of a trusted key", "XMLDSig 3.2.2", &["untrusted_key", "signature_invalid", "signature_encoding"]).of(element),
        Step::new("D15", "the digest is that of the element", "XMLDSig 3.2.1", &["digest_mismatch"]).of(element),
    ]
}

#[rustfmt::skip]
pub(super) const STATUS: &[Step] = &[Step::new("C6", "the status is Success", "SAML Core 3.2.2.2", &["status_not_success"])];

#[rustfmt::skip]
pub(super) const ASSERTION: &[Step] =
    &[Step::new("C7", "there is an Assertion that can be read", "SAML Profiles 4.1.4.2", &["no_assertion", "encrypted_assertion"])];

#[rustfmt::skip]
pub(super) const PROVEN: &[Step] =
    &[Step::new("D1", "what must be signed is signed", "SAML Profiles 4.1.4.5", &["unsigned", "required_signature_missing"])];

#[rustfmt::skip]
pub(crate) const CERTIFICATE: &[Step] =
    &[Step::new("D18", "the trusted certificate is accepted at this time", "connection policy", &["certificate_not_valid"])];

#[rustfmt::skip]
const IDENTITY: &[Step] = &[Step::new("E21", "what identifies users is there, once", "SAML Core 2.4.1", &[
    "missing_element", "identifier_missing", "identifier_ambiguous", "identifier_blank", "identifier_not_text",
])];

#[rustfmt::skip]
pub(super) const CONTENT: [Step; 6] = [
    Step::new("E1", "an Assertion of SAML 2.0 with ID and IssueInstant", "SAML Core 2.3.3", &[
        "unsupported_version", "missing_attribute", "invalid_attribute", "invalid_id", "invalid_time",
    ]),
    Step::new("B11", "its elements are in schema order", "SAML Core 1.2 (schema)", &[
        "missing_element", "unexpected_element", "repeated_element", "unexpected_text", "unexpected_instruction", "base_id",
    ]).of("Assertion").throughout(),
    Step::new("B9", "its values are text alone", "SAML Core 1.2 (schema)", &["not_text"]).of("Assertion").throughout(),
    Step::new("E25", "the name identifier is not encrypted", "SAML Core 2.2.4", &["encrypted_id"]),
    Step::new("E21", "the name identifier is not blank", "SAML Core 1.3.1", &["empty_name_id"]).throughout(),
    Step::new("E22", "attribute values are text, elements or nil", "SAML Core 2.7.3.1.1", &["nil_with_content", "value_not_canonicalizable"]).throughout(),
];

/// What is encrypted: the assertion, or something in it.
#[cfg(feature = "decrypt")]
#[rustfmt::skip]
pub(super) const DECRYPTION: &[Step] = &[
    Step::new("F6", "what is encrypted is built as XML Encryption prescribes", "XML Encryption 3", &["encryption_malformed", "cipher_reference", "too_many_encrypted_keys"]).throughout(),
    Step::new("F2", "the content encryption is accepted", "XML Encryption 5.2", &["content_encryption_refused", "cbc_uncovered"]),
    Step::new("F3", "the key transport is accepted", "XML Encryption 5.5", &["key_transport_refused"]),
    Step::new("F4", "what is encrypted decrypts to what belongs there", "XML Encryption 4.4", &["decryption_failed", "decryption_key_unavailable"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{AlgorithmRefusal, AlgorithmRole, Error, Position, Shown, SignatureError};

    /// The codes of an enumeration of errors, from the text of its `code`.
    fn codes(source: &str, of: &str) -> Vec<String> {
        let (_, implementation) = source.split_once(&format!("impl Refusal for {of} ")).unwrap();
        let (_, code) = implementation.split_once("fn code(").unwrap();
        let (code, _) = code.split_once("fn section(").unwrap();
        code.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn assert_owned(stage: &[Step], mut codes: Vec<String>, but: &[&str], and: &[&str]) {
        codes.retain(|code| !but.contains(&code.as_str()));
        codes.extend(and.iter().map(|&code| code.to_owned()));
        codes.sort_unstable();
        let mut owned: Vec<&str> = stage.iter().flat_map(|step| step.codes).copied().collect();
        owned.sort_unstable();
        assert_eq!(owned, codes);
    }

    #[test]
    fn every_code_of_a_stage_is_owned_by_one_step() {
        let structure = || codes(include_str!("../error/structure.rs"), "StructureError");
        let signature = || codes(include_str!("../error/signature.rs"), "SignatureError");
        let only = |owned: &[&str]| owned.iter().map(|&code| code.to_owned()).collect();
        let of_redirects = [
            "missing_parameter",
            "duplicate_parameter",
            "request_and_response",
            "escaped_name",
            "name_in_other_case",
            "invalid_escape",
            "white_space",
            "unknown_encoding",
            "not_deflate",
            "deflate_cut",
            "data_after_deflate",
            "inflated_too_long",
        ];
        assert_owned(DECODE, codes(include_str!("../error/decode.rs"), "DecodeError"), &of_redirects, &[]);
        let other_documents = ["html_page", "json", "json_web_token", "invalid_base64"];
        assert_owned(XML, codes(include_str!("../error/xml.rs"), "XmlError"), &[], &other_documents);
        let identifiers = ["identifier_missing", "identifier_ambiguous", "identifier_blank", "identifier_not_text"];
        let in_assertion = [
            "no_assertion",
            "encrypted_assertion",
            "encrypted_id",
            "base_id",
            "empty_name_id",
            "nil_with_content",
            "value_not_canonicalizable",
        ];
        assert_owned(RESPONSE, structure(), &[&in_assertion[..], &identifiers].concat(), &["html_page"]);
        let of_response = ["no_assertion", "encrypted_assertion", "several_assertions", "unexpected_root"];
        assert_owned(&CONTENT, structure(), &[&of_response[..], &identifiers].concat(), &[]);
        assert_owned(IDENTITY, only(&identifiers), &[], &["missing_element"]);
        assert_owned(ASSERTION, only(&["encrypted_assertion", "no_assertion"]), &[], &[]);
        #[cfg(feature = "decrypt")]
        assert_owned(DECRYPTION, codes(include_str!("../error/decryption.rs"), "DecryptionError"), &[], &[]);
        assert_owned(STATUS, codes(include_str!("../error/structure.rs"), "StatusError"), &[], &[]);
        let later = ["unsigned", "required_signature_missing", "certificate_not_valid"];
        for stage in [RESPONSE_SIGNATURE, ASSERTION_SIGNATURE] {
            assert_owned(&stage, signature(), &later, &["sha1_signature", "sha1_digest"]);
        }
        assert_owned(&[PROVEN, CERTIFICATE].concat(), only(&later), &[], &[]);
    }

    #[test]
    fn every_row_is_told_apart_and_none_is_about_two_things() {
        let mut names: Vec<_> = DECODE.iter().copied().chain(steps()).map(|step| (step.id, step.element, step.title)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    /// What a failed signature leaves of its steps: those before have passed, those behind were not reached.
    #[test]
    fn a_failed_signature_says_how_far_it_came() {
        let algorithm =
            |role, refusal| SignatureError::Algorithm { role, identifier: "urn:x".into(), refusal, accepted: Vec::new() };
        let sha1 = AlgorithmRefusal::NotEnabled("sha1");
        let shown = Shown::new;
        for (error, place) in [
            (SignatureError::SeveralSignatures { element: "Assertion" }, 0),
            (SignatureError::Misplaced { element: "Assertion", departure: None }, 0),
            (SignatureError::Malformed { reason: "x" }, 1),
            (algorithm(AlgorithmRole::Canonicalization, AlgorithmRefusal::NotEnabled("inclusive-c14n")), 2),
            (algorithm(AlgorithmRole::Signature, AlgorithmRefusal::Weak), 3),
            (algorithm(AlgorithmRole::Signature, sha1), 4),
            (algorithm(AlgorithmRole::Transform, AlgorithmRefusal::NotEnabled("inclusive-c14n")), 5),
            (algorithm(AlgorithmRole::Digest, AlgorithmRefusal::Unknown), 6),
            (algorithm(AlgorithmRole::Digest, sha1), 7),
            (SignatureError::ReferenceMismatch { expected: shown("#a"), received: None, departure: None }, 8),
            (SignatureError::DuplicateId { id: None, position: Position { offset: 0, line: 1, column: 1 } }, 9),
            (SignatureError::KeyTypeMismatch { method: "x", trusted: Vec::new(), clues: Box::default() }, 10),
            (SignatureError::UntrustedKey { shown: None, trusted: Vec::new(), clues: Box::default() }, 11),
            (SignatureError::ValueInDer { method: "x", octets: 70, clues: Box::default() }, 11),
            (SignatureError::InvalidValue { certificate: String::new(), clues: Box::default() }, 11),
            (SignatureError::DigestMismatch { element: "Assertion", clues: Box::default() }, 12),
        ] {
            let error = Error::from(error);
            let mut report = Report::of(ASSERTION_SIGNATURE.into_iter());
            report.stage(&ASSERTION_SIGNATURE, Err::<(), _>(error.clone()));
            for (index, (row, step)) in report.rows().iter().zip(&ASSERTION_SIGNATURE).enumerate() {
                let expected = match index.cmp(&place) {
                    std::cmp::Ordering::Less => ReportOutcome::Pass,
                    std::cmp::Ordering::Equal => ReportOutcome::Fail(error.clone()),
                    std::cmp::Ordering::Greater => ReportOutcome::NotReached,
                };
                assert_eq!((row.id, row.element, &row.outcome), (step.id, Some("Assertion"), &expected), "{error}");
                assert_eq!(row.section, step.section, "{error}");
            }
            assert_eq!(report.refusal(), Some(&error));
        }
    }
}
