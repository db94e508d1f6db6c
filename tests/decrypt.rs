//! What is encrypted: every way in which it may be, what must not be taken for it, and that nothing is believed without a signature.

#![cfg(all(feature = "decrypt", feature = "internals", feature = "test-idp"))]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::outside::more;
use common::sealed::{
    CBC, CERTIFICATE, CONTENT_KEY, GCM, KEY, MGF1P, OTHER_CERTIFICATE, OTHER_KEY, Sealed, decrypting, encrypted_key, key,
    plain_assertion, response_with, service, signed_assertion, signed_response_with, verifier_of, verify_with, wrapped,
};
use common::signed::{ACS, IDP, MESSAGE, REQUEST, SP, now};
use common::values::compare;
use common::{cases, conclude, read, read_text, testdata, text, to_base64};
use saml_verify::canonical::Algorithm;
use saml_verify::internals::{decrypt_content, seal, sign, wrap};
use saml_verify::test_idp::{ContentEncryption, EncryptedPart, KeyWrapping, TestIdp, TestResponse};
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    AsyncUnwrapKey, AttributeValue, ContentKey, DecryptionError, DecryptionKey, Departure, Error, ErrorKind, Expect,
    IdentityProvider, Limits, Login, OaepDigest, ReportOutcome, ServiceProvider, SignatureError, SignedPart, TrustedKeys,
    UnwrapFuture, UnwrapKey, UnwrapUnavailable, Verifier, WrappedKey,
};
use serde_json::Value;

// Vectors

/// Where the vectors are: those of the repository, and those from outside if there are any.
fn folders(part: &str) -> impl Iterator<Item = std::path::PathBuf> {
    [testdata(part)].into_iter().chain(more(part))
}

fn departures(case: &Value) -> Vec<Departure> {
    let permissions = case["requires"].as_array().into_iter().flatten().filter_map(Value::as_str);
    permissions
        .flat_map(|permission| match permission {
            "aes_cbc" => vec![Departure::AesCbc, Departure::AesCbcUnderAssertionSignature],
            "sha1" => vec![Departure::Sha1SignatureForLegacyUseOnly, Departure::Sha1DigestForLegacyUseOnly],
            _ => Vec::new(),
        })
        .collect()
}

fn vector(folder: &std::path::Path, case: &Value, departures: &[Departure]) -> Result<Login, Error> {
    let field = |name: &str, other: &str| case[name].as_str().unwrap_or_else(|| text(case, other)).to_owned();
    let key = read_text(&folder.join(field("decryption_key", "sp_key")));
    let sp = ServiceProvider::new(field("sp_entity_id", "audience"), text(case, "acs_url")).expect("a service provider");
    let sp = sp.decrypting_with(DecryptionKey::from_pem(key).expect("a key")).expect("one key");
    let keys = TrustedKeys::from_pem(read(&folder.join(text(case, "idp_cert")))).expect("a certificate");
    let idp = IdentityProvider::new(text(case, "idp_entity_id"), keys).expect("an identity provider");
    let idp = departures.iter().fold(idp, |idp, departure| idp.allow(*departure));
    let skew = Duration::from_secs(case["clock_skew_seconds"].as_u64().unwrap_or(60));
    let verifier = Verifier::new(sp, idp).clock_skew(skew).expect("a skew");
    let expect = case["in_response_to"].as_str().map_or(Expect::Unsolicited, Expect::AnswerTo);
    let now = parse_rfc3339(text(case, "now")).expect("a time");
    let message = read_text(&folder.join(text(case, "b64")));
    let verified = verifier.verify_post(&message, expect, now);
    assert_eq!(verified.as_ref().err(), verifier.explain_post(&message, expect, now).refusal(), "{}", case["id"]);
    verified.map(|verified| verified.without_replay_protection())
}

#[test]
fn encrypted_messages_of_auth0_have_the_verdicts_and_values_of_the_manifest() {
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for folder in folders("auth0") {
        for case in cases(&folder).iter().filter(|case| case["decryption_key"].is_string()) {
            looked_at += 1;
            let requires = |permission: &str| case["requires"].as_array().into_iter().flatten().any(|one| one == permission);
            let refused_by_name = if requires("rsa_1_5") {
                Some("key_transport_refused")
            } else {
                requires("tripledes_cbc").then_some("content_encryption_refused")
            };
            let outcome = vector(&folder, case, &departures(case));
            let judged = match (text(case, "expect"), refused_by_name, outcome) {
                ("accept", None, Ok(login)) => compare(case, &login),
                ("accept", Some(name), Err(error)) if error.code() == name => Ok(()),
                ("reject", None, Err(error)) => match (text(case, "reason"), error.code()) {
                    ("decrypt", "decryption_failed") | ("unsigned", "unsigned") => Ok(()),
                    (reason, code) => Err(format!("{reason}, refused as {code}")),
                },
                (expect, _, outcome) => Err(format!("expected {expect}, got {:?}", outcome.map(|_| ()))),
            };
            wrong.extend(judged.err().map(|complaint| format!("{}: {complaint}", case["id"])));
            // What needs a permission is refused without it.
            if requires("aes_cbc") {
                let error = vector(&folder, case, &[]).expect_err("no permission");
                assert_eq!((error.stage(), error.code()), ("decrypt", "content_encryption_refused"), "{}", case["id"]);
            }
        }
    }
    conclude("encrypted auth0 responses", looked_at, &wrong);
}

#[test]
fn encrypted_attacks_are_refused_whatever_is_allowed() {
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for folder in folders("attacks") {
        for case in cases(&folder).iter().filter(|case| case["sp_key"].is_string()) {
            for departures in [&[][..], &Departure::ALL] {
                looked_at += 1;
                let outcome = vector(&folder, case, departures);
                match (text(case, "expect"), outcome) {
                    ("reject", Err(_)) => {}
                    ("accept", Ok(login)) if login.name_id().value == text(case, "name_id") => {}
                    (expect, outcome) => {
                        wrong.push(format!("{}: expected {expect}, got {:?}", case["id"], outcome.map(|_| ())));
                    }
                }
            }
        }
    }
    conclude("encrypted attacks", looked_at, &wrong);
}

// Every way in which something may be encrypted

