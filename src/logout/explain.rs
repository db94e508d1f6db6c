//! Explanations of a verdict on a message of logout: the steps of [`LogoutVerifier`] in the same order, to the end.
//!
//! A message goes in, a [`Report`] comes out, and nothing else: what is read here without a signature decides nothing.

use std::time::SystemTime;

use super::check::CHECKS;
use super::verify::{Delivered, LogoutVerifier, require};
use crate::TrustedKey;
use crate::binding::mistaken::in_place_of_message;
use crate::binding::post::decode_post;
use crate::binding::redirect::{SignedQuery, undeflated};
use crate::error::{DecodeError, Error, LogoutError};
use crate::report::{Report, Step};
use crate::saml::logout::{Kind, Message};
use crate::verifier::explain::{CERTIFICATE, DECODE, XML, signature};
use crate::xml::Document;

impl LogoutVerifier {
    /// Tells what every check says of a request, also after a failure. For administrators.
    pub fn explain_request(&self, delivered: Delivered<'_>, now: SystemTime) -> Report {
        self.explain(delivered, Kind::Request, "", now)
    }

    /// Tells what every check says of a response to the request of this ID, also after a failure. For administrators.
    pub fn explain_response(&self, delivered: Delivered<'_>, request_id: &str, now: SystemTime) -> Report {
        self.explain(delivered, Kind::Response, request_id, now)
    }

    fn explain(&self, delivered: Delivered<'_>, kind: Kind, request_id: &str, now: SystemTime) -> Report {
        match delivered {
            Delivered::Post(text) => self.explain_enveloped(text, kind, request_id, now),
            Delivered::Xml(xml) => {
                let mut report = Report::of(steps(kind));
                self.explain_document(&mut report, xml, None, (kind, request_id, now));
                report
            }
            Delivered::Redirect(query) => match undeflated(query, kind.parameter(), &self.limits) {
                Ok(Some(text)) => self.explain_enveloped(&text, kind, request_id, now),
                _ => self.explain_detached(query, kind, request_id, now),
            },
        }
    }

    fn explain_enveloped(&self, text: &str, kind: Kind, request_id: &str, now: SystemTime) -> Report {
        let mut report = Report::of(DECODE.iter().copied().chain(steps(kind)));
        if let Some(xml) = report.stage(DECODE, decode_post(text, &self.limits)) {
            self.explain_document(&mut report, &xml, None, (kind, request_id, now));
        }
        report
    }

    fn explain_detached(&self, query: &str, kind: Kind, request_id: &str, now: SystemTime) -> Report {
        let mut report = Report::of(QUERY.iter().copied().chain(steps(kind)));
        let verified = self.idp.verify_query(query, &self.limits).and_then(|(message, proof)| {
            if message.parameter() == kind.parameter() {
                Ok((message, self.idp.key_of_query(proof, now)))
            } else {
                Err(Error::from(DecodeError::MissingParameter { names: kind.parameters() }))
            }
        });
        let verified = report.stage(QUERY, verified);
        // Of a query whose signature does not hold, too, it is told what it would say.
        let decode = || SignedQuery::read(query, &self.limits).and_then(|query| query.decode(&self.limits)).ok();
        if let Some((message, key)) = verified.or_else(|| decode().map(|message| (message, None))) {
            self.explain_document(&mut report, message.xml(), key, (kind, request_id, now));
        }
        report
    }

    fn explain_document(
        &self,
        report: &mut Report,
        xml: &[u8],
        signed_by: Option<&TrustedKey>,
        (kind, request_id, now): (Kind, &str, SystemTime),
    ) -> Option<()> {
        let parsed = Document::parse_message(xml, &self.limits).map_err(|error| in_place_of_message(xml, error));
        let document = report.stage(XML, parsed)?;
        let root = report.stage(ROOT, require(document.root(), kind))?;
        let proof = report.optional_stage(&signature(kind.name()), self.idp.verify(&document, root, kind.name()));
        if let Some(proof) = proof {
            let key = signed_by.or_else(|| proof.and_then(|proof| self.idp.key(&proof, now)));
            // Where the query's signature failed, that is what has to be told.
            if signed_by.is_some() || report.refusal().is_none() {
                report.stage(VOUCHED, key.ok_or(LogoutError::Unsigned { element: kind.name() }));
            }
            if let Some(key) = key {
                report.stage(CERTIFICATE, self.expired_certificate.judge(key, now));
            }
        }
        let message = report.stage(CONTENT, Message::read(root, kind))?;
        report.stage(&[ID], self.idp.judge_id(kind.name(), message.id));
        let facts = self.facts(&message, request_id, now);
        for check in CHECKS {
            report.check(&check.step, (check.run)(&facts), (check.compared)(&facts));
        }
        Some(())
    }
}

