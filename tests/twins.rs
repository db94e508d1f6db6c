//! Benign oddities: other ways to write down what was signed are the same login; with one signed character changed, none is.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use std::cell::RefCell;
use std::collections::BTreeMap;

use base64::Engine;
use common::generate::{Document, Entropy, Unused};
use common::habits::{in_lines, rewritten};
use common::posted::Posted;
use common::text;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use saml_verify::test_idp::TestIdp;
use saml_verify::{Error, Login, SignatureError, SignedPart};

/// A way to write a message down that changes nothing in what it says.
struct Twin {
    class: &'static str,
    write: fn(&str) -> String,
}

const fn twin(class: &'static str, write: fn(&str) -> String) -> Twin {
    Twin { class, write }
}

/// Signed passages of the genuine message that twins write in another way.
const NAME: &str = "auth0|64f0c2a17d9e4b0012ab34cd</saml:NameID>";
const PICTURE: &str = "?s=480&amp;r=pg&amp;d=https";
const CREATED: &str = "Thu Aug 31 2023 08:15:13";

#[rustfmt::skip] // a table
const TWINS: &[Twin] = &[
    twin("as it is", str::to_owned),
    twin("line ends between the children of the Response", |xml| between_children(xml, "\n")),
    twin("white space between the children of the Response", |xml| between_children(xml, "\r\n\t  ")),
    twin("comments between the children of the Response", |xml| between_children(xml, "<!-- <saml:Assertion/> -->")),
    twin("a comment before the document", |xml| format!("<!-- 1 -->\n{xml}")),
    twin("a comment and an instruction behind the document", |xml| format!("{xml}\n<!-- 1 --><?p?>\n")),
    twin("a declaration", |xml| format!("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\r\n{xml}")),
    twin("a byte order mark", |xml| format!("\u{FEFF}{xml}")),
    twin("comments between the children of the Assertion", |xml| replaced(xml, "<saml:Conditions", "<!-- 1 --><saml:Conditions")),
    twin("a comment in a name", |xml| replaced(xml, NAME, "auth0|64f0<!-- 1 -->c2a17d9e4b0012ab34cd</saml:NameID>")),
    twin("a comment at the end of a value", |xml| replaced(xml, CREATED, "Thu Aug 31 2023 08:15:13<!---->")),
    twin("the other quotes", |xml| tags(xml, |name, attributes| tag(name, attributes, "'", " ", ""))),
    twin("attributes in reverse order", |xml| tags(xml, |name, attributes| {
        let reversed: Vec<_> = attributes.iter().rev().copied().collect();
        tag(name, &reversed, "\"", " ", "")
    })),
    twin("attributes in alphabetical order", |xml| tags(xml, |name, attributes| {
        let mut sorted = attributes.to_vec();
        sorted.sort_unstable();
        tag(name, &sorted, "\"", " ", "")
    })),
    twin("blanks in start tags", |xml| tags(xml, |name, attributes| tag(name, attributes, "\"", " \t\n", " "))),
    twin("line ends in start tags", |xml| tags(xml, |name, attributes| tag(name, attributes, "\"", "\r\n", "\r\n"))),
    twin("blanks in end tags", |xml| replaced(xml, "</saml:NameID>", "</saml:NameID \n>")),
    twin("empty tags as pairs", empty_tags_as_pairs),
    twin("blanks in empty tags", |xml| xml.replace("/>", " />")),
    twin("decimal references", |xml| replaced(xml, NAME, "&#97;uth0&#124;64f0c2a17d9e4b0012ab34c&#100;</saml:NameID>")),
    twin("hexadecimal references", |xml| replaced(xml, NAME, "&#x61;uth0&#x7C;64f0c2a17d9e4b0012ab34c&#x0064;</saml:NameID>")),
    twin("references in an attribute", |xml| replaced(xml, "Recipient=\"https", "Recipient=\"h&#116;t&#x70;s")),
    twin("a reference to what is escaped anyway", |xml| replaced(xml, PICTURE, "?s=480&#38;r=pg&#x26;d=https")),
    twin("a CDATA section", |xml| replaced(xml, NAME, "<![CDATA[auth0|64f0c2a17d9e4b0012ab34cd]]></saml:NameID>")),
    twin("a CDATA section around a part", |xml| replaced(xml, NAME, "auth0|<![CDATA[64f0]]>c2a17d9e4b0012ab34cd</saml:NameID>")),
    twin("an empty CDATA section", |xml| replaced(xml, NAME, "auth0|64f0c2a17d9e4b0012ab34cd<![CDATA[]]></saml:NameID>")),
    twin("a CDATA section for an escape", |xml| replaced(xml, PICTURE, "?s=480<![CDATA[&]]>r=pg<![CDATA[&]]>d=https")),
    twin("an unused declaration on the Response", |xml| replaced(xml, "<samlp:Response ", "<samlp:Response xmlns:e=\"urn:e\" ")),
    twin("an unused declaration on the Assertion", |xml| replaced(xml, "<saml:Assertion ", "<saml:Assertion xmlns:e=\"urn:e\" ")),
    twin("an unused declaration inside", |xml| replaced(xml, "<saml:NameID ", "<saml:NameID xmlns:e=\"urn:e\" ")),
    twin("an unused default namespace", |xml| replaced(xml, "<samlp:Response ", "<samlp:Response xmlns=\"urn:e\" ")),
    twin("a repeated declaration", |xml| {
        replaced(xml, "<saml:Subject>", "<saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">")
    }),
    twin("a declaration further out", |xml| {
        replaced(xml, "<samlp:Response ", "<samlp:Response xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ")
    }),
    twin("line ends in the values of the Signature", |xml| replaced(xml, "<SignatureValue>R9yQ", "<SignatureValue>\r\nR9\n yQ\t")),
    twin("comments and white space in KeyInfo", |xml| replaced(xml, "<KeyInfo>", "<KeyInfo>\n<!-- 1 -->")),
    twin("no KeyInfo", without_key_info),
];

/// Signed characters, and what they are changed to: in text, in an attribute, in a name, between elements.
const CHANGES: &[(&str, &str)] = &[
    (">ada@example.com<", ">adb@example.com<"),
    ("1.0:attrname", "1.1:attrname"),
    ("Coordinated Universal Time", "Coordinated universal Time"),
    ("</saml:Subject>", " </saml:Subject>"),
];

fn replaced(xml: &str, from: &str, to: &str) -> String {
    assert!(xml.contains(from), "{from}");
    xml.replacen(from, to, 1)
}

fn between_children(xml: &str, filling: &str) -> String {
    let places =
        ["<saml:Issuer xmlns", "<samlp:Status>", "<samlp:StatusCode", "</samlp:Status>", "<saml:Assertion ", "</samlp:Response>"];
    places.iter().fold(xml.to_owned(), |xml, place| replaced(&xml, place, &format!("{filling}{place}")))
}

fn without_key_info(xml: &str) -> String {
    let (before, rest) = xml.split_once("<KeyInfo>").expect("KeyInfo");
    format!("{before}{}", rest.split_once("</KeyInfo>").expect("its end").1)
}

fn empty_tags_as_pairs(xml: &str) -> String {
    let mut parts = xml.split("/>");
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let start = written.rfind('<').expect("a start tag");
        let name = written[start + 1..].split_whitespace().next().unwrap_or_default().to_owned();
        written.push_str(&format!("></{name}>{part}"));
    }
    written
}