fn answered(change: impl FnOnce(TestResponse<'_>) -> TestResponse<'_>) -> String {
    let idp = TestIdp::new(IDP);
    let response = idp.response(SP, ACS, now()).in_response_to(REQUEST).name_id("ada@example.com");
    let response =
        response.authn_context(common::signed::CLASS).attribute("role", ["admin", "author"]).attribute("team", ["red"]);
    change(response.encrypted_for(CERTIFICATE).expect("a certificate")).to_xml()
}

fn assert_is_ada(login: &Login) {
    assert_eq!(login.name_id().value, "ada@example.com");
    let attributes: Vec<_> = login.attributes().iter().map(|one| (one.name(), one.values().count())).collect();
    assert_eq!(attributes, [("role", 2), ("team", 1)]);
    assert!(login.warnings().is_empty(), "{:?}", login.warnings());
}

#[test]
fn every_cipher_and_every_wrapping_is_read() {
    use ContentEncryption::{Aes128Cbc, Aes128Gcm, Aes192Cbc, Aes192Gcm, Aes256Cbc, Aes256Gcm};
    use OaepDigest::{Sha1, Sha256};
    let cbc = decrypting(&[Departure::AesCbc]);
    let strict = decrypting(&[]);
    for cipher in [Aes128Gcm, Aes192Gcm, Aes256Gcm, Aes128Cbc, Aes192Cbc, Aes256Cbc] {
        let xml = answered(|response| response.content_encryption(cipher).signed(SignedPart::Response));
        assert_is_ada(&verify_with(&cbc, &xml).unwrap());
        let is_gcm = matches!(cipher, Aes128Gcm | Aes192Gcm | Aes256Gcm);
        let without = verify_with(&strict, &xml).map_err(|error| error.code());
        assert_eq!(without.err(), (!is_gcm).then_some("content_encryption_refused"), "{cipher:?}");
    }
    for wrapping in [
        KeyWrapping::RsaOaepMgf1p(Sha1),
        KeyWrapping::RsaOaepMgf1p(Sha256),
        KeyWrapping::RsaOaep { digest: Sha1, mask: Sha1 },
        KeyWrapping::RsaOaep { digest: Sha1, mask: Sha256 },
        KeyWrapping::RsaOaep { digest: Sha256, mask: Sha1 },
        KeyWrapping::RsaOaep { digest: Sha256, mask: Sha256 },
    ] {
        let xml = answered(|response| response.key_wrapping(wrapping));
        assert_is_ada(&verify_with(&strict, &xml).unwrap());
        let [seen] = seen_keys(&xml).try_into().expect("one key");
        let (algorithm, digests) = match wrapping {
            KeyWrapping::RsaOaep { digest, mask } => ("http://www.w3.org/2009/xmlenc11#rsa-oaep", (digest, mask)),
            KeyWrapping::RsaOaepMgf1p(digest) => (MGF1P, (digest, Sha1)),
            other => panic!("{other:?}"),
        };
        assert!(xml.contains(&format!("Algorithm=\"{algorithm}\"")), "{wrapping:?}");
        assert_eq!((seen.digest(), seen.mask_digest()), digests, "{wrapping:?}");
    }
}

/// Remembers what it is asked to unwrap.
#[derive(Clone, Default)]
struct Seeing(Arc<Mutex<Vec<WrappedKey>>>);

impl UnwrapKey for Seeing {
    fn unwrap_key(&self, wrapped: &WrappedKey) -> Result<Option<ContentKey>, UnwrapUnavailable> {
        self.0.lock().expect("one thread").push(wrapped.clone());
        key().unwrap_key(wrapped)
    }
}

/// What the holder of the key is given for a message that is a login.
fn seen_keys(xml: &str) -> Vec<WrappedKey> {
    let seeing = Seeing::default();
    let verifier = verifier_of(service().decrypting_with(seeing.clone()).expect("one key"), &[]);
    let verified = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
    assert_eq!(verified.map_err(|error| error.code()).err(), None);
    seeing.0.lock().expect("one thread").clone()
}

/// A client of a KMS needs the octets, the label and both digests, and may go by the recipient.
#[test]
fn the_holder_of_a_key_is_given_all_that_the_message_says_of_it() {
    let octets = wrap(CERTIFICATE, OaepDigest::Sha256, OaepDigest::Sha1, b"label", &CONTENT_KEY, "wrapped").expect("wrapped");
    let method = format!(
        "<e:EncryptionMethod Algorithm=\"{MGF1P}\"><e:OAEPparams>{}</e:OAEPparams><DigestMethod \
         xmlns=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/></e:EncryptionMethod>",
        to_base64(b"label")
    );
    let plain = format!("<e:EncryptionMethod Algorithm=\"{MGF1P}\"/>");
    let keys = encrypted_key(&format!(" Recipient=\"{SP}\""), &octets).replace(&plain, &method);
    let xml = response_with(&Sealed { keys, ..Sealed::new(GCM, signed_assertion("", "")) }.to_string());
    let [seen] = seen_keys(&xml).try_into().expect("one key");
    assert_eq!((seen.octets(), seen.label(), seen.recipient()), (&octets[..], &b"label"[..], Some(SP)));
    assert_eq!((seen.digest(), seen.mask_digest()), (OaepDigest::Sha256, OaepDigest::Sha1));
    assert!(verify_with(&decrypting(&[]), &xml).is_ok());
    // Another label is another key.
    let other = xml.replace(&to_base64(b"label"), &to_base64(b"other"));
    assert_eq!(verify_with(&decrypting(&[]), &other).expect_err("no key").code(), "decryption_failed");

    let plain = response_with(&Sealed::gcm(signed_assertion("", "")));
    let [seen] = seen_keys(&plain).try_into().expect("one key");
    assert_eq!((seen.label(), seen.recipient()), (&b""[..], None));
}

#[test]
fn a_service_shows_how_many_keys_it_has_and_nothing_of_them() {
    let sp = service().decrypting_with(key()).and_then(|sp| sp.decrypting_with(Counting::default())).expect("two keys");
    let shown = format!("{sp:?}");
    assert!(shown.contains("decryption_keys: 2 keys"), "{shown}");
}

/// What benchmarks measure is what a verification does.
#[test]
fn contents_are_decrypted_by_cipher_and_key() {
    let sealed = seal(GCM, &CONTENT_KEY, b"content", "seed").expect("a cipher text");
    assert_eq!(decrypt_content(GCM, &CONTENT_KEY, &sealed), Some((b"content".to_vec(), true)));
    assert_eq!(decrypt_content(GCM, &[8; 32], &sealed), Some((Vec::new(), false)));
    assert_eq!(decrypt_content("urn:x", &CONTENT_KEY, &sealed), None);
}

#[test]
fn every_part_is_read_whatever_is_signed() {
    let verifier = decrypting(&[]);
    let without = verifier_of(service(), &[]);
    for part in [EncryptedPart::Assertion, EncryptedPart::NameId, EncryptedPart::Attributes] {
        for (signed, response, assertion) in
            [(SignedPart::Assertion, false, true), (SignedPart::Response, true, false), (SignedPart::Both, true, true)]
        {
            let xml = answered(|message| message.encrypted_part(part).signed(signed));
            let login = verify_with(&verifier, &xml).unwrap();
            assert_is_ada(&login);
            let elements: Vec<_> = login.signatures().iter().map(|signature| signature.element).collect();
            let expected = [("Response", response), ("Assertion", assertion)].into_iter().filter(|(_, signed)| *signed);
            assert_eq!(elements, expected.map(|(element, _)| element).collect::<Vec<_>>(), "{part:?} {signed:?}");
            assert_eq!(login.response_id().is_some(), response);

            let refused = verify_with(&without, &xml);
            match part {
                EncryptedPart::Assertion => assert_eq!(refused.unwrap_err().code(), "encrypted_assertion"),
                EncryptedPart::NameId => assert_eq!(refused.unwrap_err().code(), "encrypted_id"),
                _ => {
                    let login = refused.unwrap();
                    assert!(login.attributes().is_empty());
                    assert_eq!(login.warnings()[0].code(), "encrypted_attributes");
                }
            }
        }
    }
}

#[test]
fn without_a_key_the_error_says_what_to_do() {
    let error = verify_with(&verifier_of(service(), &[]), &answered(|response| response)).unwrap_err();
    assert_eq!((error.stage(), error.code()), ("structure", "encrypted_assertion"));
    assert!(
        error.remedy().starts_with("give the service's private key (`ServiceProvider::decrypting_with`, `--decryption-key`)")
    );
}

/// An encrypted attribute stands where it stood, between the others.
#[test]
fn decrypted_attributes_stand_in_their_places() {
    const ATTRIBUTE: &str = "<saml:Attribute Name=\"role\"";
    let sealed = |name: &str| {
        let plain = format!("<saml:Attribute Name=\"{name}\"><saml:AttributeValue>v</saml:AttributeValue></saml:Attribute>");
        Sealed { carrier: "EncryptedAttribute", ..Sealed::new(GCM, plain) }.to_string()
    };
    let end = "</saml:AttributeStatement>";
    let assertion = signed_assertion(ATTRIBUTE, &format!("{}{ATTRIBUTE}", sealed("first")));
    let names = |assertion: &str| {
        let login = verify_with(&decrypting(&[]), &response_with(assertion)).unwrap();
        login.attributes().iter().map(|attribute| attribute.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&assertion), ["first", "role"]);
    let both = format!("{}{end}<saml:AttributeStatement>{}{end}", sealed("second"), sealed("third"));
    assert_eq!(names(&signed_assertion(end, &both)), ["role", "second", "third"]);
}

#[test]
fn encrypted_keys_stand_in_either_place() {
    let verifier = decrypting(&[]);
    let sealed = || Sealed::new(GCM, signed_assertion("", ""));
    let wrapped = wrapped(CERTIFICATE, &CONTENT_KEY);
    let named = |id: &str| encrypted_key(&format!(" Id=\"{id}\""), &wrapped);
    let foreign = |id: &str| encrypted_key(&format!(" Id=\"{id}\""), &common::sealed::wrapped(OTHER_CERTIFICATE, &CONTENT_KEY));
    let method = |uri: &str| format!("<d:RetrievalMethod Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\" URI=\"{uri}\"/>");
    for (keys, beside, code) in [
        (sealed().keys, String::new(), None),
        (String::new(), named("_k"), None),
        ("<d:KeyName>us</d:KeyName>".to_owned(), named("_k"), None),
        (method("#_k"), named("_k"), None),
        (method("#_k"), foreign("_other") + &named("_k"), None),
        (String::new(), foreign("_other") + &named("_k"), None),
        (method("#_a") + &method("#_k"), foreign("_a") + &named("_k"), None),
        // What is not pointed at is not tried.
        (method("#_other"), foreign("_other") + &named("_k"), Some("decryption_failed")),
        (String::new(), String::new(), Some("encryption_malformed")),
        (method("#_k"), String::new(), Some("encryption_malformed")),
        (method("#_other"), named("_k"), Some("encryption_malformed")),
        (method("#_k"), named("_k") + &named("_k"), Some("encryption_malformed")),
        (method("#"), named(""), Some("encryption_malformed")),
        (method(""), named("_k"), Some("encryption_malformed")),
        (method("https://idp.example/key"), named("_k"), Some("encryption_malformed")),
        (method("#_k").replace("/>", "><d:Transforms/></d:RetrievalMethod>"), named("_k"), Some("encryption_malformed")),
    ] {
        let xml = response_with(&Sealed { keys: keys.clone(), beside: beside.clone(), ..sealed() }.to_string());
        assert_eq!(verify_with(&verifier, &xml).map_err(|error| error.code()).err(), code, "{keys} {beside}");
    }
    // Without any KeyInfo.
    let xml = response_with(&Sealed { beside: named("_k"), ..sealed() }.to_string());
    let start = xml.find("<d:KeyInfo>").unwrap();
    let end = xml.find("</d:KeyInfo>").unwrap() + "</d:KeyInfo>".len();
    assert!(verify_with(&verifier, &[&xml[..start], &xml[end..]].concat()).is_ok());
}

/// White space in values, DigestMethod under another prefix, certificates beside the key: as products write it.
#[test]
fn what_products_write_otherwise_is_read() {
    let verifier = decrypting(&[]);
    let xml = response_with(&Sealed::gcm(signed_assertion("", "")));
    let broken = xml.replacen("<e:CipherValue>", "<e:CipherValue>\n  ", 2).replace("</e:CipherValue>", "\n</e:CipherValue>");
    let method = format!("<e:EncryptionMethod Algorithm=\"{MGF1P}\"/>");
    let with =
        |inside: &str| xml.replace(&method, &format!("<e:EncryptionMethod Algorithm=\"{MGF1P}\">{inside}</e:EncryptionMethod>"));
    let digest =
        "<DigestMethod xmlns=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/>";
    let prefixed =
        "<ds:DigestMethod xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/>";
    let certificate = xml.replace(
        &method,
        &format!("{method}<d:KeyInfo><d:X509Data><d:X509Certificate>MII</d:X509Certificate></d:X509Data></d:KeyInfo>"),
    );
    let no_type = xml.replace(" Type=\"http://www.w3.org/2001/04/xmlenc#Element\"", "");
    let label = with("<e:OAEPparams></e:OAEPparams>");
    for xml in [&xml, &broken, &with(digest), &with(prefixed), &certificate, &no_type, &label] {
        assert!(verify_with(&verifier, xml).is_ok(), "{xml}");
    }
}

// Nothing is believed without a signature

#[test]
fn what_nobody_signed_is_no_login_whoever_can_decrypt_it() {
    let verifier = decrypting(&[Departure::AesCbc]);
    let unsigned = Sealed::gcm(plain_assertion());
    assert_eq!(verify_with(&verifier, &response_with(&unsigned)).unwrap_err(), SignatureError::Unsigned.into());
    // Twins: the same under a signed Response, and a signed one under an unsigned.
    assert!(verify_with(&verifier, &signed_response_with(&unsigned)).is_ok());
    assert!(verify_with(&verifier, &response_with(&Sealed::gcm(signed_assertion("", "")))).is_ok());
    // A signature inside that does not hold is not made up for by the Response's.
    let changed = signed_assertion("", "").replace("ada@example.com", "eve@example.com");
    for xml in [response_with(&Sealed::gcm(&changed)), signed_response_with(&Sealed::gcm(&changed))] {
        assert_eq!(verify_with(&verifier, &xml).unwrap_err().code(), "digest_mismatch");
    }
    // What was exchanged under a signed Response is not even decrypted.
    let exchanged = signed_response_with(&unsigned).replace(&unsigned, &Sealed::gcm(plain_assertion().replace("ada", "eve")));
    assert_eq!(verify_with(&verifier, &exchanged).unwrap_err().code(), "digest_mismatch");
}

/// Counts how often it is asked.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl UnwrapKey for Counting {
    fn unwrap_key(&self, wrapped: &WrappedKey) -> Result<Option<ContentKey>, UnwrapUnavailable> {
        self.0.fetch_add(1, Ordering::Relaxed);
        key().unwrap_key(wrapped)
    }
}

