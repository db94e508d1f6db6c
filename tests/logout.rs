//! Messages of logout: what is built is verified, what is verified is what was signed, and nothing else is taken for it.

mod common;

use std::time::{Duration, SystemTime};

use common::logout::{
    ACS, IDP, NOW, PENDING, REQUEST, RESPONSE, RSA_SHA256, SLO, SP, deflate, detached, enveloped, escape, field, idp, sign_query,
    signature, stranger,
};
use common::{read, testdata, to_base64};
use saml_verify::logout::{
    Delivered, LogoutFailure, LogoutRequest, LogoutResponse, LogoutSignature, LogoutVerifier, Outgoing, OutgoingRequest,
    OutgoingResponse, PendingLogout, Session, VerifiedRequest,
};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::{format_rfc3339, parse_rfc3339};
use saml_verify::{
    Departure, Error, Expect, ExpiredCertificate, IdentityProvider, InProcessReplayStore, Limits, NameId, PostPage, ReplayError,
    RequestError, ServiceProvider, SigningKey, TrustedKeys, Verifier, Warning,
};

fn now() -> SystemTime {
    parse_rfc3339(NOW).expect("a time")
}

fn connection() -> IdentityProvider {
    let idp = IdentityProvider::new(IDP, idp().trusted_keys()).expect("an identity provider");
    idp.single_logout_url("https://idp.example/slo?tenant=a").expect("a URL")
}

fn sp() -> ServiceProvider {
    ServiceProvider::new(SP, ACS).expect("a service provider")
}

fn verifier() -> LogoutVerifier {
    LogoutVerifier::new(&sp(), connection(), SLO).expect("a verifier")
}

fn our_key(name: &str) -> SigningKey {
    SigningKey::from_pem(read(&testdata("signing").join(format!("{name}.pkcs8.pem")))).expect("a key")
}

fn request(delivered: Delivered<'_>) -> Result<LogoutRequest, Error> {
    let verified = verifier().verify_request(delivered, now());
    let report = verifier().explain_request(delivered, now());
    assert_eq!(report.refusal(), verified.as_ref().err(), "an explanation says the same");
    verified.map(VerifiedRequest::without_replay_protection)
}

fn response(delivered: Delivered<'_>) -> Result<LogoutResponse, Error> {
    let verified = verifier().verify_response(delivered, PENDING, now());
    let report = verifier().explain_response(delivered, PENDING, now());
    assert_eq!(report.refusal(), verified.as_ref().err(), "an explanation says the same");
    verified
}

fn code<T>(outcome: Result<T, Error>) -> &'static str {
    outcome.map_or_else(|error| error.code(), |_| "accepted")
}

/// What both ways of a request say of it, where both are signed by the identity provider.
fn both_ways(xml: &str) -> [Result<LogoutRequest, Error>; 2] {
    let posted = request(Delivered::Post(&field(&enveloped(&idp(), xml, "_request"))));
    [posted, request(Delivered::Redirect(&detached(&idp(), "SAMLRequest", xml, None)))]
}

#[test]
fn a_request_says_what_was_signed() {
    for (relay_state, outcome) in [None, Some(""), Some("a b+c&d")].into_iter().flat_map(|relay_state| {
        let query = detached(&idp(), "SAMLRequest", REQUEST, relay_state);
        let posted = request(Delivered::Post(&field(&enveloped(&idp(), REQUEST, "_request"))));
        [(relay_state, request(Delivered::Redirect(&query))), (None, posted)]
    }) {
        let request = outcome.expect("signed");
        assert_eq!((request.issuer(), request.id(), request.destination()), (IDP, "_request", SLO));
        assert_eq!(request.name_id(), &NameId::new("ada").with_format("urn:f"));
        assert_eq!(request.session_indexes(), ["_s1"]);
        assert_eq!(request.reason(), Some("urn:oasis:names:tc:SAML:2.0:logout:user"));
        assert_eq!(request.not_on_or_after(), parse_rfc3339("2025-03-03T10:04:00Z"));
        assert_eq!(request.issue_instant(), parse_rfc3339("2025-03-03T09:59:00Z").unwrap());
        assert_eq!(request.signed_relay_state(), relay_state);
        assert!(["query", "LogoutRequest"].contains(&request.signature().covers));
        assert_eq!(request.signature().signature_algorithm, "RSA-SHA256");
        assert!(!format!("{request:?}").contains("ada"), "{request:?}");
        assert!(request.concerns(&Session::new(IDP, NameId::new("ada").with_format("urn:f"), Some("_s1".to_owned()))));
    }
}

#[test]
fn a_response_says_what_was_signed() {
    const STATUS: &str = "<p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";
    let status = |top: &str, nested: &str| {
        let prefix = "urn:oasis:names:tc:SAML:2.0:status:";
        let nested = if nested.is_empty() { String::new() } else { format!("<p:StatusCode Value=\"{prefix}{nested}\"/>") };
        format!("<p:StatusCode Value=\"{prefix}{top}\">{nested}</p:StatusCode><p:StatusMessage>why</p:StatusMessage>")
    };
    for (top, nested, expected) in [
        ("Success", "", Ok(false)),
        ("Success", "PartialLogout", Ok(true)),
        ("Responder", "PartialLogout", Ok(true)),
        ("PartialLogout", "", Ok(true)),
        ("Responder", "", Err("status_not_success")),
        ("Requester", "UnknownPrincipal", Err("status_not_success")),
        ("Responder", "Success", Err("status_not_success")),
        ("success", "", Err("status_not_success")),
    ] {
        let xml = RESPONSE.replace(STATUS, &status(top, nested));
        let posted = response(Delivered::Post(&field(&enveloped(&idp(), &xml, "_response"))));
        let redirected = response(Delivered::Redirect(&detached(&idp(), "SAMLResponse", &xml, Some("r"))));
        for (outcome, relay_state) in [(posted, None), (redirected, Some("r"))] {
            let told = outcome.as_ref().map(LogoutResponse::is_partial).map_err(|error| error.code());
            assert_eq!(told, expected, "{top} {nested}");
            match outcome {
                Ok(response) => {
                    assert_eq!((response.issuer(), response.id(), response.in_response_to()), (IDP, "_response", PENDING));
                    assert_eq!((response.status_message(), response.signed_relay_state()), (Some("why"), relay_state));
                    assert_eq!(response.status_codes().count(), if nested.is_empty() { 1 } else { 2 });
                }
                Err(error) => {
                    assert_eq!((error.stage(), error.section()), ("status", "SAML Core 3.7.3"));
                    assert!(error.remedy().starts_with("end the local session all the same"), "{}", error.remedy());
                }
            }
        }
    }
}

