//! Messages of the HTTP Redirect binding: what a trusted key signed comes out as it was written, and nothing else does.

mod common;

use std::collections::BTreeSet;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{cases, read, read_text, testdata, text};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use saml_verify::test_idp::TestIdp;
use saml_verify::{Departure, Error, IdentityProvider, Limits, RedirectMessage, RedirectParameter, TrustedKeys, internals};

const LOGOUT: &str = "<samlp:LogoutRequest xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol' ID='_1' Version='2.0'/>";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";

fn deflate(octets: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets).and_then(|()| encoder.finish()).expect("in memory")
}

fn escape(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") }).collect()
}

/// The parameters before `Signature`, as a sender writes them.
fn unsigned(parameter: &str, compressed: &[u8], relay_state: Option<&str>, method: &str) -> String {
    let relay_state = relay_state.map(|value| format!("&RelayState={}", escape(value))).unwrap_or_default();
    format!("{parameter}={}{relay_state}&SigAlg={}", escape(&STANDARD.encode(compressed)), escape(method))
}

fn signed(idp: &TestIdp, octets: &str) -> String {
    format!("{octets}&Signature={}", escape(&STANDARD.encode(internals::sign_octets(idp, octets.as_bytes()))))
}

fn idp() -> TestIdp {
    TestIdp::new("urn:idp")
}

fn connection() -> IdentityProvider {
    IdentityProvider::new("urn:idp", idp().trusted_keys()).expect("an identity provider")
}

fn verify(query: &str) -> Result<RedirectMessage, Error> {
    connection().verify_redirect(query, &Limits::DEFAULT)
}

fn code(outcome: Result<RedirectMessage, Error>) -> &'static str {
    outcome.map_or_else(|error| error.code(), |_| "accepted")
}

#[test]
fn a_signed_message_comes_out_as_it_was_written() {
    for (parameter, kind) in [("SAMLRequest", RedirectParameter::SamlRequest), ("SAMLResponse", RedirectParameter::SamlResponse)]
    {
        for relay_state in [None, Some(""), Some("https://sp.example/?a=b&c=d+e")] {
            let query = signed(&idp(), &unsigned(parameter, &deflate(LOGOUT.as_bytes()), relay_state, RSA_SHA256));
            let message = verify(&query).expect("signed");
            assert_eq!((message.parameter(), message.xml()), (kind, LOGOUT.as_bytes()));
            assert_eq!(message.relay_state(), relay_state.map(str::as_bytes));
            assert!(!format!("{message:?}").contains("Logout"), "{message:?}");
        }
    }
}

/// The parameters may come in any order and among others: the octets that are signed have an order of their own.
#[test]
fn the_order_of_the_query_does_not_matter() {
    let query = signed(&idp(), &unsigned("SAMLRequest", &deflate(LOGOUT.as_bytes()), Some("r"), RSA_SHA256));
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.reverse();
    pairs.push("tenant=acme");
    assert_eq!(verify(&pairs.join("&")), verify(&query));
    assert_eq!(code(verify(&query)), "accepted");
}

#[test]
fn nothing_signed_can_be_changed() {
    let genuine = signed(&idp(), &unsigned("SAMLRequest", &deflate(LOGOUT.as_bytes()), Some("r"), RSA_SHA256));
    let (octets, signature) = genuine.split_once("&Signature=").expect("a signature");
    let forged = escape(&STANDARD.encode(deflate(LOGOUT.replace("_1", "_2").as_bytes())));
    let lower_case = octets.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d").replace("%3A", "%3a");
    for (changed, expected) in [
        (genuine.clone(), "accepted"),
        (genuine.replace("RelayState=r", "RelayState=s"), "untrusted_key"),
        (genuine.replace("RelayState=r&", ""), "untrusted_key"),
        (genuine.replace("RelayState=r", "RelayState=%72"), "untrusted_key"),
        (genuine.replace("SAMLRequest", "SAMLResponse"), "untrusted_key"),
        (format!("SAMLRequest={forged}&RelayState=r&SigAlg={}&Signature={signature}", escape(RSA_SHA256)), "untrusted_key"),
        (format!("SAMLRequest={forged}&{genuine}"), "duplicate_parameter"),
        (format!("SAMLResponse={forged}&{genuine}"), "request_and_response"),
        (format!("{lower_case}&Signature={signature}"), "untrusted_key"),
        (octets.to_owned(), "missing_parameter"),
        (format!("{octets}&Signature="), "untrusted_key"),
        (signed(&other_idp(), octets), "untrusted_key"),
    ] {
        assert_eq!(code(verify(&changed)), expected, "{changed}");
    }
}

fn other_idp() -> TestIdp {
    common::signer("urn:idp", "auth0/keys/idp-rsa3072")
}