/// The NameID of the message as it stands there.
fn plain_name() -> String {
    let assertion = plain_assertion();
    let start = assertion.find("<saml:NameID").expect("a name");
    let end = assertion.find("</saml:NameID>").expect("its end") + "</saml:NameID>".len();
    assertion[start..end].to_owned()
}

#[test]
fn no_key_is_used_before_the_message_has_earned_it() {
    let sealed = Sealed::gcm(signed_assertion("", ""));
    let signed = signed_response_with(&sealed);
    let cbc = Sealed::new(CBC, signed_assertion("", "")).to_string();
    let id = Sealed { carrier: "EncryptedID", ..Sealed::new(GCM, "<saml:NameID>ada</saml:NameID>") }.to_string();
    let forged_id = signed_assertion("", "").replace(&plain_name(), &id);
    for (xml, required, code, uses) in [
        (signed.clone(), SignedPart::Either, None, 1),
        (response_with(&sealed), SignedPart::Either, None, 1),
        (response_with(&signed_assertion(&plain_name(), &id)), SignedPart::Either, None, 1),
        (signed.replace("_request\"", "_other\""), SignedPart::Either, Some("digest_mismatch"), 0),
        (response_with(&sealed), SignedPart::Response, Some("required_signature_missing"), 0),
        (response_with(&sealed), SignedPart::Both, Some("required_signature_missing"), 0),
        (signed_response_with(&cbc), SignedPart::Either, Some("content_encryption_refused"), 0),
        (signed.replace("status:Success", "status:Responder"), SignedPart::Either, Some("digest_mismatch"), 0),
        (response_with(&sealed).replace("status:Success", "status:Responder"), SignedPart::Either, Some("status_not_success"), 0),
        (response_with(&forged_id), SignedPart::Either, Some("digest_mismatch"), 0),
        (response_with(&plain_assertion().replace(&plain_name(), &id)), SignedPart::Either, Some("unsigned"), 0),
        (response_with(&signed_assertion("", "")), SignedPart::Either, None, 0),
    ] {
        let counting = Counting::default();
        let verifier = verifier_of(service().decrypting_with(counting.clone()).unwrap(), &[]).require_signed(required);
        let outcome = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
        assert_eq!(outcome.map_err(|error| error.code()).err(), code, "{xml}");
        assert_eq!(counting.0.load(Ordering::Relaxed), uses, "{code:?}");
    }
}

