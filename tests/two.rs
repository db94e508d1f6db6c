//! Two of everything, the second as strict as the first: identity providers, keys, certificates, requests, parameters. What holds for
//! the first alone is a mistake that no message with one of each shows.

#![cfg(all(feature = "internals", feature = "registry", feature = "test-idp"))]

mod common;

use std::time::{Duration, SystemTime};

use common::signed::{CLASS, MESSAGE, outcome, signed, verify_by};
use common::{read, read_text, signer, testdata};
use saml_verify::canonical::Algorithm;
use saml_verify::internals::sign;
use saml_verify::logout::{OutgoingRequest, Session};
use saml_verify::metadata::{MetadataReader, SpMetadata, Vouched};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    AuthnRequest, ConfigError, Expect, ExpiredCertificate, IdentityProvider, NameId, PendingRequests, Registry, RequestError,
    ServiceProvider, SigningKey, TrustedKeys, Verifier, Warning,
};

const SP: &str = "urn:test:sp";
const ACS: &str = "https://sp.example/acs";
const OLD: &str = "auth0/keys/idp-rsa2048";
const NEXT: &str = "auth0/keys/idp-next-rsa2048";
const THIRD: &str = "auth0/keys/idp-rsa3072";
const EXPIRED: &str = "auth0/keys/idp-expired-rsa2048";

fn now() -> SystemTime {
    at("2027-03-03T10:30:00Z")
}

fn at(time: &str) -> SystemTime {
    parse_rfc3339(time).expect("a time")
}

fn sp() -> ServiceProvider {
    ServiceProvider::new(SP, ACS).expect("a service provider")
}

fn keys(file: &str) -> TrustedKeys {
    TrustedKeys::from_pem(read(&testdata(&format!("{file}.pem")))).expect("a certificate")
}

fn fingerprint(file: &str) -> String {
    let keys = keys(file);
    let certificate = keys.iter().next().and_then(|key| key.certificate()).expect("a certificate");
    certificate.sha256_fingerprint().to_owned()
}

fn idp(entity_id: &str) -> IdentityProvider {
    let idp = IdentityProvider::new(entity_id, TestIdp::new(entity_id).trusted_keys()).expect("an identity provider");
    idp.single_sign_on_url("https://idp.example/sso").expect("a URL")
}

fn connection(entity_ids: &[&str]) -> Verifier {
    let (first, others) = entity_ids.split_first().expect("an identity provider");
    let verifier = Verifier::new(sp(), idp(first));
    others.iter().fold(verifier, |verifier, one| verifier.with_identity_provider(idp(one)).expect("another one"))
}

fn taken(entity_id: &str) -> ConfigError {
    ConfigError::DuplicateIdentityProvider { entity_id: entity_id.to_owned() }
}

// Identity providers

#[test]
fn a_name_is_taken_by_whichever_identity_provider_has_it() {
    let verifier = connection(&["urn:a", "urn:b", "urn:c"]);
    for name in ["urn:a", "urn:b", "urn:c"] {
        assert_eq!(verifier.clone().with_identity_provider(idp(name)).unwrap_err(), taken(name));
    }
    assert_eq!(verifier.with_identity_provider(idp("urn:d")).expect("a fourth").identity_providers().len(), 4);
}

#[test]
fn a_registry_knows_every_name_of_a_connection_as_long_as_it_has_it() {
    let registry = Registry::default();
    registry.insert("acme", connection(&["urn:a", "urn:b"])).expect("new names");
    for (names, other) in [(["urn:b", "urn:x"], "urn:b"), (["urn:x", "urn:b"], "urn:b"), (["urn:x", "urn:a"], "urn:a")] {
        assert_eq!(registry.insert("globex", connection(&names)).unwrap_err(), taken(other), "{names:?}");
        assert!(registry.get("globex").is_none() && registry.by_entity_id("urn:x").is_none(), "{names:?}");
    }
    registry.insert("globex", connection(&["urn:x", "urn:y"])).expect("new names");
    registry.remove("acme").expect("a connection");
    let found = ["urn:a", "urn:b", "urn:x", "urn:y"].map(|name| registry.by_entity_id(name).is_some());
    assert_eq!(found, [false, false, true, true]);
    // What another connection had may be used again.
    let before = registry.get("globex").expect("a connection");
    let handed_back = registry.insert("globex", connection(&["urn:x", "urn:z"])).expect("its own name and a new one");
    assert!(handed_back.is_some_and(|one| std::sync::Arc::ptr_eq(&one, &before)), "what is replaced is handed back");
    registry.insert("initech", connection(&["urn:b", "urn:a"])).expect("free names");
}

