//! Signs that a message is a copy which a program wrote anew: a viewer, an editor, a log.
//!
//! Looked for once a signature does not hold, for its error alone: in every text and start tag of what is signed, once. A genuine message
//! may have them, too.

use super::Namespace;
use super::document::{Content, Cursor, NodeId};
use crate::error::CopySign;

/// The sign of a copy in `element`, whose Signature is that child.
#[cold]
pub(super) fn sign_of_copy(element: Cursor<'_>, signature: Cursor<'_>) -> Option<CopySign> {
    let of_signature = signature.id..end(signature);
    if is_indented(element, |node| !of_signature.contains(&node.id)) {
        Some(CopySign::Indented)
    } else if nodes(signature).any(is_wrapped_digest) {
        Some(CopySign::WrappedValue)
    } else if nodes(element).any(|node| has_lost_characters(source(node))) {
        Some(CopySign::LostCharacters)
    } else {
        None
    }
}

/// Whether white space stands before most of the elements below `apex` that count.
pub(super) fn is_indented(apex: Cursor<'_>, counts: impl Fn(&Cursor<'_>) -> bool) -> bool {
    /// What is written on one line has some line ends, too.
    const FEWEST: usize = 3;
    let elements = || nodes(apex).filter(|node| node.element().is_some() && counts(node));
    let indented = elements().filter(|node| is_behind_white_space(*node)).count();
    indented >= FEWEST && indented > elements().count() / 2
}

/// Of the nodes in document order, the one before an element is the text before it, if there is one.
fn is_behind_white_space(element: Cursor<'_>) -> bool {
    let before = Cursor { id: NodeId(element.id.0.saturating_sub(1)), ..element };
    before.is_blank()
}

fn is_wrapped_digest(node: Cursor<'_>) -> bool {
    node.is(Namespace::Dsig, "DigestValue") && node.text(None).is_some_and(|value| value.contains([' ', '\n', '\r', '\t']))
}

/// U+FFFD, which programs write for what they cannot decode, or UTF-8 that was taken for Latin-1: `Ã¼` for `ü`.
fn has_lost_characters(text: &str) -> bool {
    let goes_on = |behind: &str| behind.starts_with(|next| ('\u{80}'..='\u{BF}').contains(&next));
    let mistaken = |first: char| text.split(first).skip(1).any(goes_on);
    text.contains('\u{FFFD}') || mistaken('\u{C3}') || mistaken('\u{C2}')
}

/// What stands below an element, in document order.
fn nodes(apex: Cursor<'_>) -> impl Iterator<Item = Cursor<'_>> {
    (apex.id.next().0..end(apex).0).map(move |id| Cursor { id: NodeId(id), ..apex })
}

fn end(cursor: Cursor<'_>) -> NodeId {
    cursor.document.node(cursor.id).end
}

/// The text or the start tag.
fn source(node: Cursor<'_>) -> &str {
    match node.content() {
        Content::Text { .. } | Content::Element(_) => node.document.str(node.document.node(node.id).source),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::xml::Document;

    #[test]
    fn copies_are_told_by_their_white_space_and_their_characters() {
        const SIGNATURE: &str =
            "<d:Signature xmlns:d='http://www.w3.org/2000/09/xmldsig#'><d:DigestValue>AQID</d:DigestValue></d:Signature>";
        let wrapped = SIGNATURE.replace("AQID", "AQ\nID");
        let inner_lines = SIGNATURE.replace("><", ">\n<");
        for (content, sign) in [
            (format!("{SIGNATURE}<b/><b/><b/>"), None),
            (format!("{SIGNATURE}\n <b/>\n <b/>\n <b><c/></b>\n"), Some(CopySign::Indented)),
            (format!("{SIGNATURE} <b/> <b/> <b/>"), Some(CopySign::Indented)),
            (format!("{SIGNATURE}\n<b/>\n<b/>"), None),                   // too few
            (format!("{SIGNATURE}\n<b/>\n<b/>\n<b/><b/><b/><b/>"), None), // no more than half
            (format!("{SIGNATURE}\n<b/>\n<b/>\n<b/><b/><b/>"), Some(CopySign::Indented)),
            (format!("{SIGNATURE}x<b/>x<b/>x<b/>"), None),
            (format!("{inner_lines}<b/><b/><b/>"), None), // as some libraries write Signatures
            (format!("{wrapped}<b/>"), Some(CopySign::WrappedValue)),
            (format!("{SIGNATURE}<b>\u{FFFD}</b>"), Some(CopySign::LostCharacters)),
            (format!("{SIGNATURE}<b c='\u{FFFD}'/>"), Some(CopySign::LostCharacters)),
            (format!("{SIGNATURE}<b>ZÃ¼rich</b>"), Some(CopySign::LostCharacters)),
            (format!("{SIGNATURE}<b>SÃO Â</b>"), None),
            (format!("{SIGNATURE}<b>Zürich</b>"), None),
        ] {
            let xml = format!("<a>{content}</a>");
            let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
            let element = document.root_cursor();
            let signature = element.children().next().unwrap();
            assert_eq!(sign_of_copy(element, signature), sign, "{content}");
        }
    }
}