#[test]
fn cbc_needs_a_signature_around_it_or_a_louder_word() {
    let inside = Sealed::new(CBC, signed_assertion("", "")).to_string();
    let cbc = [Departure::AesCbc];
    let both = [Departure::AesCbc, Departure::AesCbcUnderAssertionSignature];
    let louder = [Departure::AesCbcUnderAssertionSignature];
    for (xml, departures, code) in [
        (response_with(&inside), &[][..], Some("content_encryption_refused")),
        (response_with(&inside), &louder, Some("content_encryption_refused")),
        (response_with(&inside), &cbc, Some("cbc_uncovered")),
        (response_with(&inside), &both, None),
        (signed_response_with(&inside), &cbc, None),
        (signed_response_with(&inside), &louder, Some("content_encryption_refused")),
    ] {
        let outcome = verify_with(&decrypting(departures), &xml);
        assert_eq!(outcome.map_err(|error| error.code()).err(), code, "{departures:?}");
    }
    // An EncryptedID stands under the signature of the Assertion.
    let id = Sealed { carrier: "EncryptedID", ..Sealed::new(CBC, "<saml:NameID>ada</saml:NameID>") }.to_string();
    let name = "<saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\" NameQualifier=\"urn:qualifier\" \
                SPNameQualifier=\"urn:sp-qualifier\" SPProvidedID=\"provided\">ada@example.com</saml:NameID>";
    let xml = response_with(&signed_assertion(name, &id));
    assert!(verify_with(&decrypting(&cbc), &xml).is_ok());
    assert_eq!(verify_with(&decrypting(&[]), &xml).unwrap_err().code(), "content_encryption_refused");
}

// What must not be taken for an assertion

/// Under a signed Response, so that nothing but the plaintext stands in its way; each is one change away from what is taken.
#[test]
fn only_one_assertion_is_a_plaintext() {
    let verifier = decrypting(&[]);
    let assertion = plain_assertion();
    let inner = Sealed::gcm(&assertion);
    for plaintext in [assertion.clone(), format!(" \n{assertion}\t"), format!("<!-- c -->{assertion}")] {
        assert!(verify_with(&verifier, &signed_response_with(&Sealed::gcm(&plaintext))).is_ok(), "{plaintext}");
    }
    for plaintext in [
        String::new(),
        " ".to_owned(),
        "text".to_owned(),
        format!("{assertion}{assertion}"),
        format!("{assertion}{}", assertion.replace("ada", "eve")),
        format!("text{assertion}"),
        format!("{assertion}text"),
        format!("<?x y?>{assertion}"),
        format!("<?xml version=\"1.0\"?>{assertion}"),
        format!("<!DOCTYPE x>{assertion}"),
        format!("\u{FEFF}{assertion}"),
        format!("{assertion}\u{0}"),
        // Content that closes its parent, and opens another.
        format!("</place>{assertion}<place>"),
        format!("{assertion}</place><place>"),
        format!("{assertion}</place>"),
        format!("<place>{assertion}"),
        format!("</saml:EncryptedAssertion>{assertion}<saml:EncryptedAssertion>"),
        format!("{assertion}</place><!--"),
        format!("{assertion}</place><?x "),
        format!("{assertion}<![CDATA["),
        // Something else, or something around it.
        assertion.replace("saml:Assertion", "saml:Advice"),
        assertion.replace("saml:Assertion", "samlp:Assertion"),
        assertion.replace("saml:Assertion", "saml:assertion"),
        format!("<saml:Advice>{assertion}</saml:Advice>"),
        format!("<samlp:Response>{assertion}</samlp:Response>"),
        "<saml:NameID>ada</saml:NameID>".to_owned(),
        // Encrypted again.
        inner.clone(),
        inner.replace("<saml:EncryptedAssertion>", "").replace("</saml:EncryptedAssertion>", ""),
        // Not well-formed.
        assertion.replace("</saml:Subject>", ""),
        assertion.replace("<saml:Subject>", "<saml:Subject><!-->-->"),
        assertion[..assertion.len() - 1].to_owned(),
    ] {
        let xml = signed_response_with(&Sealed::gcm(&plaintext));
        assert_eq!(verify_with(&verifier, &xml).err(), Some(DecryptionError::Failed.into()), "{plaintext}");
    }
    let not_utf8 = [assertion.as_bytes(), b"\xFF"].concat();
    let xml = signed_response_with(&Sealed::gcm(not_utf8));
    assert_eq!(verify_with(&verifier, &xml).err(), Some(DecryptionError::Failed.into()));
}

