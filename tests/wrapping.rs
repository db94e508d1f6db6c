//! Signature wrapping in every place there is, instead of in those that somebody thought of: an attacker holds genuine messages
//! and no key. Each loop has its twin, a change of the same place that is harmless and accepted.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::SystemTime;

use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{Error, Expect, IdentityProvider, ServiceProvider, SignedPart, Verified, Verifier};

const SP: &str = "urn:sp";
const ACS: &str = "https://sp.example/acs";
const REQUEST: &str = "_q";
const PARTS: [SignedPart; 3] = [SignedPart::Assertion, SignedPart::Response, SignedPart::Both];

fn now() -> SystemTime {
    parse_rfc3339("2027-03-03T10:00:00Z").expect("a time")
}

fn message(idp: &TestIdp, name: &str, part: SignedPart) -> String {
    let response =
        idp.response(SP, ACS, now()).assertion_id("_assertion").session_index("_session").in_response_to(REQUEST).name_id(name);
    response.attribute("role", [name, "reader"]).signed(part).to_xml()
}

fn verifier(idp: &TestIdp) -> Verifier {
    let sp = ServiceProvider::new(SP, ACS).expect("a service provider");
    Verifier::new(sp, IdentityProvider::new("urn:idp", idp.trusted_keys()).expect("an identity provider"))
}

fn verify(verifier: &Verifier, xml: &str) -> Result<Verified, Error> {
    verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now())
}

/// The user, as both the name and the attributes have it.
fn user(verified: Verified) -> String {
    let login = verified.without_replay_protection();
    let name = login.name_id().value.clone();
    assert_eq!(login.attributes().all("role").collect::<Vec<_>>(), [&*name, "reader"]);
    name
}

/// Where an element could be put: before, behind and inside of everything that a document has.
fn places(xml: &str) -> BTreeSet<usize> {
    let document = roxmltree::Document::parse(xml).expect("XML");
    let root = document.root_element();
    let before_end_tags = root.descendants().filter(|node| node.is_element()).filter_map(|node| {
        let written = &xml[node.range()];
        written.rfind("</").map(|at| node.range().start + at)
    });
    root.descendants().flat_map(|node| [node.range().start, node.range().end]).chain(before_end_tags).collect()
}

/// Where the first element of that name is.
fn element(xml: &str, name: &str) -> Option<Range<usize>> {
    let end = format!("</{name}>");
    let start = xml.find(&format!("<{name} ")).or_else(|| xml.find(&format!("<{name}>")))?;
    Some(start..xml.find(&end)? + end.len())
}

fn without(xml: &str, name: &str) -> String {
    element(xml, name).map_or_else(|| xml.to_owned(), |range| [&xml[..range.start], &xml[range.end..]].concat())
}

fn inserted(xml: &str, place: usize, what: &str) -> String {
    [&xml[..place], what, &xml[place..]].concat()
}

type Codes = BTreeSet<&'static str>;

/// A forged Assertion in the genuine one's place, and that one in any other.
#[test]
fn a_genuine_assertion_lends_a_forged_one_nothing_wherever_it_stands() {
    let idp = TestIdp::new("urn:idp");
    let verifier = verifier(&idp);
    let mut refusals: BTreeMap<&str, Codes> = BTreeMap::new();
    let mut tried = 0;
    for part in PARTS {
        let xml = message(&idp, "eve", part);
        let range = element(&xml, "saml:Assertion").expect("an Assertion");
        // It brings its declarations along, which changes no digest.
        let declared = "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
                        xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ";
        let genuine = &xml[range.clone()].replacen("<saml:Assertion ", declared, 1);
        let moved = [&xml[..range.start], genuine, &xml[range.end..]].concat();
        assert_eq!(user(verify(&verifier, &moved).expect("a login")), "eve");
        let forged = genuine.replace(">eve<", ">ada<");
        let unsigned = without(&forged, "ds:Signature");
        let other_id = |assertion: &str| assertion.replacen("ID=\"_assertion\"", "ID=\"_other\"", 1);
        let without_id = unsigned.replacen(" ID=\"_assertion\"", "", 1);
        let extensions = "<samlp:Extensions xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">";
        let wrapped = format!("{extensions}{genuine}</samlp:Extensions>");
        for (how, forged, genuine) in [
            ("the same ID twice", &forged, genuine),
            ("the same ID twice, one signature", &unsigned, genuine),
            ("another ID", &other_id(&forged), genuine),
            ("another ID, one signature", &other_id(&unsigned), genuine),
            ("no ID", &without_id, genuine),
            ("another ID, wrapped", &other_id(&unsigned), &wrapped),
        ] {
            let forged = [&xml[..range.start], forged, &xml[range.end..]].concat();
            for place in places(&forged) {
                let error = verify(&verifier, &inserted(&forged, place, genuine)).expect_err(how);
                refusals.entry(how).or_default().insert(error.code());
                tried += 1;
            }
        }
    }
    assert!(tried > 1000, "{tried}");
    // What refuses an element in the middle of a value, of the document's end, of a Signature or of anything else.
    let by_place = ["not_text", "not_well_formed", "signature_malformed", "unexpected_element"];
    for (how, more) in [
        ("the same ID twice", vec!["duplicate_id", "several_assertions", "signature_misplaced"]),
        ("the same ID twice, one signature", vec!["duplicate_id", "several_assertions", "unsigned"]),
        ("another ID", vec!["digest_mismatch", "reference_mismatch", "several_assertions", "signature_misplaced"]),
        ("another ID, one signature", vec!["digest_mismatch", "several_assertions", "unsigned"]),
        ("no ID", vec!["digest_mismatch", "several_assertions", "unsigned"]),
        ("another ID, wrapped", vec!["digest_mismatch", "signature_misplaced", "unsigned"]),
    ] {
        let expected: Codes = by_place.into_iter().chain(more).collect();
        assert_eq!(refusals.remove(how), Some(expected), "{how}");
    }
    assert!(refusals.is_empty(), "{refusals:?}");
}