/// Each is the genuine request with one thing changed before it was signed, and the genuine one is accepted.
#[test]
fn what_a_request_must_say() {
    for (name, from, to, expected) in [
        ("unchanged", "", "", "accepted"),
        ("no-issuer", "<a:Issuer>urn:idp</a:Issuer>", "", "issuer_missing"),
        ("other-issuer", ">urn:idp<", ">urn:other<", "issuer_mismatch"),
        ("issuer-slash", ">urn:idp<", ">urn:idp/<", "issuer_mismatch"),
        ("issuer-format", "<a:Issuer>", "<a:Issuer Format=\"urn:x\">", "issuer_format"),
        (
            "issuer-entity-format",
            "<a:Issuer>",
            "<a:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">",
            "accepted",
        ),
        ("no-destination", "Destination=\"https://sp.example/slo\"", "", "destination_missing"),
        ("other-destination", "sp.example/slo", "sp.example/slo/", "destination_mismatch"),
        ("other-service", "sp.example/slo", "other.example/slo", "destination_mismatch"),
        ("expired-now", "10:04:00Z", "09:57:00Z", "expired"),
        ("expires-soon", "10:04:00Z", "09:57:00.001Z", "accepted"),
        ("in-the-future", "09:59:00Z", "10:03:00.001Z", "issued_in_future"),
        ("just-in-time", "09:59:00Z", "10:03:00Z", "accepted"),
        ("no-end", "NotOnOrAfter=\"2025-03-03T10:04:00Z\"", "", "accepted"),
        (
            "no-end-and-old",
            "IssueInstant=\"2025-03-03T09:59:00Z\" NotOnOrAfter=\"2025-03-03T10:04:00Z\"",
            "IssueInstant=\"2025-03-03T09:52:00Z\"",
            "logout_request_too_old",
        ),
        (
            "no-end-and-nearly-too-old",
            "IssueInstant=\"2025-03-03T09:59:00Z\" NotOnOrAfter=\"2025-03-03T10:04:00Z\"",
            "IssueInstant=\"2025-03-03T09:52:00.001Z\"",
            "accepted",
        ),
        ("version", "Version=\"2.0\"", "Version=\"1.1\"", "unsupported_version"),
        ("id-with-colon", "ID=\"_request\"", "ID=\"_re:quest\"", "invalid_id"),
        ("encrypted", "<a:NameID Format=\"urn:f\">ada</a:NameID>", "<a:EncryptedID/>", "encrypted_id"),
        ("base-id", "<a:NameID Format=\"urn:f\">ada</a:NameID>", "<a:BaseID/>", "base_id"),
        ("no-name", "<a:NameID Format=\"urn:f\">ada</a:NameID>", "", "missing_element"),
        ("blank-name", ">ada<", "> <", "empty_name_id"),
        ("element-in-name", ">ada<", ">ada<a:b/><", "not_text"),
        ("instruction-in-name", ">ada<", ">a<?x?>da<", "not_text"),
        ("two-names", "<p:SessionIndex>", "<a:NameID>eve</a:NameID><p:SessionIndex>", "repeated_element"),
        ("no-index", "<p:SessionIndex>_s1</p:SessionIndex>", "", "accepted"),
        ("index-of-other-namespace", "<p:SessionIndex>_s1</p:SessionIndex>", "<a:SessionIndex/>", "unexpected_element"),
    ] {
        assert!(REQUEST.contains(from), "{name}");
        let xml = REQUEST.replacen(from, to, 1);
        let id = if name == "id-with-colon" { "_re:quest" } else { "_request" };
        let posted = request(Delivered::Post(&field(&enveloped(&idp(), &xml, id))));
        let redirected = request(Delivered::Redirect(&detached(&idp(), "SAMLRequest", &xml, None)));
        assert_eq!([code(posted), code(redirected)], [expected; 2], "{name}");
    }
    let other_issuer = REQUEST.replacen(">urn:idp<", ">urn:other<", 1);
    let refused = request(Delivered::Post(&field(&enveloped(&idp(), &other_issuer, "_request")))).expect_err("a refusal");
    assert_eq!(
        refused.remedy(),
        "it says it is from \"urn:other\"; the connection is for \"urn:idp\": find out which of the two is meant. If another identity \
         provider or tenant sends messages here, stop it there. If it is the right one and only its entity ID is written in another way, \
         make both the same string"
    );
    let two_issuers = REQUEST.replace("<a:Issuer>", "<a:Issuer>urn:other</a:Issuer><a:Issuer>");
    assert_eq!(both_ways(&two_issuers).map(code), ["signature_misplaced", "repeated_element"]);
}

#[test]
fn what_a_response_must_say() {
    for (name, from, to, expected) in [
        ("unchanged", "", "", "accepted"),
        ("no-issuer", "<a:Issuer>urn:idp</a:Issuer>", "", "issuer_missing"),
        ("other-issuer", ">urn:idp<", ">urn:other<", "issuer_mismatch"),
        ("no-destination", "Destination=\"https://sp.example/slo\"", "", "destination_missing"),
        ("other-destination", "sp.example/slo", "sp.example/acs", "destination_mismatch"),
        ("other-request", "\"_pending\"", "\"_other\"", "in_response_to_mismatch"),
        ("no-request", "InResponseTo=\"_pending\"", "", "in_response_to_missing"),
        ("empty-request", "\"_pending\"", "\"\"", "in_response_to_mismatch"),
        ("in-the-future", "09:59:00Z", "10:03:00.001Z", "issued_in_future"),
        ("just-in-time", "09:59:00Z", "10:03:00Z", "accepted"),
        ("no-status", "<p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>", "", "missing_element"),
        ("name-in-response", "<p:Status>", "<a:NameID>ada</a:NameID><p:Status>", "unexpected_element"),
    ] {
        assert!(RESPONSE.contains(from), "{name}");
        let xml = RESPONSE.replacen(from, to, 1);
        let posted = response(Delivered::Post(&field(&enveloped(&idp(), &xml, "_response"))));
        let redirected = response(Delivered::Redirect(&detached(&idp(), "SAMLResponse", &xml, None)));
        assert_eq!([code(posted), code(redirected)], [expected; 2], "{name}");
    }
    // Nobody waits for an answer to nothing.
    let xml = enveloped(&idp(), &RESPONSE.replace("_pending", ""), "_response");
    let outcome = verifier().verify_response(Delivered::Post(&field(&xml)), "", now());
    assert_eq!(code(outcome), "in_response_to_mismatch");
}