/// What stands around the cipher text decides nothing that was not signed.
#[test]
fn namespaces_come_from_what_was_signed_and_from_nowhere_else() {
    let verifier = decrypting(&[]);
    // The Response declares `xsi` and `foreign`, and uses neither: exclusive canonicalization digests neither.
    let uses_xsi = plain_assertion().replace("<saml:AttributeValue>admin", "<saml:AttributeValue xsi:nil=\"false\">admin");
    let refused = verify_with(&verifier, &signed_response_with(&Sealed::gcm(&uses_xsi)));
    assert_eq!(refused.err(), Some(DecryptionError::Failed.into()));
    let declared =
        uses_xsi.replace("<saml:Assertion ", "<saml:Assertion xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ");
    assert!(verify_with(&verifier, &signed_response_with(&Sealed::gcm(declared))).is_ok());

    // Where an attribute of the Response uses the prefix, its declaration is signed.
    let plain = response_with(&Sealed::gcm(&uses_xsi)).replacen(" ID=", " xsi:used=\"\" ID=", 1);
    let signature = sign(&TestIdp::new(IDP), &plain, "_response", Algorithm::Exclusive10, "");
    let signed = plain.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
    assert!(verify_with(&verifier, &signed).is_ok());

    // An unsigned declaration cannot turn what a reader passes over into what it reads.
    let hidden =
        plain_assertion().replace("<saml:Attribute ", "<foreign:Attribute ").replace("</saml:Attribute>", "</foreign:Attribute>");
    let xml = signed_response_with(&Sealed::gcm(&hidden));
    let captured = xml.replace("xmlns:foreign=\"urn:foreign\"", "xmlns:foreign=\"urn:oasis:names:tc:SAML:2.0:assertion\"");
    for xml in [xml, captured] {
        assert_eq!(verify_with(&verifier, &xml).err(), Some(DecryptionError::Failed.into()));
    }

    // Under a signature of its own, what the Assertion uses was digested: wherever it was declared.
    let signed = signed_assertion("<saml:AttributeValue>admin", "<saml:AttributeValue xsi:nil=\"false\">admin");
    let xml = response_with(&Sealed::gcm(signed));
    assert!(verify_with(&verifier, &xml).is_ok());
    let other = xml.replace("xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"", "xmlns:xsi=\"urn:other\"");
    assert_eq!(verify_with(&verifier, &other).unwrap_err().code(), "digest_mismatch");
    let missing = xml.replace(" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"", "");
    assert_eq!(verify_with(&verifier, &missing).err(), Some(DecryptionError::Failed.into()));
}

#[test]
fn nested_parts_see_the_namespaces_of_their_place() {
    let verifier = decrypting(&[]);
    let name = "<saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\" NameQualifier=\"urn:qualifier\" \
                SPNameQualifier=\"urn:sp-qualifier\" SPProvidedID=\"provided\">ada@example.com</saml:NameID>";
    let id = |plaintext: &str| Sealed { carrier: "EncryptedID", ..Sealed::new(GCM, plaintext) }.to_string();
    let with = |plaintext: &str| signed_assertion(name, &id(plaintext));
    for (plaintext, accepted) in [
        ("<saml:NameID>bob</saml:NameID>", true),
        ("<NameID xmlns='urn:oasis:names:tc:SAML:2.0:assertion'>bob</NameID>", true),
        // Declared by the Response, which this signature does not cover.
        ("<foreign:NameID>bob</foreign:NameID>", false),
        ("<saml:NameID samlp:x=''>bob</saml:NameID>", false),
        ("<saml:BaseID>bob</saml:BaseID>", false),
        ("<saml:Assertion>bob</saml:Assertion>", false),
    ] {
        let plain = response_with(&with(plaintext));
        let twice = response_with(&Sealed::gcm(with(plaintext)));
        let twice_signed = signed_response_with(&Sealed::gcm(with(plaintext)));
        for xml in [plain, twice, twice_signed] {
            let outcome = verify_with(&verifier, &xml).map(|login| login.name_id().value.clone());
            let expected = if accepted { Ok("bob".to_owned()) } else { Err(DecryptionError::Failed.into()) };
            assert_eq!(outcome, expected, "{plaintext}");
        }
    }
    // In an Assertion that only the Response vouches for, twice encrypted.
    let declaring = plain_assertion().replacen("<saml:Assertion ", "<saml:Assertion xmlns:own=\"urn:own\" ", 1);
    for (plaintext, accepted) in [
        ("<saml:NameID>bob</saml:NameID>", true),
        // The Response uses this prefix, so that its declaration is signed.
        ("<saml:NameID samlp:x=''>bob</saml:NameID>", true),
        // The Assertion declares this one, and does not use it.
        ("<saml:NameID own:x=''>bob</saml:NameID>", false),
    ] {
        let unsigned = declaring.replace(name, &id(plaintext));
        let outcome = verify_with(&verifier, &signed_response_with(&Sealed::gcm(unsigned)));
        assert_eq!(outcome.err(), if accepted { None } else { Some(DecryptionError::Failed.into()) }, "{plaintext}");
    }
}

#[test]
fn encrypted_and_plain_side_by_side_are_two_assertions() {
    let verifier = decrypting(&[]);
    let (plain, sealed) = (signed_assertion("", ""), Sealed::gcm(signed_assertion("", "")));
    for content in [format!("{plain}{sealed}"), format!("{sealed}{plain}"), format!("{sealed}{sealed}")] {
        for xml in [response_with(&content), signed_response_with(&content)] {
            assert_eq!(verify_with(&verifier, &xml).unwrap_err().code(), "several_assertions");
        }
    }
    // Inside of one EncryptedAssertion.
    let data = |xml: &str| xml.replace("<saml:EncryptedAssertion>", "").replace("</saml:EncryptedAssertion>", "");
    let two = format!("<saml:EncryptedAssertion>{}{}</saml:EncryptedAssertion>", data(&sealed), data(&sealed));
    assert_eq!(verify_with(&verifier, &response_with(&two)).unwrap_err().code(), "encryption_malformed");
}

#[test]
fn what_is_not_within_the_profile_is_named() {
    let verifier = decrypting(&[]);
    let xml = response_with(&Sealed::gcm(signed_assertion("", "")));
    assert!(verify_with(&verifier, &xml).is_ok());
    let (data, value) = ("<e:CipherData><e:CipherValue>", "</e:CipherValue></e:CipherData></e:EncryptedData>");
    let content = format!("<e:EncryptionMethod Algorithm=\"{GCM}\"/>");
    let transport = format!("<e:EncryptionMethod Algorithm=\"{MGF1P}\"/>");
    let reference = "<e:CipherData><e:CipherReference URI=\"https://evil.example/\"/></e:CipherData></e:EncryptedData>";
    let start = xml.rfind(data).unwrap();
    let end = xml.find(value).unwrap() + value.len();
    let referenced = [&xml[..start], reference, &xml[end..]].concat();
    let both = xml.replace(value, "</e:CipherValue><e:CipherReference URI=\"#x\"/></e:CipherData></e:EncryptedData>");
    assert_eq!(verify_with(&verifier, &referenced).err(), Some(DecryptionError::CipherReference.into()));
    assert_eq!(verify_with(&verifier, &both).err(), Some(DecryptionError::CipherReference.into()));
    for (from, to, code) in [
        ("#Element\"", "#Content\"", "encryption_malformed"),
        (&*content, "", "encryption_malformed"),
        (&transport, "", "encryption_malformed"),
        (&content, &content.repeat(2), "encryption_malformed"),
        (
            &content,
            "<e:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#tripledes-cbc\"/>",
            "content_encryption_refused",
        ),
        (&content, "<e:EncryptionMethod/>", "content_encryption_refused"),
        (&transport, "<e:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-1_5\"/>", "key_transport_refused"),
        (&transport, "<e:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#kw-aes256\"/>", "key_transport_refused"),
        ("<d:KeyInfo>", "text<d:KeyInfo>", "encryption_malformed"),
        (value, "!</e:CipherValue></e:CipherData></e:EncryptedData>", "encryption_malformed"),
        (value, "<x/></e:CipherValue></e:CipherData></e:EncryptedData>", "encryption_malformed"),
    ] {
        assert!(xml.contains(from), "{from}");
        let error = verify_with(&verifier, &xml.replacen(from, to, 1)).unwrap_err();
        assert_eq!((error.stage(), error.code()), ("decrypt", code), "{from} -> {to}");
    }
    let weak = xml.replace(&content, "<e:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#tripledes-cbc\"/>");
    assert!(
        verify_with(&verifier, &weak).unwrap_err().message().ends_with("xmlenc#tripledes-cbc\" is too weak for any connection")
    );
    // A cipher text that is too short for its tag, as everybody can see.
    let sealed = Sealed { octets: vec![0; 27], ..Sealed::new(GCM, "") }.to_string();
    assert_eq!(verify_with(&verifier, &response_with(&sealed)).unwrap_err().code(), "encryption_malformed");
}

/// GCM with less than its tag, and with the tag of another key or another message.
#[test]
fn tags_are_whole() {
    let verifier = decrypting(&[]);
    let sealed = Sealed::new(GCM, signed_assertion("", ""));
    for cut in [1, 4, 8, 12, 15, 16] {
        let octets = sealed.octets[..sealed.octets.len() - cut].to_vec();
        let xml = response_with(&Sealed { octets, ..sealed.clone() }.to_string());
        assert_eq!(verify_with(&verifier, &xml).err(), Some(DecryptionError::Failed.into()), "{cut}");
    }
    let mut more = sealed.octets.clone();
    more.push(0);
    let xml = response_with(&Sealed { octets: more, ..sealed }.to_string());
    assert_eq!(verify_with(&verifier, &xml).err(), Some(DecryptionError::Failed.into()));
}

// Keys

#[test]
fn several_keys_are_tried_and_which_fits_is_not_told() {
    let both = |first: &str, second: &str| {
        let sp = service().decrypting_with(DecryptionKey::from_pem(first).unwrap()).unwrap();
        verifier_of(sp.decrypting_with(DecryptionKey::from_pem(second).unwrap()).unwrap(), &[])
    };
    let xml = response_with(&Sealed::gcm(signed_assertion("", "")));
    for (first, second) in [(KEY, OTHER_KEY), (OTHER_KEY, KEY), (KEY, KEY)] {
        assert!(verify_with(&both(first, second), &xml).is_ok());
    }
    let other = verifier_of(service().decrypting_with(DecryptionKey::from_pem(OTHER_KEY).unwrap()).unwrap(), &[]);
    let error = verify_with(&other, &xml).unwrap_err();
    assert_eq!(error, DecryptionError::Failed.into());
    assert!(error.remedy().contains("`saml-verify inspect`"));
    // All of them are used, whichever fits.
    let [first, second] = [Counting::default(), Counting::default()];
    let sp = service().decrypting_with(first.clone()).unwrap().decrypting_with(second.clone()).unwrap();
    let used = |counting: &Counting| counting.0.load(Ordering::Relaxed);
    let verifier = verifier_of(sp, &[]);
    assert!(verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now()).is_ok());
    assert_eq!((used(&first), used(&second)), (1, 1));
    let full = (0..ServiceProvider::MOST_DECRYPTION_KEYS).fold(service(), |sp, _| sp.decrypting_with(key()).unwrap());
    let refused = full.decrypting_with(key()).unwrap_err();
    assert_eq!(
        (refused.code(), refused.to_string().as_str()),
        ("too_many_decryption_keys", "more than 4 private keys to decrypt with")
    );
}