/// The requests that count are those to the identity provider that answers, not to the first of its connection.
#[test]
fn a_pending_request_is_one_to_the_identity_provider_that_answers() {
    let registry = Registry::default();
    registry.insert("acme", connection(&["urn:a", "urn:b"])).expect("new names");
    let service = sp();
    for (asked, other) in [("urn:a", "urn:b"), ("urn:b", "urn:a")] {
        let to = idp(asked);
        let sent = AuthnRequest::new(&service, &to).and_then(|request| request.redirect(now())).expect("a request");
        let mut pending = PendingRequests::default();
        pending.add(sent.pending.clone());
        let verify = |by: &str| {
            let field = TestIdp::new(by).response(SP, ACS, now()).in_response_to(sent.pending.id()).to_form_field();
            let verified = pending.verify_post(&registry, &field, now());
            verified.map(|(_, verified)| verified.without_replay_protection().issuer().to_owned()).map_err(|error| error.code())
        };
        assert_eq!(verify(asked), Ok(asked.to_owned()));
        assert_eq!(verify(other), Err("in_response_to_mismatch"));
    }
}

// Keys and certificates

/// The policy judges the certificate of the key that signed, whatever others are trusted beside it.
#[test]
fn no_certificate_of_another_key_stands_in_for_one_that_has_ended() {
    let verified = |order: [&str; 2], signed_with: &str, policy| {
        let trusted = keys(order[0]).and(keys(order[1])).expect("two keys");
        let idp = IdentityProvider::new("urn:idp", trusted).expect("an identity provider");
        let verifier = Verifier::new(sp(), idp).expired_certificate(policy);
        let field = signer("urn:idp", signed_with).response(SP, ACS, now()).to_form_field();
        let verified = verifier.verify_post(&field, Expect::Unsolicited, now()).map_err(|error| error.code())?;
        let login = verified.without_replay_protection();
        let shown = login.signatures()[0].key.certificate().expect("a certificate").sha256_fingerprint().to_owned();
        let warned: Vec<_> = login.warnings().iter().map(Warning::code).collect();
        Ok((shown, warned))
    };
    for order in [[EXPIRED, NEXT], [NEXT, EXPIRED]] {
        assert_eq!(verified(order, EXPIRED, ExpiredCertificate::Refuse), Err("certificate_not_valid"));
        assert_eq!(verified(order, EXPIRED, ExpiredCertificate::Warn), Ok((fingerprint(EXPIRED), vec!["certificate_not_valid"])));
        assert_eq!(verified(order, NEXT, ExpiredCertificate::Refuse), Ok((fingerprint(NEXT), vec![])));
    }
}

#[test]
fn keys_retire_one_after_the_other_and_each_is_told() {
    let current = IdentityProvider::new("urn:test:idp", keys(OLD)).expect("an identity provider");
    let rotating = current.retiring(keys(NEXT)).and_then(|idp| idp.retiring(keys(THIRD))).expect("few keys");
    assert_eq!((rotating.trusted_keys().len(), rotating.retiring_keys().len()), (3, 2));
    let verifier = Verifier::new(sp(), rotating);
    let told = |file: &str| Warning::RetiringKeyUsed { sha256: fingerprint(file) };
    // The Response signed with one key, the Assertion with the other.
    for (response, assertion, expected) in [
        (NEXT, NEXT, vec![told(NEXT)]),
        (THIRD, NEXT, vec![told(THIRD), told(NEXT)]),
        (NEXT, THIRD, vec![told(NEXT), told(THIRD)]),
        (OLD, THIRD, vec![told(THIRD)]),
        (OLD, OLD, vec![]),
    ] {
        let plain = |xml: &str| xml.replace("<?A?>", "").replace("<?R?>", "");
        let mut xml = MESSAGE.to_owned();
        for (place, id, file) in [("<?A?>", "_assertion", assertion), ("<?R?>", "_response", response)] {
            let signature = sign(&signer("urn:test:idp", file), &plain(&xml), id, Algorithm::Exclusive10, "");
            xml = xml.replacen(place, &signature, 1);
        }
        let login = verify_by(&verifier, &xml).expect("signed by trusted keys");
        assert_eq!(login.warnings(), expected, "{response} {assertion}");
    }
}