#[test]
fn refusals_say_both_sides_and_what_to_do() {
    let error = |xml: &str| both_ways(xml).map(|outcome| outcome.expect_err("refused"));
    for error in error(&REQUEST.replace("sp.example/slo", "sp.example/slo/")) {
        assert_eq!(error.stage(), "constraint");
        assert_eq!(error.expected(), [SLO]);
        assert_eq!(error.received(), ["https://sp.example/slo/"]);
        assert_eq!(
            error.to_string(),
            "constraint: the Destination is \"https://sp.example/slo/\", not \"https://sp.example/slo\" (they differ only by a \
             trailing slash)"
        );
        assert_eq!(
            error.remedy(),
            "make the single logout URL the same string on both sides; in Auth0 it is the addon's `logout.callback`"
        );
    }
    for error in error(&REQUEST.replace("10:04:00Z", "09:57:00Z")) {
        assert_eq!(
            error.to_string(),
            "constraint: the NotOnOrAfter of the LogoutRequest is 2025-03-03T09:57:00.000Z, and it is 2025-03-03T10:00:00.000Z: 3 min too late \
             (clock skew of 180 s allowed)"
        );
    }
    let error = request(Delivered::Post(&field(REQUEST))).unwrap_err();
    assert_eq!((error.stage(), error.section()), ("signature", "SAML Profiles 4.4.4.1"));
    assert_eq!(error.to_string(), "signature: the LogoutRequest is not signed");
}

/// The other way round: what a trusted key signed for a logout is no login.
#[test]
fn a_message_of_logout_is_no_login() {
    let verifier = Verifier::new(sp(), connection());
    for xml in [enveloped(&idp(), REQUEST, "_request"), enveloped(&idp(), RESPONSE, "_response")] {
        let refused = verifier.verify_post(&field(&xml), Expect::AnswerTo(PENDING), now()).expect_err("no login");
        assert_eq!(refused.code(), "unexpected_root");
        assert!(refused.remedy().starts_with("this is a message of logout"), "{}", refused.remedy());
    }
    let login = idp().response(SP, ACS, now()).in_response_to(PENDING).to_form_field();
    assert!(verifier.verify_post(&login, Expect::AnswerTo(PENDING), now()).is_ok());
}

/// The raw query, in the ways in which products are documented to write it, and in which nobody may.
#[test]
fn a_query_is_verified_as_it_arrived() {
    let base64 = to_base64(&deflate(REQUEST));
    let upper = |text: &str| escape(text);
    let lower = |text: &str| -> String {
        let escaped = |byte: u8| format!("%{byte:02x}");
        text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { escaped(byte) }).collect()
    };
    let octets = |encode: &dyn Fn(&str) -> String, relay_state: Option<&str>| {
        let relay_state = relay_state.map(|value| format!("&RelayState={value}")).unwrap_or_default();
        format!("SAMLRequest={}{relay_state}&SigAlg={}", encode(&base64), encode(RSA_SHA256))
    };
    let signed = |octets: &str| sign_query(&idp(), octets);
    // Java's URLEncoder: a space is `+`, and `*` is bare.
    let java = signed(&octets(&upper, Some("a+b*%7E")));
    let genuine = signed(&octets(&upper, Some("r")));
    let (message, rest) = genuine.split_once('&').expect("parameters");
    for (name, query, expected) in [
        ("upper-case", genuine.clone(), Ok(Some("r"))),
        ("adfs-lower-case", signed(&octets(&lower, Some("r"))), Ok(Some("r"))),
        ("adfs-lower-case-signature", signed(&octets(&lower, None)).replace("%3D", "%3d").replace("%2B", "%2b"), Ok(None)),
        ("spring-iso-8859-1", signed(&octets(&upper, Some("%E9"))), Ok(None)),
        ("spring-no-relay-state", signed(&octets(&upper, None)), Ok(None)),
        ("shibboleth-plus-for-space", java.clone(), Ok(Some("a b*~"))),
        ("plus-for-space-rewritten", java.replace("a+b", "a%20b"), Err("untrusted_key")),
        ("relay-state-empty", signed(&octets(&upper, Some(""))), Ok(Some(""))),
        (
            "relay-state-empty-added",
            signed(&octets(&upper, None)).replace("&SigAlg", "&RelayState=&SigAlg"),
            Err("untrusted_key"),
        ),
        ("relay-state-dropped", genuine.replace("&RelayState=r", ""), Err("untrusted_key")),
        ("relay-state-changed", genuine.replace("=r&", "=s&"), Err("untrusted_key")),
        ("other-order", format!("{rest}&{message}"), Ok(Some("r"))),
        ("more-parameters", format!("tenant=a&{genuine}&x=SAMLRequest&"), Ok(Some("r"))),
        ("message-twice", format!("{genuine}&{message}"), Err("duplicate_parameter")),
        ("signature-twice", format!("{genuine}&Signature=x"), Err("duplicate_parameter")),
        ("relay-state-twice", format!("{genuine}&RelayState=r"), Err("duplicate_parameter")),
        ("response-as-well", format!("{genuine}&SAMLResponse=x"), Err("request_and_response")),
        ("escaped-name", format!("{genuine}&%53AMLRequest=x"), Err("escaped_name")),
        ("case-variant-beside", format!("{genuine}&samlrequest=x"), Err("name_in_other_case")),
        ("case-variant-instead", genuine.replace("SAMLRequest", "samlrequest"), Err("name_in_other_case")),
        ("case-variant-signature", genuine.replace("Signature=", "signature="), Err("name_in_other_case")),
        ("case-variant-method", genuine.replace("SigAlg=", "sigalg="), Err("name_in_other_case")),
        ("unsigned", octets(&upper, None), Err("missing_parameter")),
        ("nothing-but-the-message", message.to_owned(), Err("missing_parameter")),
        ("escapes-rewritten", genuine.replace("%3D", "%3d").replace("%3A", "%3a"), Err("untrusted_key")),
        ("of-other-key", sign_query(&stranger(), &octets(&upper, None)), Err("untrusted_key")),
        ("in-the-other-parameter", detached(&idp(), "SAMLResponse", REQUEST, None), Err("missing_parameter")),
    ] {
        let outcome = request(Delivered::Redirect(&query));
        let told = outcome.as_ref().map(|request| request.signed_relay_state()).map_err(|error| error.code());
        assert_eq!(told, expected, "{name}");
        // A query that was changed looks like one of another key, and mostly a framework did it.
        if let Some(error) = outcome.err().filter(|error| error.code() == "untrusted_key") {
            let (message, remedy) = (error.message(), error.remedy());
            assert!(message.starts_with("not signed with a trusted key, or changed since: trusted is "), "{name}: {message}");
            assert!(remedy.starts_with("hand over the query as it arrived: decoded and encoded again"), "{name}: {remedy}");
            assert!(remedy.contains("rotated its signing key"), "{name}: {remedy}");
        }
    }
}