/// Writes every start tag anew; the values of a genuine message have no quotes in them.
fn tags(xml: &str, write: impl Fn(&str, &[(&str, &str)]) -> String) -> String {
    let mut pieces = xml.split('<');
    let mut written = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (markup, text) = piece.split_once('>').expect("the end of a tag");
        if markup.starts_with('/') {
            written.push_str(&format!("<{markup}>{text}"));
            continue;
        }
        let (markup, end) = markup.strip_suffix('/').map_or((markup, ">"), |markup| (markup, "/>"));
        let (name, rest) = markup.split_once(' ').unwrap_or((markup, ""));
        let quoted: Vec<&str> = rest.split('"').collect();
        let attributes = quoted.chunks_exact(2).map(|pair| (pair[0].trim().trim_end_matches('='), pair[1]));
        written.push_str(&write(name, &attributes.collect::<Vec<_>>()));
        written.push_str(&format!("{end}{text}"));
    }
    written
}

/// A start tag without its end.
fn tag(name: &str, attributes: &[(&str, &str)], quote: &str, before: &str, around: &str) -> String {
    let attributes = attributes.iter().map(|(name, value)| format!("{before}{name}{around}={around}{quote}{value}{quote}"));
    format!("<{name}{}{around}", attributes.collect::<String>())
}