#[test]
fn of_several_recipients_the_message_says_which_key_is_ours() {
    let recipient = |name: &str, certificate: &str| {
        let attribute = if name.is_empty() { String::new() } else { format!(" Recipient=\"{name}\"") };
        encrypted_key(&attribute, &wrapped(certificate, &CONTENT_KEY))
    };
    let (ours, theirs) = (CERTIFICATE, OTHER_CERTIFICATE);
    let counting = Counting::default();
    let verifier = verifier_of(service().decrypting_with(counting.clone()).unwrap(), &[]);
    let sealed = Sealed::new(GCM, signed_assertion("", ""));
    for (keys, uses, code) in [
        (recipient("urn:other", theirs) + &recipient(SP, ours), 1, None),
        (recipient(SP, ours) + &recipient("urn:other", theirs), 1, None),
        (recipient("urn:other", theirs) + &recipient("", ours), 2, None),
        // A hint that is wrong hinders nobody, where no other is right.
        (recipient("urn:other", ours), 1, None),
        (recipient(SP, theirs) + &recipient("urn:other", ours), 1, Some("decryption_failed")),
        (recipient("", theirs).repeat(15) + &recipient("", ours), 16, None),
        (recipient("", ours).repeat(17), 0, Some("too_many_encrypted_keys")),
        (recipient("urn:other", theirs).repeat(20) + &recipient(SP, ours), 1, None),
    ] {
        counting.0.store(0, Ordering::Relaxed);
        let xml = response_with(&Sealed { keys: keys.clone(), ..sealed.clone() }.to_string());
        let outcome = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
        assert_eq!(outcome.map_err(|error| error.code()).err(), code, "{keys}");
        assert_eq!(counting.0.load(Ordering::Relaxed), uses, "{keys}");
    }
}

/// A value of elements may be as long as its message allows, not as its plaintext does: other values stand before it.
#[test]
fn a_structured_value_is_read_behind_whatever_stands_before_it() {
    let verifier = decrypting(&[]);
    let plaintext = "<saml:Attribute Name=\"address\"><saml:AttributeValue><a:street xmlns:a=\"urn:a\">x</a:street></saml:AttributeValue>\
                     </saml:Attribute>";
    let sealed = Sealed { carrier: "EncryptedAttribute", ..Sealed::new(GCM, plaintext) }.to_string();
    let end = "</saml:AttributeStatement>";
    let groups = |count: usize| {
        let values = "<saml:AttributeValue>a group with a name</saml:AttributeValue>".repeat(count);
        format!("<saml:Attribute Name=\"groups\">{values}</saml:Attribute>{sealed}{end}")
    };
    for count in [1, 5_000] {
        let assertion = signed_assertion(end, &groups(count));
        for xml in [response_with(&assertion), response_with(&Sealed::gcm(&assertion))] {
            let login = verify_with(&verifier, &xml).map_err(|error| error.to_string()).expect("a login");
            let address = login.attributes().iter().find(|attribute| attribute.name() == "address").expect("an address");
            let values: Vec<_> = address.values().collect();
            assert_eq!(values, [AttributeValue::Xml("<a:street xmlns:a=\"urn:a\">x</a:street>")], "{count}");
        }
    }
}

/// What was not decrypted is one failure: that it cannot be read is not told as if no key had been given.
#[test]
fn an_explanation_tells_a_name_that_was_not_decrypted_once() {
    let verifier = decrypting(&[]);
    let start = MESSAGE.find("<saml:NameID ").expect("a name");
    let end = MESSAGE.find("</saml:NameID>").expect("its end") + "</saml:NameID>".len();
    let sealed = Sealed { carrier: "EncryptedID", ..Sealed::new(GCM, "<saml:NameID>bob</saml:NameID>") };
    let with = |sealed: &Sealed| signed_assertion(&MESSAGE[start..end], &sealed.to_string());
    let lost = Sealed { keys: encrypted_key("", &wrapped(OTHER_CERTIFICATE, &CONTENT_KEY)), ..sealed.clone() };
    let forged = with(&sealed).replace("urn:qualifier", "urn:other").replace("FriendlyName=\"Role\"", "FriendlyName=\"role\"");
    for (assertion, failures) in
        [(with(&sealed), &[][..]), (with(&lost), &["F4 decryption_failed"]), (forged, &["D15 digest_mismatch"])]
    {
        for xml in [response_with(&assertion), response_with(&Sealed::gcm(&assertion))] {
            let report = verifier.explain_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
            let failed = report.rows().iter().filter_map(|row| match &row.outcome {
                ReportOutcome::Fail(error) if row.id != "D1" => Some(format!("{} {}", row.id, error.code())),
                _ => None,
            });
            assert_eq!(failed.collect::<Vec<_>>(), failures, "{xml}");
        }
    }
    // Without any key it is the first failure, and says what to do.
    let report =
        verifier_of(service(), &[]).explain_xml(response_with(&with(&sealed)).as_bytes(), Expect::AnswerTo(REQUEST), now());
    assert_eq!(report.refusal().map(Error::code), Some("encrypted_id"));
}