/// The twin: in the same places a comment is nothing, but for the two values that have to be one text.
#[test]
fn a_comment_is_harmless_wherever_it_stands() {
    let idp = TestIdp::new("urn:idp");
    let verifier = verifier(&idp);
    for part in PARTS {
        let xml = message(&idp, "eve", part);
        let key = verify(&verifier, &xml).expect("a login").replay_key();
        let values: Vec<Range<usize>> = ["<ds:DigestValue>", "<ds:SignatureValue>"]
            .into_iter()
            .flat_map(|tag| xml.match_indices(tag).map(move |(at, _)| at + tag.len()))
            .map(|start| start..start + xml[start..].find('<').expect("an end tag"))
            .collect();
        for place in places(&xml) {
            let verdict = verify(&verifier, &inserted(&xml, place, "<!-- ada -->"));
            let in_value = values.iter().any(|value| (value.start..=value.end).contains(&place));
            match verdict {
                Ok(verified) => {
                    assert_eq!((in_value, verified.replay_key() == key), (false, true), "{place}");
                    assert_eq!(user(verified), "eve");
                }
                Err(error) => assert_eq!((in_value, error.code()), (true, "signature_malformed"), "{place}"),
            }
        }
    }
}

/// Each element of one genuine message in the place of each of the same name in another: both users, the same identifiers.
#[test]
fn two_genuine_messages_do_not_mix() {
    let idp = TestIdp::new("urn:idp");
    let verifier = verifier(&idp);
    let elements = |xml: &str| -> Vec<(String, Range<usize>)> {
        let document = roxmltree::Document::parse(xml).expect("XML");
        let all = document.descendants().filter(|node| node.is_element());
        all.map(|node| (node.tag_name().name().to_owned(), node.range())).collect()
    };
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (one_part, other_part) in PARTS.into_iter().flat_map(|one| PARTS.map(|other| (one, other))) {
        let (one, other) = (message(&idp, "eve", one_part), message(&idp, "ada", other_part));
        for (name, place) in elements(&one) {
            for (_, source) in elements(&other).into_iter().filter(|(other_name, _)| *other_name == name) {
                let mixed = [&one[..place.start], &other[source], &one[place.end..]].concat();
                // Without the declarations around it, an element of the other message may be no element at all.
                let outcome = match verify(&verifier, &mixed) {
                    Ok(verified) => user(verified),
                    Err(error) => error.code().to_owned(),
                };
                seen.entry(name.clone()).or_default().insert(outcome);
            }
        }
    }
    // Of what both messages say alike, nothing is exchanged.
    seen.retain(|_, outcomes| !outcomes.iter().eq(["eve"]));
    for (name, expected) in [
        // The whole of it, and what an unsigned Response may hold: the other message's login.
        ("Response", vec!["ada"]),
        ("Assertion", vec!["ada", "digest_mismatch", "unsigned"]),
        // What a user and the other have in common.
        ("AttributeValue", vec!["digest_mismatch", "eve"]),
        ("Transform", vec!["digest_mismatch", "eve", "signature_malformed"]),
        ("Attribute", vec!["digest_mismatch"]),
        ("AttributeStatement", vec!["digest_mismatch"]),
        ("DigestValue", vec!["digest_mismatch", "untrusted_key"]),
        ("NameID", vec!["digest_mismatch"]),
        ("Reference", vec!["digest_mismatch", "reference_mismatch", "untrusted_key"]),
        ("Signature", vec!["digest_mismatch", "reference_mismatch"]),
        ("SignatureValue", vec!["digest_mismatch", "untrusted_key"]),
        ("SignedInfo", vec!["digest_mismatch", "reference_mismatch", "untrusted_key"]),
        ("Subject", vec!["digest_mismatch"]),
    ] {
        let outcomes = seen.remove(name).unwrap_or_default();
        assert!(outcomes.iter().eq(&expected), "{name}: {outcomes:?}");
    }
    assert!(seen.is_empty(), "{seen:?}");
}