fn genuine() -> (Posted, String) {
    let posted = Posted::auth0("a-default-sha256");
    let xml = posted.xml().expect("XML");
    (posted, xml)
}

fn verify(posted: &Posted, xml: &str) -> Result<Login, Error> {
    let verified = posted.verifier.verify_xml(xml.as_bytes(), posted.expect(), posted.now);
    verified.map(|verified| verified.without_replay_protection())
}

/// Everything that a login says.
fn said(login: &Login) -> String {
    let attributes = login.attributes().iter().map(|attribute| {
        let values: Vec<_> = attribute.values().map(|value| value.as_str().map(str::to_owned)).collect();
        (attribute.name().to_owned(), attribute.name_format().map(str::to_owned), values)
    });
    let ids = (login.issuer(), login.assertion_id(), login.response_id(), login.in_response_to(), login.session_index());
    let name = (&login.name_id().value, &login.name_id().format);
    let times = (login.issue_instant(), login.not_before(), login.not_on_or_after(), login.authn_instant());
    format!(
        "{ids:?} {name:?} {:?} {times:?} {:?} {:?}",
        login.authn_context(),
        login.signatures(),
        attributes.collect::<Vec<_>>()
    )
}

#[test]
fn twins_are_the_same_login() {
    let (posted, xml) = genuine();
    let expected = said(&verify(&posted, &xml).expect("a login"));
    for Twin { class, write } in TWINS {
        let written = write(&xml);
        assert_eq!(written == xml, *class == "as it is", "{class}");
        let login = verify(&posted, &written).unwrap_or_else(|error| panic!("{class}: {error}\n{written}"));
        assert_eq!(said(&login), expected, "{class}");
    }
}

#[test]
fn twins_with_one_signed_character_changed_are_refused() {
    let (posted, xml) = genuine();
    let mismatch = Error::from(SignatureError::DigestMismatch { element: "Assertion", clues: Box::default() });
    for Twin { class, write } in TWINS {
        let mut changes = 0;
        for (from, to) in CHANGES {
            // In the middle of a tag that the twin has rewritten there may be nothing to change.
            let changed = write(&xml).replacen(from, to, 1);
            if changed != write(&xml) {
                changes += 1;
                assert_eq!(verify(&posted, &changed).err().as_ref(), Some(&mismatch), "{class}: {from} -> {to}");
            }
        }
        assert!(changes > 2, "{class}: {changes}");
    }
}

/// What looks like the twin beside it and says something else.
#[test]
fn what_only_looks_like_a_twin_is_refused() {
    let (posted, xml) = genuine();
    let name = |to: &str| format!("{to}</saml:NameID>");
    for (from, to) in [
        (NAME, name("&#98;uth0|64f0c2a17d9e4b0012ab34cd")),
        (NAME, name("<![CDATA[auth0|64f0c2a17d9e4b0012ab34ce]]>")),
        (NAME, name("<![CDATA[&#97;uth0|64f0c2a17d9e4b0012ab34cd]]>")),
        (NAME, name("auth0|64f0<?p?>c2a17d9e4b0012ab34cd")),
        (NAME, name("auth0|64f0c2a17d9e4b0012ab34cd\n")),
        (NAME, name("auth0|64f0c2a17d9e4b0012ab34cd&#13;")),
        (PICTURE, "?s=480&amp;r=pg&amp;amp;d=https".to_owned()),
        ("Recipient=\"https", "Recipient=\"&#9;https".to_owned()),
        ("Recipient=\"https", "Recipient=\"\nhttps".to_owned()),
        ("<saml:Conditions", "\n<saml:Conditions".to_owned()),
        ("<saml:Conditions", "<?p?><saml:Conditions".to_owned()),
        ("<saml:NameID ", "<saml:NameID e=\"\" ".to_owned()),
        ("<saml:NameID ", "<saml:NameID xml:lang=\"en\" ".to_owned()),
        ("<saml:NameID ", "<saml:NameID xmlns:e=\"urn:e\" e:e=\"\" ".to_owned()),
    ] {
        let error = verify(&posted, &replaced(&xml, from, &to)).expect_err(&to);
        assert_eq!(error, SignatureError::DigestMismatch { element: "Assertion", clues: Box::default() }.into(), "{to}");
    }
}