/// Every key of ours is used on every EncryptedKey: the uses are bounded, not the one or the other.
#[test]
fn uses_of_several_keys_count_together() {
    let [first, second] = [Counting::default(), Counting::default()];
    let service = service().decrypting_with(first.clone()).unwrap().decrypting_with(second.clone()).unwrap();
    let verifier = verifier_of(service, &[]);
    let key = encrypted_key("", &wrapped(CERTIFICATE, &CONTENT_KEY));
    for (keys, uses, refusal) in [(8, 8, None), (9, 0, Some(DecryptionError::TooManyKeys { uses: 18, most: 16 }))] {
        for counting in [&first, &second] {
            counting.0.store(0, Ordering::Relaxed);
        }
        let xml = response_with(&Sealed { keys: key.repeat(keys), ..Sealed::new(GCM, signed_assertion("", "")) }.to_string());
        let outcome = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
        assert_eq!(outcome.err(), refusal.map(Error::from));
        assert_eq!([&first, &second].map(|counting| counting.0.load(Ordering::Relaxed)), [uses; 2]);
    }
}

/// What many encrypted attributes may cost, once the message is believed.
#[test]
fn uses_of_a_key_are_bounded_over_the_whole_message() {
    let end = "</saml:AttributeStatement>";
    let plain = "<saml:Attribute Name=\"a\"/>";
    let sealed = Sealed { carrier: "EncryptedAttribute", ..Sealed::new(GCM, plain) }.to_string();
    let counting = Counting::default();
    let verifier = verifier_of(service().decrypting_with(counting.clone()).unwrap(), &[]);
    for (attributes, accepted) in [(64, true), (65, false)] {
        counting.0.store(0, Ordering::Relaxed);
        let xml = response_with(&signed_assertion(end, &format!("{}{end}", sealed.repeat(attributes))));
        let outcome = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
        let expected = (!accepted).then_some(Error::from(DecryptionError::TooManyKeys { uses: 1, most: 0 }));
        assert_eq!(outcome.err(), expected);
        assert_eq!(counting.0.load(Ordering::Relaxed), 64);
    }
}

/// Two keys for one cipher text: the one that opens it counts, whatever else comes out.
#[test]
fn a_key_of_another_length_is_no_key() {
    let verifier = decrypting(&[]);
    let short = encrypted_key("", &wrapped(CERTIFICATE, &[7; 16]));
    let long = encrypted_key("", &wrapped(CERTIFICATE, &CONTENT_KEY));
    let wrong = encrypted_key("", &wrapped(CERTIFICATE, &[8; 32]));
    let sealed = Sealed::new(GCM, signed_assertion("", ""));
    for (keys, accepted) in [
        (short.clone() + &long, true),
        (long.clone() + &short, true),
        (short, false),
        (wrong.clone() + &long, true),
        (wrong.clone(), false),
        (long + &wrong, true),
    ] {
        let xml = response_with(&Sealed { keys: keys.clone(), ..sealed.clone() }.to_string());
        assert_eq!(verify_with(&verifier, &xml).is_ok(), accepted, "{keys}");
    }
}

// What holds the key elsewhere

/// A KMS: it answers later, or not at all.
struct Kms {
    key: DecryptionKey,
    out_of_order: bool,
}

impl AsyncUnwrapKey for Kms {
    fn unwrap_key<'a>(&'a self, wrapped: &'a WrappedKey) -> UnwrapFuture<'a> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if self.out_of_order {
                return Err("no route to the KMS".into());
            }
            self.key.unwrap_key(wrapped)
        })
    }
}

fn waited<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

#[test]
fn a_kms_is_waited_for() {
    let verifier = verifier_of(service(), &[]);
    let kms = |pem: &str, out_of_order| Kms { key: DecryptionKey::from_pem(pem).unwrap(), out_of_order };
    let verify = |xml: &str, kms: &Kms| {
        let field = common::to_base64(xml.as_bytes());
        let verified = waited(verifier.verify_post_async(&field, Expect::AnswerTo(REQUEST), now(), kms));
        verified.map(|verified| verified.without_replay_protection())
    };
    for xml in [
        answered(|response| response),
        answered(|response| response.encrypted_part(EncryptedPart::NameId)),
        answered(|response| response.encrypted_part(EncryptedPart::Attributes).signed(SignedPart::Response)),
    ] {
        assert_is_ada(&verify(&xml, &kms(KEY, false)).unwrap());
        assert_eq!(verify(&xml, &kms(OTHER_KEY, false)).unwrap_err(), DecryptionError::Failed.into());
        let error = verify(&xml, &kms(KEY, true)).unwrap_err();
        assert_eq!((error.stage(), error.code()), ("decrypt", "decryption_key_unavailable"));
        assert_eq!((error.kind(), error.kind().http_status()), (ErrorKind::KeyUnavailable, 503));
        assert_eq!(std::error::Error::source(&error).map(ToString::to_string).as_deref(), Some("no route to the KMS"));
    }
    // What is not encrypted needs no KMS.
    let plain = response_with(&signed_assertion("", ""));
    assert!(verify(&plain, &kms(KEY, true)).is_ok());
    assert_eq!(verify(&response_with(&plain_assertion()), &kms(KEY, true)).unwrap_err(), SignatureError::Unsigned.into());
    // A future of it can be sent between threads.
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    let kms = kms(KEY, false);
    drop(sendable(verifier.verify_post_async("", Expect::Unsolicited, now(), &kms)));
    // Beside a key of the service's own, for a change from one to the other.
    let both = decrypting(&[]);
    let xml = answered(|response| response);
    assert!(waited(both.verify_xml_async(xml.as_bytes(), Expect::AnswerTo(REQUEST), now(), &kms)).is_ok());
}

// Bounds

/// What is decrypted counts with what it came in.
#[test]
fn a_plaintext_meets_the_limits_of_its_message() {
    let sealed = signed_response_with(&Sealed::gcm(plain_assertion()));
    let outcome = |limits: Limits| verify_with(&decrypting(&[]).limits(limits), &sealed).map_err(|error| error.code()).err();
    let nodes = (1..300).find(|&nodes| outcome(Limits { nodes, ..Limits::DEFAULT }).is_none()).unwrap();
    let outer = (1..300).find(|&nodes| outcome(Limits { nodes, ..Limits::DEFAULT }) != Some("limit_exceeded")).unwrap();
    // 62 elements and texts of the Assertion.
    assert!(nodes > outer + 20, "{nodes} {outer}");
    let depth = (1..20).find(|&depth| outcome(Limits { depth, ..Limits::DEFAULT }).is_none()).unwrap();
    // Response, EncryptedAssertion, Assertion, AttributeStatement or Subject, and two below.
    let plain = signed_response_with(&plain_assertion());
    let attributes = |xml: &str| {
        let accepts = |attributes| verify_with(&decrypting(&[]).limits(Limits { attributes, ..Limits::DEFAULT }), xml).is_ok();
        (1..300).find(|&attributes| accepts(attributes)).unwrap()
    };
    // Those of the Response and of the Assertion, and those around the cipher text.
    assert!(attributes(&sealed) > attributes(&plain), "{} {}", attributes(&sealed), attributes(&plain));
    let plain_depth = (1..20).find(|&depth| {
        let verifier = decrypting(&[]).limits(Limits { depth, ..Limits::DEFAULT });
        verify_with(&verifier, &plain).is_ok()
    });
    let outer_depth = 7; // down to the CipherValue of the EncryptedKey
    assert_eq!(depth, (plain_depth.unwrap() + 1).max(outer_depth));
    // The same where the deepest element is in the plaintext: it stands one level below its place in a plain message.
    let deepest = |response: &dyn Fn(&str) -> String| {
        let limits = Limits { depth: 20, ..Limits::DEFAULT };
        let nested = |levels| "<x>".repeat(levels) + &"</x>".repeat(levels);
        let assertion = |levels| {
            plain_assertion().replacen("<saml:AttributeValue>admin", &format!("<saml:AttributeValue>{}", nested(levels)), 1)
        };
        let is_accepted = |&levels: &usize| verify_with(&decrypting(&[]).limits(limits), &response(&assertion(levels))).is_ok();
        (1..30).take_while(is_accepted).last().expect("some levels")
    };
    let (plain, sealed) = (deepest(&signed_response_with), deepest(&|plaintext| signed_response_with(&Sealed::gcm(plaintext))));
    assert_eq!((plain, sealed), (15, 14));
}