/// What an explanation has a row for, after the decoding of the form field or the query.
fn steps(kind: Kind) -> impl Iterator<Item = Step> {
    let stages = [XML, ROOT, &signature(kind.name()), VOUCHED, CERTIFICATE, CONTENT, &[ID]].concat();
    stages.into_iter().chain(CHECKS.iter().map(|check| check.step))
}

#[rustfmt::skip] // tables
const QUERY: &[Step] = &[
    Step::new("A5", "the query is within its limit", "limits", &["too_long"]),
    Step::new("A3", "each parameter stands once, under its plain name", "SAML Bindings 3.4.4.1", &[
        "missing_parameter", "duplicate_parameter", "request_and_response", "escaped_name", "name_in_other_case", "unknown_encoding",
    ]),
    Step::new("D11", "the signature method of the query is accepted", "XMLDSig 6.1", &["signature_algorithm_refused"]),
    Step::new("D12", "the signature of the query has no SHA-1, or it is allowed", "XMLDSig 6.1", &["sha1_signature"]),
    Step::new("A3", "the values are base64 in percent-encoding", "SAML Bindings 3.4.4.1", &[
        "invalid_escape", "white_space", "url_safe_alphabet", "invalid_base64", "data_after_padding", "missing_padding", "incomplete_base64",
        "trailing_bits",
    ]).throughout(),
    Step::new("D14", "a trusted key is of the query's signature method", "XMLDSig 6.4", &["key_type_mismatch"]),
    Step::new("A3", "the signature of the query is that of a trusted key, over the octets that arrived", "SAML Bindings 3.4.4.1", &[
        "untrusted_key", "signature_invalid", "signature_encoding",
    ]),
    Step::new("A4", "the message is one DEFLATE stream, within its limit", "SAML Bindings 3.4.4.1", &[
        "not_deflate", "deflate_cut", "data_after_deflate", "inflated_too_long",
    ]),
];

#[rustfmt::skip]
const ROOT: &[Step] = &[Step::new("H1", "the document is the message of logout that is expected", "SAML Core 3.7", &["unexpected_root"])];

#[rustfmt::skip]
const VOUCHED: &[Step] = &[Step::new("H3", "a trusted key signed the element, or the query", "SAML Profiles 4.4.4.1", &["unsigned"])];

#[rustfmt::skip]
const CONTENT: &[Step] = &[
    Step::new("H2", "it is of SAML 2.0, with ID and IssueInstant", "SAML Core 3.2.1", &[
        "unsupported_version", "missing_attribute", "invalid_attribute", "invalid_id", "invalid_time",
    ]),
    Step::new("B11", "its elements are in schema order", "SAML Core 1.2 (schema)", &[
        "missing_element", "unexpected_element", "repeated_element", "unexpected_text", "unexpected_instruction",
    ]).throughout(),
    Step::new("B9", "its values are text alone", "SAML Core 1.2 (schema)", &["not_text"]).throughout(),
    Step::new("E25", "the name identifier is not encrypted", "SAML Core 2.2.4", &["encrypted_id", "base_id"]),
    Step::new("E21", "the name identifier is not blank", "SAML Core 1.3.1", &["empty_name_id"]).throughout(),
];

const ID: Step = Step::new("H2", "the ID is an NCName, or a token where that is allowed", "SAML Core 1.3.4", &["invalid_id"]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_told_apart() {
        for (binding, kind) in [(DECODE, Kind::Request), (QUERY, Kind::Response)] {
            let mut names: Vec<_> =
                binding.iter().copied().chain(steps(kind)).map(|step| (step.id, step.element, step.title)).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }
}