#[test]
fn the_signature_method_is_one_that_the_connection_allows() {
    let query = |method: &str| signed(&idp(), &unsigned("SAMLRequest", &deflate(LOGOUT.as_bytes()), None, method));
    for (method, expected) in [
        (RSA_SHA256, "accepted"),
        (RSA_SHA1, "signature_algorithm_refused"),
        ("http://www.w3.org/2000/09/xmldsig#hmac-sha1", "signature_algorithm_refused"),
        ("", "signature_algorithm_refused"),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "untrusted_key"),
        ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "key_type_mismatch"),
    ] {
        assert_eq!(code(verify(&query(method))), expected, "{method}");
    }
    // With the departure the method is tried, and the value is none of it.
    let legacy = connection().allow(Departure::Sha1SignatureForLegacyUseOnly);
    assert_eq!(code(legacy.verify_redirect(&query(RSA_SHA1), &Limits::DEFAULT)), "untrusted_key");
}

/// Signed or not: what is behind the signature is one whole stream, of a bounded length.
#[test]
fn what_was_signed_is_still_bounded() {
    let whole = deflate(LOGOUT.as_bytes());
    let limit = Limits::DEFAULT.document_bytes;
    for (compressed, expected) in [
        (whole.clone(), "accepted"),
        ([&whole, &b"x"[..]].concat(), "data_after_deflate"),
        (whole[..whole.len() - 1].to_vec(), "deflate_cut"),
        (LOGOUT.as_bytes().to_vec(), "not_deflate"),
        (deflate(&vec![b' '; limit]), "accepted"),
        (deflate(&vec![b' '; limit + 1]), "inflated_too_long"),
        (deflate(&vec![b' '; 40 * limit]), "inflated_too_long"),
    ] {
        let query = signed(&idp(), &unsigned("SAMLRequest", &compressed, None, RSA_SHA256));
        assert_eq!(code(verify(&query)), expected, "{} bytes compressed", compressed.len());
    }
}

/// In every place of a query: what was put in there is refused, unless it is another parameter or none between two.
#[test]
fn nothing_put_into_a_query_changes_what_it_says() {
    let query = signed(&idp(), &unsigned("SAMLRequest", &deflate(LOGOUT.as_bytes()), Some("a b"), RSA_SHA256));
    let connection = connection();
    let verify = |query: &str| connection.verify_redirect(query, &Limits::DEFAULT);
    let genuine = verify(&query).expect("signed");
    for (put_in, harmless, refusals) in [
        (
            "&",
            true,
            "incomplete_base64 invalid_escape missing_padding missing_parameter signature_algorithm_refused untrusted_key",
        ),
        (
            "&tenant=x&",
            true,
            "incomplete_base64 invalid_escape missing_padding missing_parameter signature_algorithm_refused untrusted_key",
        ),
        (";", false, "invalid_base64 invalid_escape missing_parameter signature_algorithm_refused untrusted_key"),
        ("=", false, "data_after_padding invalid_escape missing_parameter signature_algorithm_refused untrusted_key"),
        ("+", false, "invalid_escape missing_parameter signature_algorithm_refused untrusted_key white_space"),
        ("%00", false, "invalid_base64 invalid_escape missing_parameter signature_algorithm_refused untrusted_key"),
        ("a", false, "data_after_padding invalid_base64 missing_parameter signature_algorithm_refused untrusted_key"),
        ("&RelayState=x&", false, "duplicate_parameter untrusted_key"),
        ("&SAMLResponse=x&", false, "request_and_response untrusted_key"),
        ("&%53igAlg=x&", false, "escaped_name"),
        ("&samlrequest=x&", false, "name_in_other_case"),
        ("&SAMLEncoding=x&", false, "missing_parameter unknown_encoding"),
    ] {
        let mut codes = BTreeSet::new();
        for place in 0..=query.len() {
            let (before, behind) = query.split_at(place);
            let outcome = verify(&[before, put_in, behind].concat());
            let between = before.is_empty() || behind.is_empty() || before.ends_with('&') || behind.starts_with('&');
            assert_eq!(outcome.is_ok(), harmless && between, "{before} {put_in} {behind}");
            match outcome {
                Ok(message) => assert_eq!(message, genuine),
                Err(error) => drop(codes.insert(error.code())),
            }
        }
        assert_eq!(codes.into_iter().collect::<Vec<_>>().join(" "), refusals, "{put_in}");
    }
}