/// Line ends of every kind inside of what is signed are one line feed. XML 1.0 section 2.11.
#[test]
fn line_ends_are_normalised_before_they_are_digested() {
    let posted = Posted::attack("ok-crlf");
    let xml = posted.xml().expect("XML");
    let expected = said(&verify(&posted, &xml).expect("a login"));
    let unix = xml.replace("\r\n", "\n");
    assert_ne!(xml, unix);
    for (line_end, same) in [("\n", true), ("\r\n", true), ("\r", true), (" ", false), ("&#13;\n", false), ("\n\n", false)] {
        let (prolog, body) = unix.split_at(unix.find("Assertion").expect("an Assertion"));
        let (start_tag, content) = body.split_at(body.find('>').expect("the end of its start tag"));
        let (signature, behind) = content.split_at(content.find("Subject").expect("a Subject"));
        assert!(behind.contains('\n'));
        let written = format!("{prolog}{start_tag}{signature}{}", behind.replace('\n', line_end));
        let login = verify(&posted, &written);
        assert_eq!(login.as_ref().map(said).ok().as_ref(), Some(&expected).filter(|_| same), "{line_end:?}");
    }
}

/// Wherever the lines of the form field end. RFC 2045 section 6.8.
#[test]
fn form_fields_may_have_lines() {
    let (posted, xml) = genuine();
    let changed = replaced(&xml, ">ada@example.com<", ">adb@example.com<");
    let expected = said(&verify(&posted, &xml).expect("a login"));
    for columns in [64, 76] {
        for line_end in ["\n", "\r\n", " \t\r\n"] {
            for (xml, same) in [(&xml, true), (&changed, false)] {
                let text = base64::engine::general_purpose::STANDARD.encode(xml).into_bytes();
                let lines: Vec<_> = text.chunks(columns).map(String::from_utf8_lossy).collect();
                let field = format!("{}{line_end}", lines.join(line_end));
                match posted.verifier.verify_post(&field, posted.expect(), posted.now) {
                    Ok(verified) => assert_eq!((said(&verified.without_replay_protection()), same), (expected.clone(), true)),
                    Err(error) => {
                        assert_eq!(
                            (error, same),
                            (SignatureError::DigestMismatch { element: "Assertion", clues: Box::default() }.into(), false)
                        );
                    }
                }
            }
        }
    }
}

/// Prefixes, default namespaces, places of declarations, order and layout of attributes, quotes, references, CDATA sections, comments,
/// line ends, white space, lines of base64: whatever an identity provider and its signature leave open, in any mixture.
#[test]
fn whatever_the_habits_of_an_identity_provider_it_is_the_same_login() {
    let (posted, xml) = genuine();
    let idp = TestIdp::new(text(&posted.case, "idp_entity_id"));
    let config = ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]));
    let bytes = (vec(any::<u8>(), 0..1000), vec(any::<u8>(), 0..6000), vec(any::<u8>(), 2));
    let met = RefCell::new(BTreeMap::<&str, usize>::new());
    let result = runner.run(&bytes, |(habits, style, lines)| {
        let parts = [SignedPart::Assertion, SignedPart::Response, SignedPart::Both];
        let part = parts[habits.len() % 3];
        let mut document = rewritten(&xml, &idp, part, &mut Entropy::new(&habits));
        let verify = |document: &Document| {
            let written = document.write(&mut Entropy::new(&style), Unused::Added);
            let encoded = base64::engine::general_purpose::STANDARD.encode(&written);
            let field = in_lines(&encoded, &mut Entropy::new(&lines));
            for (class, is_in) in HABITS {
                *met.borrow_mut().entry(class).or_default() += usize::from(is_in(&written) || is_in(&field));
            }
            let verified = posted.verifier.verify_post(&field, posted.expect(), posted.now);
            verified.map(|verified| verified.without_replay_protection())
        };
        let plain = rewritten(&xml, &idp, part, &mut Entropy::new(&[])).write(&mut Entropy::new(&[]), Unused::Left);
        let expected = said_of(&posted, &plain);
        prop_assert_eq!(verify(&document).map(|login| said(&login)), Ok(expected));

        // A comment may have come behind its first character.
        let changed = document
            .contents()
            .0
            .into_iter()
            .find(|value| ["ada@example.com", "da@example.com"].contains(&value.as_str()))
            .expect("the address");
        changed.replace_range(..1, "b");
        // What else the error tells depends on the habits.
        let changed = match verify(&document) {
            Err(Error::Signature(SignatureError::DigestMismatch { element, .. })) => element,
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(changed, if part == SignedPart::Assertion { "Assertion" } else { "Response" });
        Ok(())
    });
    assert_eq!(result, Ok(()));
    let rare: Vec<_> = met.into_inner().into_iter().filter(|(_, times)| *times < 10).collect();
    assert!(rare.is_empty(), "{rare:?}");
}