#[test]
fn a_certificate_for_two_purposes_is_published_for_both() {
    let pem = read(&testdata("signing/rsa2048.cert.pem"));
    let metadata = SpMetadata::new(&sp()).and_then(|metadata| metadata.signing_certificate(&pem)).expect("a certificate");
    let metadata = metadata.encryption_certificate(&pem).and_then(|metadata| metadata.signing_certificate(&pem)).expect("again");
    let xml = metadata.to_xml();
    let uses: Vec<&str> = xml.split("KeyDescriptor use=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(uses, ["signing", "encryption"]);
}

// Settings that are given twice, and lists

#[test]
fn classes_that_are_required_anew_replace_those_of_before() {
    let verifier = connection(&["urn:test:idp"]).require_authn_context(["urn:other", CLASS]).expect("two classes");
    assert!(verify_by(&verifier, &signed("", "")).is_ok());
    let verifier = verifier.require_authn_context(["urn:other"]).expect("a class");
    assert_eq!(verifier.required_authn_contexts(), ["urn:other"]);
    assert_eq!(verify_by(&verifier, &signed("", "")).unwrap_err().code(), "authn_context_mismatch");
}

#[test]
fn a_list_that_names_a_request_twice_is_none_wherever_it_does() {
    let (service, to) = (sp(), idp("urn:a"));
    let request = || AuthnRequest::new(&service, &to).and_then(|request| request.redirect(now())).expect("a request").pending;
    let [first, second, third] = [request(), request(), request()].map(|request| request.to_compact());
    for (list, distinct) in [
        ([&first, &second, &third], true),
        ([&first, &first, &second], false),
        ([&second, &first, &first], false),
        ([&first, &second, &first], false),
    ] {
        let read = PendingRequests::from_compact(&list.map(String::as_str).join("~"));
        assert_eq!(read.is_ok(), distinct, "{list:?}");
    }
}

#[test]
fn a_return_is_bounded_whole() {
    let (service, to) = (sp(), idp("urn:a"));
    let sent = |path: &str| AuthnRequest::new(&service, &to).expect("a URL").return_to(path).redirect(now()).map(|_| ());
    for start in ["/", "/a?b=", "/a#", "/?"] {
        let longest = format!("{start}{}", "x".repeat(512 - start.len()));
        assert_eq!(sent(&longest), Ok(()), "{start}");
        let reason = "it is longer than 512 bytes";
        assert_eq!(sent(&format!("{longest}x")), Err(RequestError::InvalidValue { name: "return_to", reason }), "{start}");
    }
}

#[test]
fn a_login_hint_is_given_once() {
    let service = sp();
    let refused = RequestError::InvalidValue { name: "login_hint", reason: "the single sign-on URL has one already" };
    for (query, outcome) in [
        ("", Ok(())),
        ("?a=login_hint", Ok(())),
        ("?a=b&login_hints=c", Ok(())),
        ("?login_hint=a", Err(refused.clone())),
        ("?a=b&login_hint=c", Err(refused.clone())),
        ("?a=b&c=d&login_hint", Err(refused)),
    ] {
        let url = format!("https://idp.example/sso{query}");
        let request = AuthnRequest::to_url(&service, "urn:a", &url).expect("a URL").login_hint("ada");
        assert_eq!(request.redirect(now()).map(|_| ()), outcome, "{query}");
    }
}

/// XML has no way to write them, in the first part of a name or in the last.
#[test]
fn no_part_of_a_name_that_is_sent_has_control_characters() {
    let pem = read(&testdata("signing/rsa2048.pkcs8.pem"));
    let (service, key) = (sp(), SigningKey::from_pem(pem).expect("a key"));
    let name = |parts: [&str; 5]| {
        let [value, format, qualifier, sp_qualifier, provided] = parts;
        let name = NameId::new(value).with_format(format).with_name_qualifier(qualifier);
        name.with_sp_name_qualifier(sp_qualifier).with_sp_provided_id(provided)
    };
    let sent = |name: NameId, index: &str| {
        let session = Session::new("urn:a", name, Some(index.to_owned()));
        let request = OutgoingRequest::to_url(&service, "https://idp.example/slo", &session, &key).expect("a URL");
        request.redirect(now()).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(sent(name(["a"; 5]), "i"), Ok(()));
    for place in 0..5 {
        let mut parts = ["a"; 5];
        parts[place] = "a\u{1}";
        let error = sent(name(parts), "i").expect_err("a control character");
        assert!(error.contains("NameID") && error.contains("control characters"), "{place}: {error}");
    }
    assert!(sent(name(["a"; 5]), "i\u{1}").expect_err("a control character").contains("SessionIndex"));
}

// Elements of a message

#[test]
fn what_stands_once_is_refused_twice() {
    let class = format!("<saml:AuthnContextClassRef>{CLASS}</saml:AuthnContextClassRef>");
    assert!(outcome(&signed("", "")).is_ok());
    for (part, code) in [
        (class.as_str(), "repeated_element"),
        ("<saml:OneTimeUse/>", "repeated_element"),
        ("<saml:Issuer>urn:test:idp</saml:Issuer>", "repeated_element"),
    ] {
        assert_eq!(outcome(&signed(part, &part.repeat(2))).unwrap_err().0, code, "{part}");
    }
    for repeated in ["<saml:ProxyRestriction/>", "<saml:ProxyRestriction Count=\"0\"/>"] {
        let with = |count| outcome(&signed("<saml:OneTimeUse/>", &format!("<saml:OneTimeUse/>{}", repeated.repeat(count))));
        assert!(with(1).is_ok(), "{repeated}");
        assert_eq!(with(2).unwrap_err().0, "repeated_element", "{repeated}");
    }
}

/// A KeyDescriptor is its first KeyInfo.
#[test]
fn of_two_key_infos_the_first_is_the_key() {
    let key_info = |file: &str| {
        let pem = read_text(&testdata(&format!("{file}.pem")));
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        format!("<d:KeyInfo><d:X509Data><d:X509Certificate>{body}</d:X509Certificate></d:X509Data></d:KeyInfo>")
    };
    for (first, second) in [(OLD, NEXT), (NEXT, OLD)] {
        let xml = format!(
            "<EntityDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata' xmlns:d='http://www.w3.org/2000/09/xmldsig#' \
             entityID='urn:idp'><IDPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'>\
             <KeyDescriptor>{}{}</KeyDescriptor></IDPSSODescriptor></EntityDescriptor>",
            key_info(first),
            key_info(second)
        );
        let read = MetadataReader::new(Vouched::ByAuthenticatedChannel).read_idp(xml.as_bytes(), now()).expect("metadata");
        assert_eq!(read.signing_keys(), &keys(first));
    }
}

/// The end of the session that comes first is the one that the clocks are told of.
#[test]
fn the_skew_of_a_session_is_that_of_the_statement_that_ends_first() {
    const END: &str = "</saml:AuthnStatement>";
    let statement = |until: &str| {
        format!(
            "<saml:AuthnStatement AuthnInstant=\"2027-03-03T10:00:00Z\" SessionNotOnOrAfter=\"{until}\"><saml:AuthnContext/>{END}"
        )
    };
    let skew = Duration::from_secs(120);
    let verifier = connection(&["urn:test:idp"]).clock_skew(skew).expect("a skew");
    for (until, expected) in [("2027-03-03T10:29:00Z", Some("2027-03-03T10:29:00.000Z")), ("2027-03-03T10:31:00Z", None)] {
        let login = verify_by(&verifier, &signed(END, &format!("{END}{}", statement(until)))).expect("within the skew");
        let told: Vec<_> = login
            .warnings()
            .iter()
            .map(|warning| match warning {
                Warning::ClockSkewUsed { name, instant, .. } => (*name, instant.as_str()),
                other => panic!("{other}"),
            })
            .collect();
        assert_eq!(told, expected.map(|end| ("SessionNotOnOrAfter of the AuthnStatement", end)).into_iter().collect::<Vec<_>>());
    }
}

// The command line

#[cfg(feature = "cli")]
mod cli {
    use std::process::Command;

    use serde_json::{Value, json};

    use super::*;
    use crate::common::logout;
    use crate::common::signed::both_signed;

    /// What the program prints with `--json` of a message in a file, and its exit code.
    fn judged(command: &str, name: &str, message: &str, more: &[&str]) -> (Option<i32>, Value) {
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&file, message).expect("room for a message");
        let mut program = Command::new(env!("CARGO_BIN_EXE_saml-verify"));
        program.arg(command).arg(file).args(more).arg("--json").current_dir(env!("CARGO_MANIFEST_DIR"));
        let output = program.output().expect("it runs");
        let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        (output.status.code(), json)
    }

    const LOGIN: [&str; 10] = [
        "--idp-entity-id",
        "urn:test:idp",
        "--sp-entity-id",
        "urn:test:sp",
        "--acs-url",
        "https://sp.example/acs",
        "--in-response-to",
        "_request",
        "--now",
        "2027-03-03T10:30:00Z",
    ];

    fn pem(file: &str) -> String {
        format!("testdata/{file}.pem")
    }

    #[test]
    fn each_certificate_that_retires_is_told_and_the_signer_is_that_of_the_assertion() {
        let (old, next, third) = (pem(OLD), pem(NEXT), pem(THIRD));
        for (response, assertion) in [(NEXT, THIRD), (THIRD, NEXT)] {
            let plain = |xml: &str| xml.replace("<?A?>", "").replace("<?R?>", "");
            let mut xml = MESSAGE.to_owned();
            for (place, id, file) in [("<?A?>", "_assertion", assertion), ("<?R?>", "_response", response)] {
                let signature = sign(&signer("urn:test:idp", file), &plain(&xml), id, Algorithm::Exclusive10, "");
                xml = xml.replacen(place, &signature, 1);
            }
            for retiring in [[&next, &third], [&third, &next]] {
                let more = ["--idp-cert", &old, "--retiring-cert", retiring[0], "--retiring-cert", retiring[1]];
                let (code, verdict) = judged("verify", "two-retiring.xml", &xml, &[&LOGIN[..], &more].concat());
                assert_eq!(code, Some(0), "{verdict}");
                let codes: Vec<_> = verdict["warnings"].as_array().expect("a list").iter().map(|one| &one["code"]).collect();
                assert_eq!(codes, ["retiring_key_used", "retiring_key_used"]);
                assert_eq!(verdict["signed_by"]["sha256"], json!(fingerprint(assertion)));
                let signers = [&verdict["signatures"][0]["sha256"], &verdict["signatures"][1]["sha256"]];
                assert_eq!(signers, [&json!(fingerprint(response)), &json!(fingerprint(assertion))]);
            }
        }
    }

    #[test]
    fn what_is_allowed_of_a_logout_adds_up() {
        let old = pem(OLD);
        let message = logout::REQUEST.replace("<a:Issuer>", "<a:Issuer Format=\"urn:x\">").replace("\"_request\"", "\"1\"");
        let query = logout::detached(&logout::idp(), "SAMLRequest", &message, None);
        let outcome = |allowed: &[&str], policy: &str| {
            let mut more =
                vec!["--idp-cert", &old, "--idp-entity-id", logout::IDP, "--slo-url", logout::SLO, "--now", logout::NOW];
            more.extend(allowed.iter().flat_map(|name| ["--allow", name]));
            more.extend(["--expired-certificate", policy]);
            let (code, verdict) = judged("verify-logout", "two-allowed.txt", &query, &more);
            (code, verdict["code"].as_str().unwrap_or("accepted").to_owned())
        };
        let refused = |code: &str| (Some(1), code.to_owned());
        for order in [["issuer-format", "non-ncname-id"], ["non-ncname-id", "issuer-format"]] {
            assert_eq!(outcome(&order, "warn"), (Some(0), "accepted".to_owned()), "{order:?}");
            // The certificate is not valid yet at that time.
            assert_eq!(outcome(&order, "refuse"), refused("certificate_not_valid"), "{order:?}");
        }
        assert_eq!(outcome(&["issuer-format"], "warn"), refused("invalid_id"));
        assert_eq!(outcome(&["non-ncname-id"], "warn"), refused("issuer_format"));
    }

    #[test]
    fn inspect_names_both_certificates_and_tells_keys_of_one_kind_apart() {
        let (old, next) = (pem(OLD), pem(NEXT));
        let message = read_text(&testdata("auth0/cases/a-default-sha256.b64"));
        for (given, is_given) in [([&old, &next], true), ([&next, &old], true), ([&next, &next], false)] {
            let more = ["--idp-cert", given[0], "--idp-cert", given[1]];
            let (_, found) = judged("inspect", "two-given.b64", &message, &more);
            assert_eq!(found["signatures"][0]["certificates"][0]["is_given"], json!(is_given), "{given:?}");
            let command = found["command"].as_str().expect("a command");
            assert!(command.contains(&format!("--idp-cert {} --idp-cert {}", given[0], given[1])), "{command}");
        }
    }

    /// A Reference covers the element of exactly that ID.
    #[test]
    fn inspect_takes_no_end_of_an_id_for_the_id() {
        let genuine = both_signed(MESSAGE);
        let covers = |xml: &str| {
            let (code, found) = judged("inspect", "two-ids.xml", xml, &[]);
            assert_eq!(code, Some(0), "{found}");
            let of = |place: usize| found["signatures"][place]["covers_its_element"].as_bool().expect("yes or no");
            [of(0), of(1)]
        };
        assert_eq!(covers(&genuine), [true, true]);
        for uri in ["assertion", "n", "_assertion_", "_Assertion", "x_assertion"] {
            assert_eq!(covers(&genuine.replace("URI=\"#_assertion\"", &format!("URI=\"#{uri}\""))), [true, false], "{uri}");
        }
    }

    /// Nothing that a login says is left out, nor said of something else.
    #[test]
    fn what_is_printed_of_a_login_is_what_it_says() {
        let old = pem(OLD);
        let printed = |message: &str| judged("verify", "all.xml", message, &[&LOGIN[..], &["--idp-cert", &old]].concat()).1;
        let full = printed(&both_signed(MESSAGE));
        let said = |full: &Value| {
            let names = ["not_before", "not_on_or_after", "session_not_on_or_after", "one_time_use", "confirmed_address"];
            names.map(|name| full[name].clone())
        };
        let times = ["2027-03-03T10:00:00.000Z", "2027-03-03T11:00:00.000Z", "2027-03-03T20:00:00.000Z"].map(Value::from);
        let [not_before, not_on_or_after, session] = times;
        assert_eq!(said(&full), [not_before, not_on_or_after.clone(), session, json!(true), json!("192.0.2.1")]);
        let bare = MESSAGE.replace("<saml:OneTimeUse/>", "").replace(" Address=\"192.0.2.1\"", "");
        let bare = bare.replace(" SessionNotOnOrAfter=\"2027-03-03T20:00:00Z\"", "").replacen(
            " NotBefore=\"2027-03-03T10:00:00Z\"",
            "",
            1,
        );
        assert_eq!(said(&printed(&both_signed(&bare))), [Value::Null, not_on_or_after, Value::Null, json!(false), Value::Null]);
    }

    /// A method alone is no signature.
    #[test]
    fn inspect_tells_a_signature_of_a_query_from_its_method() {
        let query = logout::detached(&logout::idp(), "SAMLRequest", logout::REQUEST, None);
        let (octets, _) = query.split_once("&Signature=").expect("a signature");
        let (message, _) = octets.split_once("&SigAlg=").expect("a method");
        let more = ["--input", "query"];
        for (text, method, signature) in [(query.as_str(), true, true), (octets, true, false), (message, false, false)] {
            let (_, found) = judged("inspect", "two-parameters.txt", text, &more);
            let redirect = &found["redirect"];
            assert_eq!((redirect["signature_algorithm"].is_string(), &redirect["has_signature"]), (method, &json!(signature)));
        }
    }
}
