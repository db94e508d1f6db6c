//! Canonical forms as libxml2 writes them, for comparing with ours. Needs the C library: feature `libxml2`.

use libxml::parser::{Parser, ParserOptions};
use libxml::tree::c14n::{CanonicalizationMode, CanonicalizationOptions};
use saml_verify::canonical::{Algorithm, Canonicalizer};

/// Where both have a canonical form of a document, it is the same, but for the known differences.
pub(crate) fn agrees(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let ours: Vec<_> = Algorithm::ALL.into_iter().map(|algorithm| Canonicalizer::new(algorithm).to_vec(data)).collect();
    // A C parser that may fetch what a document type declaration names gets none.
    if ours.iter().all(Result::is_err) || differs(text) {
        return;
    }
    let options = ParserOptions { recover: false, no_net: true, no_error: true, no_warning: true, ..ParserOptions::default() };
    let Ok(document) = Parser::default().parse_string_with_options(text, options) else { return };
    for (algorithm, ours) in Algorithm::ALL.into_iter().zip(ours) {
        let (mode, with_comments) = match algorithm {
            Algorithm::Inclusive10 => (CanonicalizationMode::Canonical1_0, false),
            Algorithm::Inclusive10WithComments => (CanonicalizationMode::Canonical1_0, true),
            Algorithm::Inclusive11 => (CanonicalizationMode::Canonical1_1, false),
            Algorithm::Inclusive11WithComments => (CanonicalizationMode::Canonical1_1, true),
            Algorithm::Exclusive10 => (CanonicalizationMode::ExclusiveCanonical1_0, false),
            Algorithm::Exclusive10WithComments => (CanonicalizationMode::ExclusiveCanonical1_0, true),
        };
        let theirs = document.canonicalize(CanonicalizationOptions { mode, with_comments, ..Default::default() }, None);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            assert_eq!(String::from_utf8_lossy(&ours), theirs, "{}: {text:?}", algorithm.name());
        }
    }
}

/// libxml2 2.9 does not write references in namespace names (Canonical XML 1.0 section 2.3), and drops an empty `xml:base` under
/// Canonical XML 1.1, where no ancestor was omitted.
fn differs(text: &str) -> bool {
    let Ok(document) = roxmltree::Document::parse(text) else { return true };
    let escaped = |name: &str| name.contains(['&', '<', '>', '"', '\t', '\n', '\r']);
    let elements = || document.descendants().filter(roxmltree::Node::is_element);
    elements().flat_map(|element| element.namespaces()).any(|namespace| escaped(namespace.uri()))
        || elements().any(|element| element.attribute(("http://www.w3.org/XML/1998/namespace", "base")).is_some())
}