/// A habit, and whether a document or a form field has it.
type Habit = (&'static str, fn(&str) -> bool);

/// What the messages above have to have among them, each in some of them.
#[rustfmt::skip] // a table
const HABITS: &[Habit] = &[
    ("an unusual prefix", |xml| xml.contains("<é:")),
    ("the prefix of the assertion for the protocol", |xml| xml.contains("<saml:Response")),
    ("the prefix of the protocol for the assertion", |xml| xml.contains("<samlp:Assertion")),
    ("a default namespace", |xml| ["<Response", "<Assertion", "<Signature"].iter().any(|tag| xml.contains(tag))),
    ("two prefixes for one namespace", |xml| xml.contains("<s:Subject") && xml.contains("</saml:NameID")),
    ("a namespace declared again", |xml| xml.matches("urn:oasis:names:tc:SAML:2.0:assertion").count() > 2),
    ("a namespace declared above its first use", |xml| {
        let document = roxmltree::Document::parse(xml.trim_start_matches('\u{FEFF}'));
        document.is_ok_and(|document| document.root_element().namespaces().any(|one| one.uri().ends_with(":assertion")))
    }),
    ("a declaration that nothing uses", |xml| xml.contains("xmlns:unused")),
    ("other quotes", |xml| xml.contains("='")),
    ("another order of attributes", |xml| xml.find("Recipient") < xml.find("NotOnOrAfter")),
    ("a decimal reference", |xml| xml.contains("&#6")),
    ("a hexadecimal reference", |xml| xml.contains("&#x6")),
    ("a reference with leading zeros", |xml| xml.contains("&#0")),
    ("a CDATA section", |xml| xml.contains("<![CDATA[a")),
    ("an empty CDATA section", |xml| xml.contains("<![CDATA[]]>")),
    ("a comment in a text", |xml| xml.contains("a<!--")),
    ("a comment with markup", |xml| xml.contains("<!--</x>-->")),
    ("a comment in SignedInfo", |xml| between(xml, "SignedInfo", "SignedInfo").contains("<!--")),
    ("line ends of two characters", |xml| xml.contains("\r\n")),
    ("line ends of an old kind", |xml| xml.contains('\r') && !xml.contains('\n')),
    ("white space in tags", |xml| xml.contains(" >") || xml.contains("\n>")),
    ("white space between signed elements", |xml| between(xml, "Subject", "Subject").contains(">\n")),
    ("white space in SignedInfo", |xml| between(xml, "SignedInfo", "SignedInfo").contains(">\n")),
    ("an empty element as a pair", |xml| between(xml, "DigestMethod", "DigestValue").contains("></")),
    ("lines in SignatureValue", |xml| between(xml, "SignatureValue", "SignatureValue").contains('\n')),
    ("lines of Java in SignatureValue", |xml| between(xml, "SignatureValue", "SignatureValue").contains("&#xD;\n")),
    ("lines in DigestValue", |xml| between(xml, "DigestValue", "DigestValue").contains('\n')),
    ("lines in the form field", |field| !field.contains('<') && field.contains('\n')),
    ("no KeyInfo", |xml| xml.contains('<') && !xml.contains("KeyInfo")),
    ("a KeyInfo", |xml| xml.contains("KeyName")),
    ("a PrefixList", |xml| xml.contains("InclusiveNamespaces")),
    ("an algorithm with comments", |xml| xml.contains("WithComments")),
    ("a byte order mark", |xml| xml.starts_with('\u{FEFF}')),
    ("an XML declaration", |xml| xml.contains("<?xml ")),
];

/// From the first of these to the next of those.
fn between<'x>(xml: &'x str, from: &str, to: &str) -> &'x str {
    let (_, behind) = xml.split_once(from).unwrap_or_default();
    behind.split_once(to).unwrap_or_default().0
}

fn said_of(posted: &Posted, xml: &str) -> String {
    said(&verify(posted, xml).expect("a login"))
}