/// A signed query holds a message of the other kind: the error names the parameter in which this one would have come.
#[test]
fn a_query_without_the_message_says_which_parameter_has_it() {
    let [in_request, in_response] = ["SAMLRequest", "SAMLResponse"].map(|name| detached(&idp(), name, REQUEST, None));
    let asked = request(Delivered::Redirect(&in_response)).expect_err("in the parameter of answers");
    assert_eq!(asked.to_string(), "decode: the query has no parameter SAMLRequest");
    assert_eq!(asked.expected(), ["SAMLRequest"]);
    assert!(request(Delivered::Redirect(&in_request)).is_ok());
    let answer = |name: &str| response(Delivered::Redirect(&detached(&idp(), name, RESPONSE, None)));
    let answered = answer("SAMLRequest").expect_err("in the parameter of requests");
    assert_eq!(answered.to_string(), "decode: the query has no parameter SAMLResponse");
    assert_eq!(answered.expected(), ["SAMLResponse"]);
    assert!(answer("SAMLResponse").is_ok());
}

/// Auth0's packages without `deflate`: base64 of a message whose element is signed. Nothing else may come unsigned, nor be inflated.
#[test]
fn a_query_that_is_not_compressed_is_taken_if_its_element_is_signed() {
    let query = |xml: &str| format!("SAMLRequest={}&RelayState=r", escape(&field(xml)));
    let genuine = enveloped(&idp(), REQUEST, "_request");
    let taken = request(Delivered::Redirect(&query(&genuine))).expect("signed");
    assert_eq!((taken.name_id().value.as_str(), taken.signed_relay_state()), ("ada", None));
    let compressed = format!("SAMLRequest={}", escape(&to_base64(&deflate(&genuine))));
    for (query, expected) in [
        (query(REQUEST), "unsigned"),
        (query(&genuine.replace("ada", "eve")), "digest_mismatch"),
        (query(&genuine) + "&SAMLRequest=x", "duplicate_parameter"),
        (query(&genuine) + "&SigAlg=", "missing_parameter"),
        (query(&genuine).replace("SAMLRequest", "SAMLResponse"), "missing_parameter"),
        (compressed, "missing_parameter"),
    ] {
        assert_eq!(code(request(Delivered::Redirect(&query))), expected, "{query}");
    }
}

/// SAML Bindings 3.4.4.1 has it removed; where it is there all the same, both hold.
#[test]
fn a_redirected_message_with_an_xml_signature_needs_both() {
    let genuine = enveloped(&idp(), REQUEST, "_request");
    for (name, xml, expected) in [
        ("both", genuine.clone(), "accepted"),
        ("element-changed", genuine.replace("ada", "eve"), "digest_mismatch"),
        ("element-of-other-key", enveloped(&stranger(), REQUEST, "_request"), "untrusted_key"),
    ] {
        let query = detached(&idp(), "SAMLRequest", &xml, None);
        assert_eq!(code(request(Delivered::Redirect(&query))), expected, "{name}");
        // That of the element alone is none for a query.
        let query = detached(&stranger(), "SAMLRequest", &xml, None);
        assert_eq!(code(request(Delivered::Redirect(&query))), "untrusted_key", "{name}");
    }
}

#[test]
fn a_request_is_taken_once_and_not_mistaken_for_a_login() {
    let store = InProcessReplayStore::default();
    let field = field(&enveloped(&idp(), REQUEST, "_request"));
    let verify = || verifier().verify_request(Delivered::Post(&field), now()).expect("signed");
    assert_eq!(verify().expires_at(), parse_rfc3339("2025-03-03T10:09:00Z").unwrap());
    assert!(verify().claim(&store).is_ok());
    assert_eq!(verify().claim(&store).err(), Some(Error::Replay(ReplayError::Replayed)));
    // An assertion of the same issuer and ID has another key.
    let login = idp().response(SP, ACS, now()).in_response_to(PENDING).assertion_id("_request").to_form_field();
    let login = Verifier::new(sp(), connection()).verify_post(&login, Expect::AnswerTo(PENDING), now()).expect("a login");
    assert_ne!(login.replay_key(), verify().replay_key());
    assert!(login.claim(&store).is_ok());
    // Without NotOnOrAfter, it is remembered as long as it would be taken.
    let endless = REQUEST.replace(" NotOnOrAfter=\"2025-03-03T10:04:00Z\"", "");
    let endless = common_field(&endless);
    let verified = verifier().verify_request(Delivered::Post(&endless), now()).expect("signed");
    assert_eq!(verified.expires_at(), parse_rfc3339("2025-03-03T10:09:00Z").unwrap());
}

fn common_field(xml: &str) -> String {
    field(&enveloped(&idp(), xml, "_request"))
}