/// Places in a plaintext are counted from where it begins: whoever decrypts it finds them.
#[test]
fn a_place_in_a_plaintext_is_one_of_the_plaintext() {
    let twice =
        signed_assertion("", "").replace("<saml:AttributeValue>admin", "<saml:AttributeValue>\n<x ID=\"_assertion\"/>admin");
    let error = verify_with(&decrypting(&[]), &response_with(&Sealed::gcm(&twice))).expect_err("two of one ID");
    let place = twice.find("ID=\"_assertion\"/>").expect("the second");
    assert_eq!(
        error.message(),
        format!("the identifier \"_assertion\" occurs more than once in the document, again at line 2, column 4 (byte {place})")
    );
}

#[test]
fn a_response_without_issuer_holds_no_encrypted_assertion() {
    let xml = response_with(&Sealed::gcm(signed_assertion("", "")));
    let without = xml.replacen("<saml:Issuer>urn:test:idp</saml:Issuer>", "", 1);
    let error = verify_with(&decrypting(&[]), &without).unwrap_err();
    assert_eq!((error.stage(), error.code()), ("constraint", "issuer_missing"));
    // Plain, it may be so, also with a name that is encrypted.
    let id = Sealed { carrier: "EncryptedID", ..Sealed::new(GCM, "<saml:NameID>ada</saml:NameID>") }.to_string();
    for assertion in [signed_assertion("", ""), signed_assertion(&plain_name(), &id)] {
        let plain = response_with(&assertion).replacen("<saml:Issuer>urn:test:idp</saml:Issuer>", "", 1);
        assert_eq!(verify_with(&decrypting(&[]), &plain).err(), None);
    }
}

// Two of everything

/// What the connection allows is what the identity provider of the message is allowed, first or second.
#[test]
fn the_departures_for_a_cipher_are_those_of_the_identity_provider_that_answers() {
    let idp = |entity_id: &str, lax: bool| {
        let idp = IdentityProvider::new(entity_id, TestIdp::new(entity_id).trusted_keys()).expect("an identity provider");
        if lax { idp.allow(Departure::AesCbc) } else { idp }
    };
    let message = signed_response_with(&Sealed::new(CBC, signed_assertion("", "")).to_string());
    for first in [true, false] {
        for (ours, other) in [(true, false), (false, true), (true, true), (false, false)] {
            let pair = if first { [idp(IDP, ours), idp("urn:other", other)] } else { [idp("urn:other", other), idp(IDP, ours)] };
            let [one, two] = pair;
            let verifier = Verifier::new(service().decrypting_with(key()).expect("a key"), one);
            let verifier = common::signed::strict(verifier.with_identity_provider(two).expect("another"));
            let outcome = verify_with(&verifier, &message).map(|login| login.user_id().to_owned()).map_err(|error| error.code());
            let expected = if ours { Ok("ada@example.com".to_owned()) } else { Err("content_encryption_refused") };
            assert_eq!(outcome, expected, "{first} {ours} {other}");
        }
    }
}

/// Of a name in the clear and one that is encrypted nobody could say which is the user's.
#[test]
fn a_name_stands_once_encrypted_or_not() {
    let name = "<saml:NameID>eve</saml:NameID>";
    let start = MESSAGE.find("<saml:NameID ").expect("a name");
    let end = MESSAGE.find("</saml:NameID>").expect("its end") + "</saml:NameID>".len();
    let sealed = Sealed { carrier: "EncryptedID", ..Sealed::new(GCM, "<saml:NameID>ada</saml:NameID>") }.to_string();
    let outcome = |names: &str| {
        let xml = response_with(&signed_assertion(&MESSAGE[start..end], names));
        verify_with(&decrypting(&[]), &xml).map(|login| login.user_id().to_owned()).map_err(|error| error.code())
    };
    assert_eq!(outcome(name), Ok("eve".to_owned()));
    assert_eq!(outcome(&sealed), Ok("ada".to_owned()));
    assert_eq!(outcome(&format!("{sealed}{name}")), Err("unexpected_element"));
    assert_eq!(outcome(&format!("{name}{sealed}")), Err("unexpected_element"));
    assert_eq!(outcome(&sealed.repeat(2)), Err("unexpected_element"));
}

/// Each of our keys is used on each cipher text, and every use counts.
#[test]
fn uses_count_for_every_key_of_ours() {
    let end = "</saml:AttributeStatement>";
    let sealed = Sealed { carrier: "EncryptedAttribute", ..Sealed::new(GCM, "<saml:Attribute Name=\"a\"/>") }.to_string();
    for (ours, most) in [(1, 64), (2, 32), (4, 16)] {
        let counting = Counting::default();
        let sp = (0..ours).fold(service(), |sp, _| sp.decrypting_with(counting.clone()).expect("few keys"));
        let verifier = verifier_of(sp, &[]);
        for (attributes, accepted) in [(most, true), (most + 1, false)] {
            counting.0.store(0, Ordering::Relaxed);
            let xml = response_with(&signed_assertion(end, &format!("{}{end}", sealed.repeat(attributes))));
            let outcome = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
            let expected = (!accepted).then_some(Error::from(DecryptionError::TooManyKeys { uses: ours, most: 0 }));
            assert_eq!(outcome.err(), expected, "{ours} keys, {attributes} attributes");
            assert_eq!(counting.0.load(Ordering::Relaxed), 64);
        }
    }
}

/// A default namespace that the carrier takes back is not one of the plaintext.
#[test]
fn a_plaintext_sees_no_namespace_that_was_taken_back() {
    const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
    let root = |xml: &str| xml.replacen("<samlp:Response ", &format!("<samlp:Response xmlns=\"{ASSERTION}\" "), 1);
    // An Assertion whose names have no prefix, signed below that root.
    let plain = plain_assertion();
    let bare = root(&response_with(&plain.replace("<saml:", "<").replace("</saml:", "</")));
    let signature = sign(&TestIdp::new(IDP), &bare, "_assertion", Algorithm::Exclusive10, "");
    let start = bare.find("<Assertion ").expect("an Assertion");
    let end = bare.find("</Assertion>").expect("its end") + "</Assertion>".len();
    let signed = bare[start..end].replacen("</Issuer>", &format!("</Issuer>{signature}"), 1);
    let sealed = Sealed::gcm(&signed);
    let outcome = |carrier: &str| {
        let xml = root(&response_with(&sealed.replacen("<saml:EncryptedAssertion>", carrier, 1)));
        verify_with(&decrypting(&[]), &xml).map(|login| login.user_id().to_owned()).map_err(|error| error.code())
    };
    assert_eq!(outcome("<saml:EncryptedAssertion>"), Ok("ada@example.com".to_owned()));
    assert_eq!(outcome(&format!("<saml:EncryptedAssertion xmlns=\"{ASSERTION}\">")), Ok("ada@example.com".to_owned()));
    assert_eq!(outcome("<saml:EncryptedAssertion xmlns=\"\">"), Err("decryption_failed"));
    assert_eq!(outcome("<saml:EncryptedAssertion xmlns=\"urn:foreign\">"), Err("decryption_failed"));
}
