//! What was handed over in place of a message: told by how it starts, once it has been refused.
//!
//! In goes what is no message; out comes the [`DecodeError`] that names it, if it is known by name. Each look is linear in the text.
//! Deliberately absent: reading a message out of what holds one. A page with the right form in it is named, and refused.

use crate::error::{DecodeError, Error, StructureError, XmlErrorKind};

/// The refusal of a document, or what the document is instead of a message.
#[cold]
pub(crate) fn in_place_of_message(document: &[u8], error: impl Into<Error>) -> Error {
    let error = error.into();
    let may_be_another_document = match &error {
        Error::Xml(xml) => !matches!(xml.kind, XmlErrorKind::DocumentTooLarge { .. }),
        Error::Structure(StructureError::UnexpectedRoot { .. }) => true,
        _ => false,
    };
    let found = if may_be_another_document { known_octets(document) } else { None };
    found.map_or(error, Error::from)
}

/// A page in another encoding than UTF-8 is one all the same. Most of what is refused is told by its start, and no more is decoded.
fn known_octets(document: &[u8]) -> Option<DecodeError> {
    const START: usize = 8 * 1024;
    known_document(&String::from_utf8_lossy(document.get(..START).unwrap_or(document)))?;
    known_document(&String::from_utf8_lossy(document))
}

/// Another kind of document than XML that holds a message.
pub(crate) fn known_document(text: &str) -> Option<DecodeError> {
    let start = start(text);
    if is_html(start) {
        return Some(DecodeError::HtmlPage { form_field: holds_form_field(start) });
    }
    if is_json(start) {
        return Some(DecodeError::Json { form_field: start.contains("\"SAMLResponse\"") });
    }
    if is_json_web_token(start) {
        return Some(DecodeError::JsonWebToken);
    }
    start.starts_with("&lt;").then(|| DecodeError::EscapedXml { offset: text.len().saturating_sub(start.len()) })
}

/// Whether the text starts with the name of the field: `SAMLResponse: …`, `"SAMLResponse" "…"`, `SAML Response = …`.
pub(super) fn is_labelled(text: &str) -> bool {
    /// The name, and what people put around and into it.
    const LONGEST_LABEL: usize = 24;
    let letters: String = text.chars().take(LONGEST_LABEL).filter(char::is_ascii_alphanumeric).collect();
    ["samlresponse", "samlrequest"].into_iter().any(|name| starts_with(&letters, name))
}

/// Where the first `&name;`, `&#43;` or `&#x2b;` is.
pub(super) fn html_entity(text: &str) -> Option<usize> {
    /// That of the longest name for a character of base64, `&equals;`, and one with zeros in front.
    const LONGEST: usize = 10;
    let is_entity = |behind: &str| {
        let length = behind.bytes().take(LONGEST).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
        length > 0 && behind.as_bytes().get(length) == Some(&b';')
    };
    text.match_indices('&')
        .find(|(offset, _)| text.get(offset.saturating_add(1)..).is_some_and(is_entity))
        .map(|(offset, _)| offset)
}

fn start(text: &str) -> &str {
    text.trim_start_matches('\u{FEFF}').trim_start()
}

/// Whether that is a page, or the piece of one that people copy. In XML names have another case, or a prefix.
fn is_html(start: &str) -> bool {
    let markup = behind_prolog(start);
    if let Some(doctype) = without_prefix(markup, "<!doctype") {
        let declaration = doctype.split('>').next().unwrap_or_default();
        return starts_with(declaration.trim_start(), "html") && !declaration.contains('['); // declarations of entities are no page
    }
    let name = markup.strip_prefix('<').and_then(|tag| tag.split(|c: char| !c.is_ascii_alphanumeric()).next());
    let ends_like_one = name.and_then(|name| markup.as_bytes().get(name.len().saturating_add(1)));
    let is_name = name.is_some_and(|name| HTML_ELEMENTS.into_iter().any(|element| element.eq_ignore_ascii_case(name)));
    is_name && matches!(ends_like_one, Some(b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/'))
}

/// What is behind an XML declaration, comments and white space.
fn behind_prolog(mut markup: &str) -> &str {
    loop {
        let end = if markup.starts_with("<!--") {
            "-->"
        } else if markup.starts_with("<?") {
            "?>"
        } else {
            return markup;
        };
        let Some((_, behind)) = markup.split_once(end) else { return markup };
        markup = behind.trim_start();
    }
}

/// Whether a page has a form field of that name: `name="SAMLResponse"`, with any quotes or none.
fn holds_form_field(page: &str) -> bool {
    page.match_indices("SAMLResponse").any(|(offset, _)| {
        let before = page.get(..offset).unwrap_or_default().trim_end_matches(['"', '\'']).as_bytes();
        before.last_chunk::<5>().is_some_and(|attribute| attribute.eq_ignore_ascii_case(b"name="))
    })
}

fn is_json(start: &str) -> bool {
    let behind = |open| start.strip_prefix(open).and_then(|content: &str| content.trim_start().chars().next());
    matches!(behind('{'), Some('"' | '}')) || matches!(behind('['), Some('{' | '[' | '"' | ']'))
}

/// RFC 7515 section 7.1: three parts with a header that is a JSON object; an encrypted one (RFC 7516) has five.
fn is_json_web_token(start: &str) -> bool {
    let token = without_prefix(start, "bearer ").unwrap_or(start).trim();
    let of_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let dots = || token.bytes().filter(|byte| *byte == b'.').count();
    token.starts_with("eyJ") && token.bytes().all(of_token) && matches!(dots(), 2 | 4)
}

fn starts_with(text: &str, prefix: &str) -> bool {
    without_prefix(text, prefix).is_some()
}

/// What is behind a prefix of ASCII letters of any case.
fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, behind) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(behind)
}