/// By either binding: the key of the signature that vouches, and what an administrator should know of it.
#[test]
fn results_say_which_key_signed() {
    let both = |request: &str, response: &str| {
        let id = "_request";
        let requests = [
            (request_field(request, id), "LogoutRequest"),
            (detached(&idp(), "SAMLRequest", request, None), "query"),
            (detached(&idp(), "SAMLRequest", &enveloped(&idp(), request, id), None), "query"),
        ];
        let responses = [
            (request_field(response, "_response"), "LogoutResponse"),
            (detached(&idp(), "SAMLResponse", response, None), "query"),
        ];
        (requests, responses)
    };
    let old = connection();
    let new = IdentityProvider::new(IDP, stranger().trusted_keys()).expect("an identity provider");
    let rotating = new.retiring(idp().trusted_keys()).expect("few keys");
    for (idp_side, codes) in [(old, &[][..]), (rotating, &["retiring_key_used"])] {
        for (year, expired) in [("2027", &[][..]), ("2025", &["certificate_not_valid"])] {
            let at = |text: &str| text.replace("2025-", &format!("{year}-"));
            let now = parse_rfc3339(&at(NOW)).expect("a time");
            let verifier = LogoutVerifier::new(&sp(), idp_side.clone(), SLO).expect("a verifier");
            let (requests, responses) = both(&at(REQUEST), &at(RESPONSE));
            let expected: Vec<&str> = expired.iter().chain(codes).copied().collect();
            let told = |signature: &LogoutSignature, warnings: &[Warning]| {
                assert_eq!(Some(&signature.key), idp().trusted_keys().iter().next());
                assert_eq!(signature.signature_algorithm, "RSA-SHA256");
                assert_eq!(warnings.iter().map(Warning::code).collect::<Vec<_>>(), expected, "{year}");
                signature.covers
            };
            for (message, covers) in &requests {
                let request = verifier.verify_request(delivered(message), now).expect("signed").without_replay_protection();
                assert_eq!(told(request.signature(), request.warnings()), *covers);
            }
            for (message, covers) in &responses {
                let response = verifier.verify_response(delivered(message), PENDING, now).expect("signed");
                assert_eq!(told(response.signature(), response.warnings()), *covers);
            }
        }
    }
}

/// As for logins; the certificate is valid from November 2026 on.
#[test]
fn a_policy_judges_certificates_outside_their_validity() {
    use ExpiredCertificate::{Ignore, Refuse, Warn};
    assert_eq!(ExpiredCertificate::default(), Warn);
    for (policy, year, expected) in [
        (Ignore, "2025", Ok(vec![])),
        (Warn, "2025", Ok(vec!["certificate_not_valid"])),
        (Refuse, "2025", Err("certificate_not_valid")),
        (Refuse, "2027", Ok(vec![])),
    ] {
        let at = |text: &str| text.replace("2025-", &format!("{year}-"));
        let now = parse_rfc3339(&at(NOW)).expect("a time");
        let verifier = verifier().expired_certificate(policy);
        let codes = |warnings: &[Warning]| warnings.iter().map(Warning::code).collect::<Vec<_>>();
        let (request, response) = (at(REQUEST), at(RESPONSE));
        let both = detached(&idp(), "SAMLRequest", &enveloped(&idp(), &request, "_request"), None);
        for message in [request_field(&request, "_request"), detached(&idp(), "SAMLRequest", &request, None), both] {
            let outcome = verifier.verify_request(delivered(&message), now);
            let report = verifier.explain_request(delivered(&message), now);
            assert_eq!(report.refusal(), outcome.as_ref().err(), "an explanation says the same");
            let told = outcome.map(|request| codes(request.without_replay_protection().warnings()));
            assert_eq!(told.map_err(|error| error.code()), expected, "{policy:?} {year}");
        }
        for message in [request_field(&response, "_response"), detached(&idp(), "SAMLResponse", &response, None)] {
            let outcome = verifier.verify_response(delivered(&message), PENDING, now);
            let report = verifier.explain_response(delivered(&message), PENDING, now);
            assert_eq!(report.refusal(), outcome.as_ref().err(), "an explanation says the same");
            let told = outcome.map(|response| codes(response.warnings()));
            assert_eq!(told.map_err(|error| error.code()), expected, "{policy:?} {year}");
        }
    }
    // Nobody is told of the certificate of a key that did not sign.
    let strict = verifier().expired_certificate(Refuse);
    let forged = field(&enveloped(&stranger(), REQUEST, "_request"));
    assert_eq!(code(strict.verify_request(Delivered::Post(&forged), now())), "untrusted_key");
    assert_eq!(code(strict.verify_request(Delivered::Post(&field(REQUEST)), now())), "unsigned");
}

/// The likely cause of an untrusted key is told as for logins: the message is that of another tenant.
#[test]
fn a_message_of_another_tenant_says_whose_it_is() {
    for (message, id) in [(REQUEST, "_request"), (RESPONSE, "_response")] {
        for (issuer, told) in [("urn:other", true), (IDP, false)] {
            let xml = message.replace(IDP, issuer);
            let field = field(&enveloped(&stranger(), &xml, id));
            let delivered = Delivered::Post(&field);
            let refusal = if id == "_request" { request(delivered).map(|_| ()) } else { response(delivered).map(|_| ()) };
            let error = refusal.expect_err("nobody trusts that key");
            assert_eq!(error.code(), "untrusted_key");
            let start = "it says it is from \"urn:other\"; the connection is for \"urn:idp\"";
            assert_eq!(error.remedy().starts_with(start), told, "{}", error.remedy());
        }
    }
}

fn request_field(xml: &str, id: &str) -> String {
    field(&enveloped(&idp(), xml, id))
}

/// A query, or a form field.
fn delivered(message: &str) -> Delivered<'_> {
    if message.contains('&') { Delivered::Redirect(message) } else { Delivered::Post(message) }
}

#[test]
fn departures_are_those_of_the_connection() {
    let last = REQUEST.replace("</p:LogoutRequest>", &format!("{}</p:LogoutRequest>", signature(&idp(), REQUEST, "_request")));
    let formatted = enveloped(&idp(), &REQUEST.replace("<a:Issuer>", "<a:Issuer Format=\"urn:x\">"), "_request");
    let colon = enveloped(&idp(), &REQUEST.replace("_request", "_re:quest"), "_re:quest");
    for (departure, xml) in
        [(Departure::SignaturePosition, &last), (Departure::IssuerFormat, &formatted), (Departure::NonNcNameId, &colon)]
    {
        let field = field(xml);
        assert_ne!(code(request(Delivered::Post(&field))), "accepted");
        let lax = LogoutVerifier::new(&sp(), connection().allow(departure), SLO).expect("a verifier");
        assert!(lax.verify_request(Delivered::Post(&field), now()).is_ok(), "{departure}");
    }
}