/// Each name of the binding, beside the genuine parameters: once more, in other case, or with escapes. With a letter more it is another
/// parameter, which says nothing.
#[test]
fn each_parameter_stands_once_under_its_own_name() {
    let genuine = signed(&idp(), &unsigned("SAMLRequest", &deflate(LOGOUT.as_bytes()), Some("r"), RSA_SHA256));
    let mut looked_at = 0;
    for name in ["SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding"] {
        let swapped: String =
            name.chars().map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
        let escaped = format!("%{:02x}{}", name.as_bytes()[0], &name[1..]);
        let beside = match name {
            "SAMLResponse" => "request_and_response",
            "SAMLEncoding" => "unknown_encoding",
            _ => "duplicate_parameter",
        };
        for (variant, expected) in [
            (name.to_owned(), beside),
            (escaped.clone(), "escaped_name"),
            (name.to_lowercase(), "name_in_other_case"),
            (name.to_uppercase(), "name_in_other_case"),
            (swapped, "name_in_other_case"),
            (format!("%{:02x}{}", name.as_bytes()[0].to_ascii_lowercase(), &name[1..]), "name_in_other_case"),
            (name.replacen('S', "%C5%BF", 1), "name_in_other_case"),
            (format!("{name}s"), "accepted"),
            (format!("x{name}"), "accepted"),
            (format!("{name}%00"), "accepted"),
            (name[1..].to_owned(), "accepted"),
        ] {
            for query in [format!("{genuine}&{variant}=x"), format!("{variant}=x&{genuine}"), format!("{genuine}&{variant}")] {
                assert_eq!(code(verify(&query)), expected, "{query}");
                looked_at += 1;
            }
            // In its place, too.
            if genuine.contains(&format!("{name}=")) && name != "RelayState" && expected != beside {
                let expected = if expected == "accepted" { "missing_parameter" } else { expected };
                assert_eq!(code(verify(&genuine.replace(&format!("{name}="), &format!("{variant}=")))), expected, "{variant}");
            }
        }
    }
    assert_eq!(looked_at, 6 * 11 * 3);
    let error = verify(&format!("{genuine}&sigalg=x")).expect_err("refused");
    assert_eq!(error.to_string(), "decode: the query has the name SigAlg in other upper and lower case");
}

/// A query signature is no signature of a login: SAML Profiles 4.1.2.
#[test]
fn a_login_does_not_travel_by_redirect() {
    let case = cases(&testdata("attacks")).into_iter().find(|case| text(case, "id") == "rdr-valid").expect("the case");
    let folder = testdata("attacks");
    let keys = TrustedKeys::from_pem(read(&folder.join(text(&case, "idp_cert")))).expect("a certificate");
    let idp = IdentityProvider::new(text(&case, "idp_entity_id"), keys).expect("an identity provider");
    let message = idp.verify_redirect(&read_text(&folder.join(text(&case, "query"))), &Limits::DEFAULT).expect("signed");
    let sp = saml_verify::ServiceProvider::new(text(&case, "audience"), text(&case, "acs_url")).expect("a service provider");
    let now = saml_verify::time::parse_rfc3339(text(&case, "now")).expect("a time");
    let expect = saml_verify::Expect::AnswerTo(text(&case, "in_response_to"));
    let error = saml_verify::Verifier::new(sp, idp).verify_xml(message.xml(), expect, now).expect_err("no signature in it");
    assert_eq!(error.code(), "unsigned");
}

/// Every redirect message of `testdata/attacks`.
#[test]
fn vectors_are_judged_as_their_manifest_says() {
    const CODES: [(&str, &str); 9] = [
        ("rdr-valid", "accepted"),
        ("rdr-dup-response", "duplicate_parameter"),
        ("rdr-dup-response-first", "duplicate_parameter"),
        ("rdr-relay-swapped", "untrusted_key"),
        ("rdr-relay-dropped", "untrusted_key"),
        ("rdr-reencoded", "untrusted_key"),
        ("rdr-bomb", "missing_parameter"),
        ("rdr-bomb-xml", "untrusted_key"),
        ("rdr-truncated-deflate", "deflate_cut"),
    ];
    let folder = testdata("attacks");
    let redirected: Vec<_> = cases(&folder).into_iter().filter(|case| text(case, "binding") == "redirect").collect();
    assert!(!redirected.is_empty());
    for case in redirected {
        let id = text(&case, "id");
        let keys = TrustedKeys::from_pem(read(&folder.join(text(&case, "idp_cert")))).expect("a certificate");
        let idp = IdentityProvider::new(text(&case, "idp_entity_id"), keys).expect("an identity provider");
        let outcome = idp.verify_redirect(&read_text(&folder.join(text(&case, "query"))), &Limits::DEFAULT);
        if let Ok(message) = &outcome {
            assert_eq!(message.xml(), read(&folder.join(text(&case, "file"))), "{id}");
        }
        assert_eq!(outcome.is_ok(), text(&case, "expect") == "accept", "{id}");
        let expected = CODES.iter().find(|(known, _)| *known == id).map(|(_, code)| *code);
        assert_eq!(Some(code(outcome)), expected, "{id}");
    }
}