const HTML_ELEMENTS: [&str; 14] =
    ["html", "head", "body", "form", "input", "textarea", "script", "style", "title", "meta", "link", "div", "p", "iframe"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Position, Shown, XmlError};

    #[test]
    fn other_documents_are_known_by_how_they_start() {
        let page = |form_field| Some(DecodeError::HtmlPage { form_field });
        let json = |form_field| Some(DecodeError::Json { form_field });
        for (text, found) in [
            ("<!DOCTYPE html><html><body>Log in</body></html>", page(false)),
            ("\u{FEFF}\r\n<!doctype HTML PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\">", page(false)),
            (
                "<?xml version=\"1.0\"?>\n<!-- saved from url=(0020) -->\n<html xmlns=\"http://www.w3.org/1999/xhtml\">",
                page(false),
            ),
            ("<HTML><form><input type=hidden name=\"SAMLResponse\" value=\"PHNh\"/></form>", page(true)),
            ("<form method='post'><input NAME='SAMLResponse'></form>", page(true)),
            ("<input type=hidden name=SAMLResponse value=PHNh>", page(true)),
            ("<html>document.forms.SAMLResponse.submit()</html>", page(false)),
            ("<body>", page(false)),
            ("<p/>", page(false)),
            ("<p:Response/>", None),
            ("<P.1/>", None),
            ("<Response/>", None),
            ("<response>", None),
            ("<htmlish>", None),
            ("<!DOCTYPE samlp:Response><samlp:Response/>", None),
            ("<!DOCTYPE html [<!ENTITY e \"x\">]><html/>", None),
            ("<!-- <html>", None),
            ("<?xml version=\"1.0\"?><samlp:Response/>", None),
            ("{\"error\":\"invalid_request\"}", json(false)),
            (" { \"SAMLResponse\" : \"PHNh\" }", json(true)),
            ("[{\"a\":1}]", json(false)),
            ("[]", json(false)),
            ("{}", json(false)),
            ("{9e107d9d}", None),
            ("[INFO] SAMLResponse", None),
            ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_", Some(DecodeError::JsonWebToken)),
            ("Bearer eyJhbGciOiJub25lIn0.e30.", Some(DecodeError::JsonWebToken)),
            ("eyJlbmMiOiJBMTI4R0NNIn0.a.b.c.d\n", Some(DecodeError::JsonWebToken)),
            ("eyJhbGciOiJSUzI1NiJ9.e30", None),
            ("eyJhbGciOiJSUzI1NiJ9.e30.c2 ln", None),
            ("abc.def.ghi", None),
            ("\n&lt;samlp:Response", Some(DecodeError::EscapedXml { offset: 1 })),
            ("", None),
            ("é", None),
        ] {
            assert_eq!(known_document(text), found, "{text}");
        }
    }

    #[test]
    fn labels_and_entities_are_seen() {
        for (text, labelled) in [
            ("SAMLResponse: PHNh", true),
            ("samlresponse\tPHNh", true),
            ("\"SAMLResponse\" => \"PHNh\"", true),
            ("SAML Response = PHNh", true),
            ("SAMLRequest PHNh", true),
            ("SAML: PHNh", false),
            ("PHNhSAMLResponse", false),
        ] {
            assert_eq!(is_labelled(text), labelled, "{text}");
        }
        for (text, offset) in [
            ("PGE&#x2b;", Some(3)),
            ("PGE&#43;", Some(3)),
            ("PGE&PGE&equals;", Some(7)),
            ("PGE&plus;", Some(3)),
            ("PGE&", None),
            ("PGE&;", None),
            ("PGE&a b;", None),
            ("PGE&RelayState=x;", None),
            ("PGE", None),
        ] {
            assert_eq!(html_entity(text), offset, "{text}");
        }
    }

    /// What names the mistake better is said; what is wrong with a message stays what it is.
    #[test]
    fn a_refusal_stays_where_nothing_better_is_known() {
        let xml = |kind| Error::from(XmlError { kind, position: Position { offset: 0, line: 1, column: 1 } });
        let root = || Error::from(StructureError::UnexpectedRoot { expected: "Response", received: Shown::new("html") });
        let page = || Error::from(DecodeError::HtmlPage { form_field: false });
        let with_field = || Error::from(DecodeError::HtmlPage { form_field: true });
        let large = || xml(XmlErrorKind::DocumentTooLarge { limit: 1 });
        for (document, error, said) in [
            (&b"<html>"[..], xml(XmlErrorKind::Doctype), page()),
            (b"<html/>", root(), page()),
            (b"<html>\xFF", xml(XmlErrorKind::Doctype), page()),
            (&[&b"<html>"[..], &[b' '; 9000], b"name=SAMLResponse"].concat(), xml(XmlErrorKind::Doctype), with_field()),
            (&[&[b' '; 9000][..], b"<html>"].concat(), xml(XmlErrorKind::Doctype), xml(XmlErrorKind::Doctype)),
            (b"<html/>", large(), large()),
            (b"<html/>", StructureError::NoAssertion.into(), StructureError::NoAssertion.into()),
            (b"<a/>", root(), root()),
            (b"<!DOCTYPE a>", xml(XmlErrorKind::Doctype), xml(XmlErrorKind::Doctype)),
        ] {
            assert_eq!(in_place_of_message(document, error), said, "{}", String::from_utf8_lossy(document));
        }
    }
}