/// Our messages, verified as the identity provider would: by a verifier that trusts our key.
fn theirs(key: &str) -> LogoutVerifier {
    let keys = TrustedKeys::from_pem(read(&testdata("signing").join(format!("{key}.cert.pem")))).expect("a certificate");
    let us = IdentityProvider::new(SP, keys).expect("our side");
    let them = ServiceProvider::new(IDP, "https://idp.example/acs").expect("their side");
    LogoutVerifier::new(&them, us, "https://idp.example/slo?tenant=a").expect("a verifier")
}

fn full_session() -> Session {
    let name = NameId::new("ada <&> \"é\"").with_format("urn:f").with_name_qualifier(IDP).with_sp_name_qualifier(SP);
    Session::new(IDP, name.with_sp_provided_id("ours"), Some("_s1".to_owned()))
}

/// The hidden field of a page.
fn hidden<'a>(html: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = html.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split('"').next()
}

#[test]
fn a_request_that_is_built_says_who_and_which_session() {
    for key in ["rsa2048", "p256", "p384", "ed25519"] {
        let (sp, idp, session, signing) = (sp(), connection(), full_session(), our_key(key));
        let outgoing = OutgoingRequest::new(&sp, &idp, &session, &signing).expect("a request");
        let outgoing = outgoing.relay_state("it's a b").return_to("/bye").reason("urn:oasis:names:tc:SAML:2.0:logout:user");
        let redirect = outgoing.redirect(now()).expect("a URL");
        let (location, query) = redirect.url.split_once("&SAMLRequest=").expect("a query");
        assert_eq!(location, "https://idp.example/slo?tenant=a");
        let query = format!("tenant=a&SAMLRequest={query}");
        let page = outgoing.post(now()).expect("a page");
        assert!(page.page.html().contains("<title>Logging out</title>"));
        let posted = hidden(page.page.html(), "SAMLRequest").expect("a field");
        assert_eq!(hidden(page.page.html(), "RelayState"), Some("it&#39;s a b"));
        for (delivered, pending, relay_state) in
            [(Delivered::Redirect(&query), &redirect.pending, Some("it's a b")), (Delivered::Post(posted), &page.pending, None)]
        {
            let verified = theirs(key).verify_request(delivered, now()).expect("signed").without_replay_protection();
            assert_eq!((verified.id(), verified.signed_relay_state()), (pending.id(), relay_state));
            assert_eq!((verified.name_id(), verified.session_indexes()), (session.name_id(), &["_s1".to_owned()][..]));
            assert_eq!(verified.not_on_or_after(), Some(now() + Duration::from_secs(300)));
            assert_eq!((pending.return_to(), pending.relay_state()), (Some("/bye"), Some("it's a b")));
            assert_eq!(PendingLogout::from_compact(&pending.to_compact()).as_ref(), Ok(pending));
            assert_eq!(pending.expect(IDP, now()), Ok(verified.id()));
            assert_eq!(pending.expires_at(), now() + Duration::from_secs(600));
        }
    }
}

#[test]
fn a_request_that_cannot_be_sent_is_not_built() {
    let (sp, idp, key) = (sp(), connection(), our_key("rsa2048"));
    let other = Session::new("urn:other", NameId::new("ada"), None);
    assert_eq!(OutgoingRequest::new(&sp, &idp, &other, &key).unwrap_err().code(), "session_of_other_identity_provider");
    let without = IdentityProvider::new(IDP, TestIdp::new(IDP).trusted_keys()).expect("an identity provider");
    let session = full_session();
    let error = OutgoingRequest::new(&sp, &without, &session, &key).unwrap_err();
    assert_eq!(error.code(), "no_single_logout_url");
    assert_eq!(error.to_string(), "the identity provider \"urn:idp\" has no single logout URL for the redirect or POST binding");
    let long = "x".repeat(81);
    for (request, name) in [
        (OutgoingRequest::new(&sp, &idp, &session, &key).unwrap().relay_state(&long), "RelayState"),
        (OutgoingRequest::new(&sp, &idp, &session, &key).unwrap().return_to("//evil.example"), "return_to"),
        (OutgoingRequest::new(&sp, &idp, &session, &key).unwrap().reason(" "), "Reason"),
        (OutgoingRequest::new(&sp, &idp, &session, &key).unwrap().valid_for(Duration::ZERO), "lifetime"),
    ] {
        for error in [request.redirect(now()).unwrap_err(), request.post(now()).unwrap_err()] {
            assert!(matches!(error, saml_verify::RequestError::InvalidValue { name: found, .. } if found == name), "{error:?}");
        }
    }
    let unwritable = Session::new(IDP, NameId::new("a\u{1}"), None);
    let error = OutgoingRequest::new(&sp, &idp, &unwritable, &key).unwrap().redirect(now()).unwrap_err();
    assert_eq!(error.code(), "invalid_request_value");
}

