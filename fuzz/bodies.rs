//! One function for each fuzz target: the fuzzer calls it, and `tests/corpus.rs` calls it over the saved inputs. Each has an
//! oracle beyond "does not crash".

use std::io::Read;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use saml_verify::canonical::{Algorithm, Canonicalizer};
use saml_verify::internals::{Seen, SeenNamespace};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::{format_rfc3339, parse_rfc3339};
use saml_verify::{Expect, IdentityProvider, Limits, ServiceProvider, TrustedKeys, Verifier, decode_post, internals};

/// What is taken has a canonical form, unless a namespace name is relative or the form too long; what has one is taken.
pub(crate) fn xml(data: &[u8]) {
    let taken = internals::parse(data, &Limits::DEFAULT);
    let canonical = Canonicalizer::new(Algorithm::Inclusive10WithComments).to_vec(data);
    match (taken, canonical) {
        (Ok(()), Ok(octets)) => assert!(std::str::from_utf8(&octets).is_ok()),
        (Ok(()), Err(error)) => assert!(!matches!(error, saml_verify::canonical::Error::Xml(_)), "{error}"),
        (Err(error), canonical) => assert_eq!(canonical.err(), Some(error.into())),
    }
}

/// A canonical form is its own canonical form.
pub(crate) fn canonical(data: &[u8]) {
    // What is canonical may exceed the limits that its source met: declarations are repeated, references spelled out.
    let limits = Limits { document_bytes: 1 << 26, attributes_per_element: 1 << 10, ..Limits::DEFAULT };
    for algorithm in Algorithm::ALL {
        let canonicalizer = Canonicalizer::new(algorithm).limits(limits);
        let Ok(once) = canonicalizer.to_vec(data) else { return };
        assert_eq!(canonicalizer.to_vec(&once).as_deref(), Ok(&*once), "{}", algorithm.name());
    }
}

/// Whatever a signed element holds: what its readers see is what a parser sees of the octets that were digested.
///
/// The first octet chooses the canonicalization, the others are the content.
pub(crate) fn signed_view(data: &[u8]) {
    const ALGORITHMS: [Algorithm; 3] = [Algorithm::Exclusive10, Algorithm::Inclusive10, Algorithm::Inclusive11];
    const PREFIX_LISTS: [&str; 4] = ["", "#default", "p q", "q #default xml"];
    const NAMES: [&str; 8] = ["ID", "id", "a", "b", "Name", "type", "lang", "base"];
    static IDP: OnceLock<TestIdp> = OnceLock::new();
    let Some((&choice, content)) = data.split_first() else { return };
    let Ok(content) = std::str::from_utf8(content) else { return };
    let with = |signature: &str| {
        format!(
            "<top xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:q' xml:lang='en' q:a='1'>\
             <p:signed ID='_signed'>{signature}{content}</p:signed></top>"
        )
    };
    let (limits, idp) = (Limits::DEFAULT, IDP.get_or_init(|| TestIdp::new("urn:idp")));
    if internals::parse(with("").as_bytes(), &limits).is_err() {
        return;
    }
    let (algorithm, prefix_list) = (ALGORITHMS[usize::from(choice) % 3], PREFIX_LISTS[usize::from(choice / 3) % 4]);
    let xml = with(&internals::sign(idp, &with(""), "_signed", algorithm, prefix_list));
    let keys = idp.trusted_keys();
    let Ok(Some((signed, octets))) = internals::see_signed(xml.as_bytes(), &[1, 1], &keys, &NAMES, &limits) else { return };
    let ample = Limits { document_bytes: 1 << 26, attributes_per_element: 1 << 10, ..limits };
    let again = internals::see(&octets, &NAMES, &ample).expect("canonical form is well-formed");
    // An inclusive form gives its apex the `xml:` attributes of the elements around it, to which a view does not climb.
    let comparable = |mut seen: Seen| {
        seen.attributes.retain(|(namespace, ..)| *namespace != SeenNamespace::of("http://www.w3.org/XML/1998/namespace"));
        seen
    };
    assert_eq!(comparable(again), comparable(signed), "{xml}");
}

