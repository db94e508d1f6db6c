//! Enveloped signatures of our own messages: from markup and a private key to the `ds:Signature` that goes into it.
//!
//! The one writer of signatures. XMLDSig 1.1 section 3.1, in the form that SAML Core 5.4 prescribes and this crate verifies: one
//! Reference to the ID of the element, the enveloped-signature transform and one canonicalization. There is no KeyInfo:
//! whoever verifies knows the key, or should not trust the message.

use super::canonical::{Algorithm, Selection, write_selection};
use super::{Document, Namespace, Writer};
use crate::base64;
use crate::crypto::{DigestAlgorithm, Digester, SignatureAlgorithm, SigningKey};
use crate::limits::Limits;

/// Everything that a Signature names. SignedInfo has the exclusive canonical form, so that it is the same wherever it stands.
#[derive(Clone, Copy)]
pub(crate) struct SignatureForm<'p> {
    pub(crate) method: SignatureAlgorithm,
    pub(crate) digest: DigestAlgorithm,
    /// Of the element that is signed; one without comments.
    pub(crate) canonicalization: Algorithm,
    /// The PrefixList of an exclusive canonicalization.
    pub(crate) prefix_list: &'p str,
}

impl SignatureForm<'_> {
    /// SHA-256 and exclusive canonicalization, as most products choose it.
    pub(crate) const fn of(key: &SigningKey) -> Self {
        let (digest, canonicalization) = (DigestAlgorithm::Sha256, Algorithm::Exclusive10);
        Self { method: key.algorithm(), digest, canonicalization, prefix_list: "" }
    }
}

/// The Signature of the element of that ID, whose child it is to become.
///
/// `None` where the key does not fit the method, the system has no randomness to give, or the document is not well-formed.
pub(crate) fn enveloped_signature(key: &SigningKey, form: &SignatureForm<'_>, document: &str, id: &str) -> Option<String> {
    let mut digest = Digester::new(form.digest);
    digest.update(&canonical(document, Some(id), form.canonicalization, form.prefix_list)?);
    let info = signed_info(form, id, &base64::encode(digest.finish().as_ref()));
    let value = key.sign_by(form.method, &canonical(&info, None, Algorithm::Exclusive10, "")?)?;
    let mut writer = Writer::default();
    writer.element("ds:Signature", &[("xmlns:ds", Some(Namespace::Dsig.name()))], |writer| {
        writer.raw(&info);
        writer.element("ds:SignatureValue", &[], |writer| writer.text(&base64::encode(&value)));
    });
    Some(writer.finish())
}

fn signed_info(form: &SignatureForm<'_>, id: &str, digest: &str) -> String {
    let mut info = Writer::default();
    info.element("ds:SignedInfo", &[("xmlns:ds", Some(Namespace::Dsig.name()))], |writer| {
        writer.element("ds:CanonicalizationMethod", &[("Algorithm", Some(Algorithm::Exclusive10.uri()))], |_| {});
        writer.element("ds:SignatureMethod", &[("Algorithm", Some(form.method.uri()))], |_| {});
        writer.element("ds:Reference", &[("URI", Some(&format!("#{id}")))], |writer| {
            writer.element("ds:Transforms", &[], |writer| {
                let enveloped = [("Algorithm", Some("http://www.w3.org/2000/09/xmldsig#enveloped-signature"))];
                writer.element("ds:Transform", &enveloped, |_| {});
                writer.element("ds:Transform", &[("Algorithm", Some(form.canonicalization.uri()))], |writer| {
                    let list = [("xmlns:ec", Some(Namespace::ExclusiveC14n.name())), ("PrefixList", Some(form.prefix_list))];
                    if !form.prefix_list.is_empty() {
                        writer.element("ec:InclusiveNamespaces", &list, |_| {});
                    }
                });
            });
            writer.element("ds:DigestMethod", &[("Algorithm", Some(form.digest.uri()))], |_| {});
            writer.element("ds:DigestValue", &[], |writer| writer.text(digest));
        });
    });
    info.finish()
}

/// Of our own markup: its namespace names are absolute, and its identifiers single.
fn canonical(markup: &str, id: Option<&str>, algorithm: Algorithm, prefix_list: &str) -> Option<Vec<u8>> {
    const AMPLE: Limits = Limits { document_bytes: 1 << 26, nodes: 1 << 22, attributes: 1 << 22, ..Limits::DEFAULT };
    let mut octets = Vec::new();
    let selection = id.map_or(Selection::Document, |value| Selection::Attribute { names: &["ID"], value });
    let document = Document::parse(markup.as_bytes(), &AMPLE).ok()?;
    write_selection(&document, selection, None, algorithm, prefix_list, &mut octets).ok()?;
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What we sign ourselves is bounded by nobody else's limits.
    #[test]
    fn what_is_signed_may_be_larger_than_a_message_that_is_taken() {
        let signed = |content: &str| {
            let markup = format!("<a ID=\"_a\">{content}</a>");
            canonical(&markup, Some("_a"), Algorithm::Exclusive10, "") == Some(markup.into_bytes())
        };
        assert!(signed(&"x".repeat(Limits::DEFAULT.document_bytes)));
        assert!(signed(&"<b></b>".repeat(Limits::DEFAULT.nodes)));
        assert!(signed(&"<b c=\"\"></b>".repeat(Limits::DEFAULT.attributes)));
    }
}