/// By redirect where the identity provider takes that, otherwise by POST: requests and answers alike.
#[test]
fn a_message_goes_by_a_binding_that_the_identity_provider_takes() {
    let (sp, session, key) = (sp(), full_session(), our_key("rsa2048"));
    let request = request(Delivered::Post(&common_field(REQUEST))).expect("signed");
    let slo_url = "https://idp.example/slo";
    for (idp, by_redirect) in [
        (connection().single_logout_url(slo_url), true),
        (connection().single_logout_post_url(slo_url), false),
        (connection().single_logout_post_url(slo_url).and_then(|idp| idp.single_logout_url(slo_url)), true),
    ] {
        let idp = idp.expect("a URL");
        assert_eq!((idp.slo_redirect_url(), idp.slo_post_url()), (by_redirect.then_some(slo_url), Some(slo_url)));
        let outgoing = OutgoingRequest::new(&sp, &idp, &session, &key).expect("a request");
        let (asked, pending) = outgoing.by_preferred_binding(now()).expect("a message");
        assert_eq!(pending.expect(IDP, now()), Ok(pending.id()));
        let answer = OutgoingResponse::new(&sp, &idp, &request, &key).expect("an answer");
        let answered = answer.by_preferred_binding(now()).expect("a message");
        for (sent, name) in [(asked, "SAMLRequest"), (answered, "SAMLResponse")] {
            assert!(["Redirect(..)", "Post(..)"].contains(&&*format!("{sent:?}")));
            let (html, headers) = (sent.html(), sent.headers());
            assert_eq!((headers[0], headers[2].1), (("content-type", "text/html; charset=utf-8"), "no-cache, no-store"));
            match &sent {
                // Everything of the URL is in the two attributes, as one value each.
                Outgoing::Redirect(url) => {
                    let escaped = url.replace('&', "&amp;").replace('\'', "&#39;");
                    let [refresh, link] = [format!("content=\"0; url={escaped}\">"), format!("<a href=\"{escaped}\">")];
                    assert!(html.contains(&refresh) && html.contains(&link) && !html.contains("<script"), "{html}");
                    assert!(headers[1].1.starts_with("default-src 'none'; form-action 'none';"), "{headers:?}");
                }
                Outgoing::Post(page) => assert_eq!((&*html, headers), (page.html(), page.headers())),
            }
            match sent {
                Outgoing::Redirect(url) => assert!(by_redirect && url.starts_with(&format!("{slo_url}?{name}=")), "{url}"),
                Outgoing::Post(page) => assert!(!by_redirect && hidden(page.html(), name).is_some(), "{}", page.html()),
            }
        }
        let redirected = outgoing.redirect(now()).map(|_| ()).map_err(|error| error.code());
        assert_eq!(redirected, if by_redirect { Ok(()) } else { Err("no_single_logout_url") });
    }
    assert_eq!(connection().single_logout_post_url("http://idp.example/slo").unwrap_err().code(), "invalid_slo_url");
}

/// A message of our own that comes back to us is none of the identity provider's, even if both sides share a key.
#[test]
fn what_we_send_is_not_taken_back() {
    let key = our_key("rsa2048");
    let ours = TrustedKeys::from_pem(read(&testdata("signing/rsa2048.cert.pem"))).expect("a certificate");
    let idp = IdentityProvider::new(IDP, ours).and_then(|idp| idp.single_logout_url(SLO)).expect("an identity provider");
    let verifier = LogoutVerifier::new(&sp(), idp.clone(), SLO).expect("a verifier");
    let (sp, session) = (sp(), full_session());
    let outgoing = OutgoingRequest::new(&sp, &idp, &session, &key).expect("a request");
    let (redirect, page) = (outgoing.redirect(now()).expect("a URL"), outgoing.post(now()).expect("a page"));
    let query = redirect.url.split_once('?').expect("a query").1;
    let posted = hidden(page.page.html(), "SAMLRequest").expect("a field");
    for delivered in [Delivered::Redirect(query), Delivered::Post(posted)] {
        assert_eq!(code(verifier.verify_request(delivered, now())), "issuer_mismatch");
        // It is genuine, and to be taken by the other side alone.
        let theirs = IdentityProvider::new(SP, idp.trusted_keys().clone()).expect("us");
        let theirs = LogoutVerifier::new(&ServiceProvider::new(IDP, ACS).expect("them"), theirs, SLO).expect("a verifier");
        assert_eq!(code(theirs.verify_request(delivered, now())), "accepted");
    }
}

#[test]
fn an_answer_that_is_built_answers_the_request() {
    let (sp, idp, key) = (sp(), connection(), our_key("rsa2048"));
    let by_redirect = request(Delivered::Redirect(&detached(&TestIdp::new(IDP), "SAMLRequest", REQUEST, Some("r&s")))).unwrap();
    let by_post = request(Delivered::Post(&common_field(REQUEST))).unwrap();
    for (failure, expected) in [
        (None, Ok(false)),
        (Some(LogoutFailure::Partial), Ok(true)),
        (Some(LogoutFailure::UnknownPrincipal), Err("status_not_success")),
        (Some(LogoutFailure::Responder), Err("status_not_success")),
    ] {
        for (request, relay_state) in [(&by_redirect, Some("r&s")), (&by_post, Some("field"))] {
            let mut outgoing = OutgoingResponse::new(&sp, &idp, request, &key).expect("an answer");
            outgoing = failure.into_iter().fold(outgoing, OutgoingResponse::failure);
            if request.signed_relay_state().is_none() {
                outgoing = outgoing.relay_state("field");
            }
            let url = outgoing.redirect(now()).expect("a URL");
            let (_, query) = url.split_once('?').expect("a query");
            let page = outgoing.post(now()).expect("a page");
            let posted = hidden(page.html(), "SAMLResponse").expect("a field");
            assert_eq!(hidden(page.html(), "RelayState").map(|value| value.replace("&amp;", "&")).as_deref(), relay_state);
            for (delivered, signed) in [(Delivered::Redirect(query), relay_state), (Delivered::Post(posted), None)] {
                let outcome = theirs("rsa2048").verify_response(delivered, "_request", now());
                if let Ok(response) = &outcome {
                    assert_eq!(response.signed_relay_state(), signed);
                }
                assert_eq!(outcome.map(|response| response.is_partial()).map_err(|error| error.code()), expected);
            }
        }
    }
}