/// A genuine message with one stretch replaced: refused, or the genuine login and no other.
///
/// The first four octets say where the stretch starts and how long it is, the others replace it.
pub(crate) fn response(data: &[u8]) {
    const GENUINE: &str = include_str!("../testdata/auth0/cases/a-default-sha256.xml");
    const PEM: &[u8] = include_bytes!("../testdata/auth0/keys/idp-rsa2048.pem");
    let Some((&[a, b, c, d], replacement)) = data.split_first_chunk::<4>() else { return };
    let start = usize::from(u16::from_le_bytes([a, b])) % GENUINE.len();
    let end = (start + usize::from(u16::from_le_bytes([c, d]))).min(GENUINE.len());
    let changed = [&GENUINE.as_bytes()[..start], replacement, &GENUINE.as_bytes()[end..]].concat();

    let idp = IdentityProvider::new("urn:acme-dev.us.auth0.com", TrustedKeys::from_pem(PEM).expect("a certificate"));
    let sp = ServiceProvider::new("urn:example:sp:portal", "https://portal.example.com/saml/acs");
    let verifier = Verifier::new(sp.expect("a service provider"), idp.expect("an identity provider"));
    let now = parse_rfc3339("2025-03-03T10:00:02.468Z").expect("a time");
    let expect = Expect::AnswerTo("_43848dd96f2ec8be2d4c");
    let Ok(verified) = verifier.verify_xml(&changed, expect, now) else { return };
    let login = verified.without_replay_protection();
    assert_eq!(login.name_id().value, "auth0|64f0c2a17d9e4b0012ab34cd");
    assert_eq!(login.attributes().len(), 13);
    assert_eq!(login.assertion_id(), "_ABCpsBWrUmaPeJ0wDCjTS7idhN9BOvTL");
}

/// What is read is at least one key and at most the limit, and each is read again from what it shows.
pub(crate) fn certificate(data: &[u8]) {
    let Ok(keys) = TrustedKeys::from_pem(data) else { return };
    assert!((1..=TrustedKeys::MAXIMUM).contains(&keys.iter().count()));
    for certificate in keys.iter() {
        assert_eq!(certificate.sha256_fingerprint().len(), 95);
        assert!(!certificate.key_type().to_string().is_empty());
    }
}

/// A text has one meaning: without its white space it means the same, and the same octets have one text.
pub(crate) fn base64(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(octets) = decode_post(text, &Limits::DEFAULT) else { return };
    let compact: String = text.split([' ', '\t', '\r', '\n']).collect();
    assert_eq!(decode_post(&compact, &Limits::DEFAULT).as_deref(), Ok(&*octets));
    assert_eq!(compact.len(), octets.len().div_ceil(3) * 4);
}

/// What is read is written so that it is read again as the same instant.
pub(crate) fn time(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(instant) = parse_rfc3339(text) else { return };
    let written = format_rfc3339(instant);
    assert_eq!(parse_rfc3339(&written), Some(instant), "{text} {written}");
}

/// A redirect with one stretch replaced is refused, or says what was signed; of a stream that was signed, it is the whole.
///
/// The first octet chooses: a stretch of the genuine query, of which four octets say where it is; or a compressed message.
pub(crate) fn redirect(data: &[u8]) {
    const XML: &str = "<samlp:LogoutRequest xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol' ID='_1' Version='2.0'/>";
    static IDP: OnceLock<(TestIdp, IdentityProvider, String)> = OnceLock::new();
    let (idp, connection, genuine) = IDP.get_or_init(|| {
        let (key, certificate) =
            (include_str!("../testdata/auth0/keys/idp-ec-p256.key"), include_bytes!("../testdata/auth0/keys/idp-ec-p256.pem"));
        let idp = TestIdp::with_key("urn:idp", key, certificate).expect("a key");
        let connection = IdentityProvider::new("urn:idp", idp.trusted_keys()).expect("an identity provider");
        let genuine = signed_query(&idp, &deflate(XML.as_bytes()));
        (idp, connection, genuine)
    });
    let verify = |query: &str| connection.verify_redirect(query, &Limits::DEFAULT);
    match data {
        [choice, a, b, c, d, replacement @ ..] if choice % 2 == 0 => {
            let start = usize::from(u16::from_le_bytes([*a, *b])) % genuine.len();
            let end = (start + usize::from(u16::from_le_bytes([*c, *d]))).min(genuine.len());
            let Ok(replacement) = std::str::from_utf8(replacement) else { return };
            let Ok(message) = verify(&[&genuine[..start], replacement, &genuine[end..]].concat()) else { return };
            assert_eq!((message.xml(), message.relay_state()), (XML.as_bytes(), Some(&b"r"[..])));
        }
        [_, compressed @ ..] => {
            let mut inflated = Vec::new();
            let end = DeflateDecoder::new(compressed).take(1 << 21).read_to_end(&mut inflated);
            let Ok(message) = verify(&signed_query(idp, compressed)) else { return };
            assert_eq!(end.ok(), Some(inflated.len()));
            assert_eq!(message.xml(), inflated);
            assert!(inflated.len() <= Limits::DEFAULT.document_bytes);
        }
        [] => {}
    }
}

fn deflate(octets: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    DeflateEncoder::new(octets, Compression::default()).read_to_end(&mut stream).expect("in memory");
    stream
}

fn signed_query(idp: &TestIdp, compressed: &[u8]) -> String {
    let escaped = |octets: &[u8]| STANDARD.encode(octets).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let method = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23ecdsa-sha256";
    let octets = format!("SAMLRequest={}&RelayState=r&SigAlg={method}", escaped(compressed));
    let signature = escaped(&internals::sign_octets(idp, octets.as_bytes()));
    format!("{octets}&Signature={signature}")
}