/// The nonce is the given one or a fresh one, and every answer has an ID that nobody can guess.
#[test]
fn an_answer_has_an_id_and_a_nonce_of_its_own() {
    const NONCE: &str = "0123456789abcdef";
    let (sp, idp, key) = (sp(), connection(), our_key("p256"));
    let request = request(Delivered::Post(&common_field(REQUEST))).expect("signed");
    let answer = || OutgoingResponse::new(&sp, &idp, &request, &key).expect("an answer");
    let nonce_of = |answer: OutgoingResponse<'_>| {
        let page = answer.post(now()).expect("a page");
        let (_, nonce) = page.html().split_once("<script nonce=\"").expect("a script");
        let nonce = nonce.split('"').next().expect("a nonce").to_owned();
        assert!(page.content_security_policy().contains(&format!("'nonce-{nonce}'")));
        nonce
    };
    assert_eq!(nonce_of(answer().nonce(NONCE)), NONCE);
    let fresh = [(); 2].map(|()| nonce_of(answer()));
    assert!(fresh[0] != fresh[1] && fresh.iter().all(|nonce| nonce.len() >= 16), "{fresh:?}");
    let refused = answer().nonce("short").post(now()).expect_err("a nonce that can be guessed");
    assert!(matches!(refused, RequestError::InvalidValue { name: "nonce", .. }), "{refused:?}");

    let id_of =
        |delivered: Delivered<'_>| theirs("p256").verify_response(delivered, "_request", now()).expect("signed").id().to_owned();
    let redirected = |url: String| id_of(Delivered::Redirect(url.split_once('?').expect("a query").1));
    let posted = |page: PostPage| id_of(Delivered::Post(hidden(page.html(), "SAMLResponse").expect("a field")));
    let ids = [
        redirected(answer().redirect(now()).expect("a URL")),
        redirected(answer().redirect(now()).expect("a URL")),
        posted(answer().post(now()).expect("a page")),
        posted(answer().post(now()).expect("a page")),
    ];
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
    for id in &ids {
        let digits = id.strip_prefix('_').expect("an XML name");
        assert!(digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
    }

    let unwritable = ServiceProvider::new("urn:s\u{1}p", ACS).expect("a service provider");
    let answer = OutgoingResponse::new(&unwritable, &idp, &request, &key).expect("an answer");
    for refused in [answer.redirect(now()).expect_err("an Issuer"), answer.post(now()).expect_err("an Issuer")] {
        let reason = "it has control characters, which XML has no way to write";
        assert_eq!(refused, RequestError::InvalidValue { name: "Issuer", reason });
    }
}

/// For a log: which message and connection, and nothing about the user.
#[test]
fn debug_forms_say_which_message_and_nothing_of_the_user() {
    let (sp, idp, session, key) = (sp(), connection(), full_session(), our_key("p256"));
    let received = request(Delivered::Redirect(&detached(&common::logout::idp(), "SAMLRequest", REQUEST, Some("personal"))));
    let received = received.expect("signed");
    let answered = response(Delivered::Redirect(&detached(&common::logout::idp(), "SAMLResponse", RESPONSE, Some("personal"))));
    let (answered, issued) = (answered.expect("signed"), "issue_instant: \"2025-03-03T09:59:00.000Z\"");
    let sending = OutgoingRequest::new(&sp, &idp, &session, &key).expect("a request").relay_state("personal");
    let answering = OutgoingResponse::new(&sp, &idp, &received, &key).expect("an answer").failure(LogoutFailure::Partial);
    let redirect = sending.redirect(now()).expect("a URL");
    for (shown, says) in [
        (format!("{received:?}"), vec!["LogoutRequest { issuer: \"urn:idp\", id: \"_request\"", issued]),
        (format!("{answered:?}"), vec!["LogoutResponse { issuer: \"urn:idp\", id: \"_response\", in_response_to: \"_pending\""]),
        (format!("{sending:?}"), vec!["OutgoingRequest { identity_provider: \"urn:idp\", key: "]),
        (format!("{answering:?}"), vec!["OutgoingResponse { request: LogoutRequest {", "\"_request\"", "Some(Partial)"]),
        (format!("{redirect:?}"), vec!["LogoutRedirect { pending: ", redirect.pending.id()]),
        (format!("{:?}", Delivered::Post("personal")), vec!["Post(..)"]),
        (format!("{:?}", Delivered::Redirect("personal")), vec!["Redirect(..)"]),
        (format!("{:?}", Delivered::Xml(b"personal")), vec!["Xml(..)"]),
    ] {
        assert!(says.iter().all(|part| shown.contains(part)), "{shown} does not say {says:?}");
        assert!(["ada", "personal", "_s1"].iter().all(|part| !shown.contains(part)), "{shown}");
    }
}

#[test]
fn a_session_is_that_of_the_login() {
    let name = NameId::new("ada").with_format("urn:f").with_name_qualifier("q");
    let field = idp().response(SP, ACS, now()).in_response_to(PENDING).name_id(name.clone()).session_index("_s1").to_form_field();
    let login = Verifier::new(sp(), connection()).verify_post(&field, Expect::AnswerTo(PENDING), now()).expect("a login");
    let session = Session::of(&login.without_replay_protection()).expect("a name");
    assert_eq!(session, Session::new(IDP, name, Some("_s1".to_owned())));
}

#[test]
fn urls_and_skew_are_checked_when_the_service_starts() {
    for (url, expected) in [
        ("https://sp.example/slo", None),
        ("http://localhost:3000/slo", None),
        ("http://sp.example/slo", Some("invalid_slo_url")),
        ("/slo", Some("invalid_slo_url")),
    ] {
        let error = LogoutVerifier::new(&sp(), connection(), url).err();
        assert_eq!(error.as_ref().map(saml_verify::ConfigError::code), expected, "{url}");
        let told = error.is_some_and(|error| error.to_string().contains("allow `http-acs-url` knowingly"));
        assert_eq!(told, url == "http://sp.example/slo", "{url}");
    }
    let more = verifier().also_accepting_slo_url("https://old.example/slo").expect("a URL");
    let field = common_field(&REQUEST.replace("sp.example", "old.example"));
    assert!(more.verify_request(Delivered::Post(&field), now()).is_ok());
    assert!(verifier().clock_skew(Duration::from_secs(301)).is_err());
    let strict = verifier().clock_skew(Duration::ZERO).expect("a skew");
    let late = common_field(&REQUEST.replace("10:04:00Z", "10:00:00Z"));
    assert_eq!(code(strict.verify_request(Delivered::Post(&late), now())), "expired");
    assert!(connection().single_logout_url("http://idp.example/slo").is_err());
    assert_eq!(connection().slo_redirect_url(), Some("https://idp.example/slo?tenant=a"));
    let small = verifier().limits(Limits { document_bytes: 64, ..Limits::DEFAULT });
    assert_eq!(code(small.verify_request(Delivered::Post(&late), now())), "too_long");
    assert_eq!(format_rfc3339(now()), "2025-03-03T10:00:00.000Z");
}
