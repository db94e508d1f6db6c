//! Messages of logout of an identity provider, and the vectors that are made of them.

use std::io::Write;
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use saml_verify::canonical::Algorithm;
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{SignedPart, internals};

use super::{read, read_text, testdata, to_base64};

pub(crate) const IDP: &str = "urn:idp";
pub(crate) const SP: &str = "urn:sp";
pub(crate) const ACS: &str = "https://sp.example/acs";
pub(crate) const SLO: &str = "https://sp.example/slo";
pub(crate) const PENDING: &str = "_pending";
pub(crate) const NOW: &str = "2025-03-03T10:00:00Z";
pub(crate) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// The request of the identity provider, to which nothing was done; its signature goes in front of the name.
pub(crate) const REQUEST: &str = "<p:LogoutRequest xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
                       ID=\"_request\" Version=\"2.0\" IssueInstant=\"2025-03-03T09:59:00Z\" NotOnOrAfter=\"2025-03-03T10:04:00Z\" \
                       Destination=\"https://sp.example/slo\" Reason=\"urn:oasis:names:tc:SAML:2.0:logout:user\"><a:Issuer>urn:idp\
                       </a:Issuer><a:NameID Format=\"urn:f\">ada</a:NameID><p:SessionIndex>_s1</p:SessionIndex></p:LogoutRequest>";

pub(crate) const RESPONSE: &str = "<p:LogoutResponse xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
                        ID=\"_response\" Version=\"2.0\" IssueInstant=\"2025-03-03T09:59:00Z\" InResponseTo=\"_pending\" \
                        Destination=\"https://sp.example/slo\"><a:Issuer>urn:idp</a:Issuer><p:Status><p:StatusCode \
                        Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></p:Status></p:LogoutResponse>";

fn now() -> SystemTime {
    parse_rfc3339(NOW).expect("a time")
}

pub(crate) fn idp() -> TestIdp {
    TestIdp::new(IDP)
}

/// Another key, which nobody trusts.
pub(crate) fn stranger() -> TestIdp {
    let folder = testdata("auth0/keys");
    TestIdp::with_key(IDP, &read_text(&folder.join("idp-rsa3072.key")), &read(&folder.join("idp-rsa3072.pem"))).expect("a key")
}

/// The Signature of the element of that ID.
pub(crate) fn signature(by: &TestIdp, xml: &str, id: &str) -> String {
    internals::sign(by, xml, id, Algorithm::Exclusive10, "")
}

/// The message with the signature of the element of that ID behind the first Issuer, or first.
pub(crate) fn enveloped(by: &TestIdp, xml: &str, id: &str) -> String {
    let place = if xml.contains("</a:Issuer>") { "</a:Issuer>" } else { ">" };
    xml.replacen(place, &format!("{place}{}", signature(by, xml, id)), 1)
}

pub(crate) fn field(xml: &str) -> String {
    to_base64(xml.as_bytes())
}

pub(crate) fn escape(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") }).collect()
}

pub(crate) fn deflate(xml: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(xml.as_bytes()).and_then(|()| encoder.finish()).expect("in memory")
}

/// What a query signs.
pub(crate) fn octets(parameter: &str, xml: &str, relay_state: Option<&str>, method: &str) -> String {
    let relay_state = relay_state.map(|value| format!("&RelayState={}", escape(value))).unwrap_or_default();
    format!("{parameter}={}{relay_state}&SigAlg={}", escape(&to_base64(&deflate(xml))), escape(method))
}

pub(crate) fn sign_query(by: &TestIdp, octets: &str) -> String {
    with_value(octets, &internals::sign_octets(by, octets.as_bytes()))
}

fn with_value(octets: &str, value: &[u8]) -> String {
    format!("{octets}&Signature={}", escape(&to_base64(value)))
}

/// A query with its detached signature.
pub(crate) fn detached(by: &TestIdp, parameter: &str, xml: &str, relay_state: Option<&str>) -> String {
    sign_query(by, &octets(parameter, xml, relay_state, RSA_SHA256))
}

/// A vector of `testdata/logout`.
pub(crate) struct Vector {
    pub(crate) id: &'static str,
    /// What it attacks: a row of `tests/THREATS.md`.
    pub(crate) class: &'static str,
    /// What it is handed over as: `logout_request`, `logout_response` or `login`.
    pub(crate) kind: &'static str,
    /// The document of a form field, or a raw query.
    pub(crate) message: Message,
    /// `accepted`, or the code of the refusal.
    pub(crate) expect: &'static str,
    /// The vector that differs in one thing and is accepted.
    pub(crate) twin: &'static str,
    pub(crate) why: &'static str,
}

pub(crate) enum Message {
    Post(String),
    Redirect(String),
}

/// The part of a text from where one text starts to where the other ends.
fn part<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).expect("a start");
    let length = text[from..].find(end).expect("an end") + end.len();
    &text[from..from + length]
}

const SIGNATURE_END: &str = "</ds:Signature>";

pub(crate) fn vectors() -> Vec<Vector> {
    let mut all = requests_by_post();
    all.extend(responses_by_post());
    all.extend(by_redirect());
    all.extend(one_in_place_of_the_other());
    all
}

fn requests_by_post() -> Vec<Vector> {
    let genuine = enveloped(&idp(), REQUEST, "_request");
    let signature = signature(&idp(), REQUEST, "_request");
    let forged = REQUEST.replace("ada", "eve").replace("_request", "_forged");
    let after_issuer = |xml: &str, what: &str| xml.replacen("</a:Issuer>", &format!("</a:Issuer>{what}"), 1);
    let extensions = |what: &str| format!("<p:Extensions>{what}</p:Extensions>");
    let with_key_info = |message: &str, certificate: &str| {
        let certificate: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
        let info = format!(
            "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>{SIGNATURE_END}"
        );
        message.replace(SIGNATURE_END, &info)
    };
    let [trusted, untrusted] = ["idp-rsa2048.pem", "idp-rsa3072.pem"].map(|name| read_text(&testdata("auth0/keys").join(name)));
    let by_stranger = enveloped(&stranger(), REQUEST, "_request");
    let login = idp().response(SP, ACS, now()).in_response_to(PENDING).signed(SignedPart::Both).to_xml();
    let assertion = part(&login, "<saml:Assertion", "</saml:Assertion>");
    let (of_response, of_assertion) =
        (part(&login, "<ds:Signature", SIGNATURE_END), part(assertion, "<ds:Signature", SIGNATURE_END));
    let id_of = |element: &str| part(element, " ID=\"", "\" ").trim_start_matches(" ID=\"").trim_end_matches("\" ").to_owned();
    let declared = "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" xmlns:xs=\"urn:xs\" xmlns:xsi=\"urn:xsi\"";
    let rows: Vec<(&str, &str, String, &str, &str)> = vec![
        ("request", "SLO-1", genuine.clone(), "accepted", "the genuine request, its element signed"),
        (
            "request-with-certificate",
            "SLO-1",
            with_key_info(&genuine, &trusted),
            "accepted",
            "the same, which shows the certificate of its key",
        ),
        ("request-unsigned", "SLO-1", REQUEST.to_owned(), "unsigned", "nobody signed it"),
        (
            "request-edited",
            "SLO-1",
            genuine.replace(">ada<", ">eve<"),
            "digest_mismatch",
            "another user, behind the signature's back",
        ),
        ("request-index-edited", "SLO-1", genuine.replace("_s1", "_s2"), "digest_mismatch", "another session"),
        (
            "request-index-removed",
            "SLO-1",
            genuine.replace("<p:SessionIndex>_s1</p:SessionIndex>", ""),
            "digest_mismatch",
            "all sessions instead of one",
        ),
        ("request-end-edited", "SLO-1", genuine.replace("10:04:00Z", "11:04:00Z"), "digest_mismatch", "valid for longer"),
        (
            "request-wrapped-in-extensions",
            "SLO-3",
            after_issuer(&forged, &extensions(&genuine)),
            "unsigned",
            "the genuine one, with its signature, inside of a forged one",
        ),
        (
            "request-wrapped-with-its-signature",
            "SLO-3",
            after_issuer(&after_issuer(&forged, &extensions(REQUEST)), &signature),
            "reference_mismatch",
            "the genuine one inside of a forged one, which carries its signature",
        ),
        (
            "request-wrapped-in-signature",
            "SLO-3",
            after_issuer(&forged, &signature.replace(SIGNATURE_END, &format!("<ds:Object>{REQUEST}</ds:Object>{SIGNATURE_END}"))),
            "signature_malformed",
            "the genuine one in the Object of its own signature",
        ),
        (
            "request-same-id-twice",
            "SLO-3",
            after_issuer(&after_issuer(&forged, &extensions(REQUEST)).replace("_forged", "_request"), &signature),
            "duplicate_id",
            "two elements of the ID that was signed",
        ),
        (
            "request-wrapped-in-response",
            "SLO-3",
            RESPONSE.replace("<p:Status>", &format!("{}<p:Status>", extensions(&genuine))),
            "unexpected_root",
            "the genuine one inside of the other kind of message",
        ),
        (
            "request-second-name",
            "SLO-3",
            genuine.replace("<a:NameID", "<a:NameID>eve</a:NameID><a:NameID"),
            "digest_mismatch",
            "a name in front of the one that was signed",
        ),
        (
            "request-two-signatures",
            "SLO-3",
            after_issuer(&genuine, &signature),
            "several_signatures",
            "two signatures, of which a reader could pick either",
        ),
        (
            "request-signature-last",
            "SLO-3",
            REQUEST.replace("</p:LogoutRequest>", &format!("{signature}</p:LogoutRequest>")),
            "signature_misplaced",
            "the signature is not behind the Issuer",
        ),
        ("request-other-key", "SLO-8", by_stranger.clone(), "untrusted_key", "signed by a key that nobody trusts"),
        (
            "request-other-key-shown",
            "SLO-8",
            with_key_info(&by_stranger, &untrusted),
            "untrusted_key",
            "the same, which shows the certificate of that key",
        ),
        (
            "request-other-key-disguised",
            "SLO-8",
            with_key_info(&by_stranger, &trusted),
            "signature_invalid",
            "the same, which shows the certificate of the trusted key",
        ),
        (
            "request-hmac",
            "SLO-9",
            genuine.replace(RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
            "signature_algorithm_refused",
            "a method whose secret would be the public key",
        ),
        (
            "request-sha1",
            "SLO-9",
            genuine.replace(RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
            "signature_algorithm_refused",
            "a weaker method by name",
        ),
        ("request-no-method", "SLO-9", genuine.replace(RSA_SHA256, ""), "signature_algorithm_refused", "a method without a name"),
        (
            "request-ecdsa-by-name",
            "SLO-9",
            genuine.replace(RSA_SHA256, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
            "key_type_mismatch",
            "a method of another kind of key",
        ),
        (
            "request-doctype",
            "SLO-10",
            format!("<!DOCTYPE p:LogoutRequest [<!ENTITY e \"eve\">]>{genuine}"),
            "doctype",
            "a document type with an entity",
        ),
        (
            "request-comment-in-name",
            "SLO-10",
            genuine.replace(">ada<", ">a<!-- -->da<"),
            "accepted",
            "canonical XML drops comments: the name is read whole, as it was signed",
        ),
        (
            "request-comment-that-cuts",
            "SLO-10",
            genuine.replace(">ada<", ">ada<!-- -->.evil.example<"),
            "digest_mismatch",
            "more of the name behind a comment",
        ),
        (
            "request-comment-ambiguous",
            "SLO-10",
            genuine.replace(">ada<", ">ada<!--> --><"),
            "ambiguous_comment",
            "a comment that an HTML parser ends earlier",
        ),
        (
            "request-assertion-signature",
            "SLO-3",
            after_issuer(&REQUEST.replace("_request", "_forged"), of_assertion),
            "reference_mismatch",
            "the signature of an assertion",
        ),
        (
            "request-assertion-signature-and-id",
            "SLO-3",
            after_issuer(&REQUEST.replace("_request", &id_of(assertion)), of_assertion),
            "digest_mismatch",
            "the same, and the request has the assertion's ID",
        ),
        (
            "request-login-signature-and-id",
            "SLO-3",
            after_issuer(&REQUEST.replace("_request", &id_of(&login)), of_response),
            "digest_mismatch",
            "the signature of the whole login, and its ID",
        ),
        (
            "request-assertion-wrapped",
            "SLO-3",
            after_issuer(
                &REQUEST.replace("<a:NameID", &format!("<p:Extensions {declared}>{assertion}</p:Extensions><a:NameID")),
                of_assertion,
            ),
            "reference_mismatch",
            "the same, and the assertion is there, too",
        ),
        (
            "request-answer-signature",
            "SLO-3",
            after_issuer(REQUEST, &self::signature(&idp(), RESPONSE, "_response")),
            "reference_mismatch",
            "the signature of an answer",
        ),
        (
            "request-other-namespace",
            "SLO-2",
            genuine.replace("SAML:2.0:protocol", "SAML:1.1:protocol"),
            "unexpected_root",
            "an element of the same name that is none of SAML 2.0",
        ),
        (
            "request-in-soap",
            "SLO-2",
            format!("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>{genuine}</s:Body></s:Envelope>"),
            "unexpected_root",
            "the genuine one in SOAP, which is another binding",
        ),
        (
            "request-other-issuer",
            "SLO-5",
            enveloped(&idp(), &REQUEST.replace(">urn:idp<", ">urn:other<"), "_request"),
            "issuer_mismatch",
            "the key is shared with another tenant, who signed it",
        ),
        (
            "request-other-destination",
            "SLO-5",
            enveloped(&idp(), &REQUEST.replace("sp.example", "other.example"), "_request"),
            "destination_mismatch",
            "signed for another service",
        ),
        (
            "request-expired",
            "SLO-5",
            enveloped(&idp(), &REQUEST.replace("10:04:00Z", "09:56:00Z"), "_request"),
            "expired",
            "kept for later",
        ),
    ];
    let twin = |id: &str| {
        if id == "request-other-key-shown" || id == "request-other-key-disguised" {
            "request-with-certificate"
        } else {
            "request"
        }
    };
    rows.into_iter()
        .map(|(id, class, xml, expect, why)| Vector {
            id,
            class,
            kind: "logout_request",
            message: Message::Post(xml),
            expect,
            twin: twin(id),
            why,
        })
        .collect()
}

fn responses_by_post() -> Vec<Vector> {
    let genuine = enveloped(&idp(), RESPONSE, "_response");
    let signature = signature(&idp(), RESPONSE, "_response");
    let after_issuer = |xml: &str, what: &str| xml.replacen("</a:Issuer>", &format!("</a:Issuer>{what}"), 1);
    let forged = RESPONSE.replace("_response", "_forged");
    let failed = RESPONSE.replace("status:Success", "status:Responder");
    let rows: Vec<(&str, &str, String, &str, &str)> = vec![
        ("response", "SLO-1", genuine.clone(), "accepted", "the genuine answer, its element signed"),
        ("response-unsigned", "SLO-1", RESPONSE.to_owned(), "unsigned", "nobody signed it"),
        (
            "response-status-edited",
            "SLO-1",
            enveloped(&idp(), &failed, "_response").replace("status:Responder", "status:Success"),
            "digest_mismatch",
            "a failure that is made a success",
        ),
        (
            "response-other-request",
            "SLO-5",
            enveloped(&idp(), &RESPONSE.replace(PENDING, "_other"), "_response"),
            "in_response_to_mismatch",
            "the answer to another request",
        ),
        (
            "response-request-edited",
            "SLO-1",
            enveloped(&idp(), &RESPONSE.replace(PENDING, "_other"), "_response").replace("_other", PENDING),
            "digest_mismatch",
            "the same, made to answer ours",
        ),
        (
            "response-other-key",
            "SLO-8",
            enveloped(&stranger(), RESPONSE, "_response"),
            "untrusted_key",
            "signed by a key that nobody trusts",
        ),
        (
            "response-wrapped",
            "SLO-3",
            after_issuer(&forged, &format!("<p:Extensions>{genuine}</p:Extensions>")),
            "unsigned",
            "the genuine one inside of a forged one",
        ),
        (
            "response-wrapped-with-its-signature",
            "SLO-3",
            after_issuer(&after_issuer(&forged, &format!("<p:Extensions>{RESPONSE}</p:Extensions>")), &signature),
            "reference_mismatch",
            "the same, and the forged one carries the signature",
        ),
        (
            "response-second-status",
            "SLO-3",
            genuine.replace(
                "<p:Status>",
                "<p:Status><p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></p:Status><p:Status>",
            ),
            "digest_mismatch",
            "a status in front of the one that was signed",
        ),
        ("response-doctype", "SLO-10", format!("<!DOCTYPE x>{genuine}"), "doctype", "a document type"),
    ];
    rows.into_iter()
        .map(|(id, class, xml, expect, why)| Vector {
            id,
            class,
            kind: "logout_response",
            message: Message::Post(xml),
            expect,
            twin: "response",
            why,
        })
        .collect()
}

fn by_redirect() -> Vec<Vector> {
    let query = |xml: &str| detached(&idp(), "SAMLRequest", xml, Some("r"));
    let genuine = query(REQUEST);
    let (octets_of_genuine, value) = genuine.split_once("&Signature=").expect("a signature");
    let forged = octets("SAMLRequest", &REQUEST.replace("ada", "eve"), Some("r"), RSA_SHA256);
    let answer = detached(&idp(), "SAMLResponse", RESPONSE, Some("r"));
    let value_of = |query: &str| query.split_once("&Signature=").expect("a signature").1.to_owned();
    let in_element = enveloped(&idp(), REQUEST, "_request");
    let element_value = part(&in_element, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let element_value = element_value.trim_start_matches("<ds:SignatureValue>").trim_end_matches("</ds:SignatureValue>");
    let by_method = |method: &str| sign_query(&idp(), &octets("SAMLRequest", REQUEST, Some("r"), method));
    let authn_request = "<p:AuthnRequest xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_a\" Version=\"2.0\" IssueInstant=\"2025-03-03T09:59:00Z\"/>";
    let forged_message = forged.split('&').next().expect("a message");
    let rows: Vec<(&str, &str, String, &str, &str)> = vec![
        ("redirect", "SLO-1", genuine.clone(), "accepted", "the genuine request, its query signed"),
        ("redirect-unsigned", "SLO-1", octets_of_genuine.to_owned(), "missing_parameter", "nobody signed it"),
        (
            "redirect-edited",
            "SLO-1",
            format!("{forged}&Signature={value}"),
            "untrusted_key",
            "another user, under the genuine signature",
        ),
        ("redirect-relay-state-edited", "SLO-4", genuine.replace("=r&", "=s&"), "untrusted_key", "another RelayState"),
        ("redirect-relay-state-dropped", "SLO-4", genuine.replace("RelayState=r&", ""), "untrusted_key", "no RelayState"),
        (
            "redirect-message-first",
            "SLO-4",
            format!("{forged_message}&{genuine}"),
            "duplicate_parameter",
            "a forged message in front of the genuine one",
        ),
        (
            "redirect-message-last",
            "SLO-4",
            format!("{genuine}&{forged_message}"),
            "duplicate_parameter",
            "a forged message behind the genuine one",
        ),
        (
            "redirect-message-in-other-case",
            "SLO-4",
            format!("{genuine}&{}", forged_message.replace("SAMLRequest", "samlrequest")),
            "name_in_other_case",
            "the same for a reader that ignores case",
        ),
        (
            "redirect-method-in-other-case",
            "SLO-4",
            format!("{genuine}&sigalg=x"),
            "name_in_other_case",
            "another method for a reader that ignores case",
        ),
        (
            "redirect-name-escaped",
            "SLO-4",
            format!("{genuine}&{}", forged_message.replace("SAMLRequest", "%53AMLRequest")),
            "escaped_name",
            "the same for a reader that decodes names",
        ),
        ("redirect-both-kinds", "SLO-4", format!("{genuine}&SAMLResponse=x"), "request_and_response", "a request and an answer"),
        (
            "redirect-more-parameters",
            "SLO-4",
            format!("tenant=a&{genuine}&next=b"),
            "accepted",
            "parameters that are none of the binding's",
        ),
        (
            "redirect-other-key",
            "SLO-8",
            detached(&stranger(), "SAMLRequest", REQUEST, Some("r")),
            "untrusted_key",
            "signed by a key that nobody trusts",
        ),
        (
            "redirect-hmac",
            "SLO-9",
            by_method("http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
            "signature_algorithm_refused",
            "a method whose secret would be the public key",
        ),
        (
            "redirect-sha1",
            "SLO-9",
            by_method("http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
            "signature_algorithm_refused",
            "a weaker method by name",
        ),
        ("redirect-no-method", "SLO-9", by_method(""), "signature_algorithm_refused", "a method without a name"),
        (
            "redirect-ecdsa-by-name",
            "SLO-9",
            by_method("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
            "key_type_mismatch",
            "a method of another kind of key",
        ),
        (
            "redirect-answer-signature",
            "SLO-3",
            format!("{octets_of_genuine}&Signature={}", value_of(&answer)),
            "untrusted_key",
            "the signature of the query of an answer",
        ),
        (
            "redirect-element-signature",
            "SLO-3",
            with_text(octets_of_genuine, element_value),
            "untrusted_key",
            "the signature value of the same message, signed as an element",
        ),
        (
            "redirect-renamed",
            "SLO-2",
            answer.replace("SAMLResponse=", "SAMLRequest="),
            "untrusted_key",
            "an answer in the parameter of requests, under its signature",
        ),
        (
            "redirect-answer-in-parameter",
            "SLO-2",
            query(RESPONSE),
            "unexpected_root",
            "an answer that was signed in the parameter of requests",
        ),
        ("redirect-authn-request", "SLO-2", query(authn_request), "unexpected_root", "an AuthnRequest, signed"),
        (
            "redirect-doctype",
            "SLO-10",
            query(&format!("<!DOCTYPE p:LogoutRequest [<!ENTITY e \"eve\">]>{REQUEST}")),
            "doctype",
            "a document type, signed",
        ),
        (
            "redirect-comment-in-name",
            "SLO-10",
            query(&REQUEST.replace(">ada<", ">a<!-- -->da<")),
            "accepted",
            "a comment in the name, which is read whole",
        ),
        (
            "redirect-element-edited",
            "SLO-4",
            query(&in_element.replace(">ada<", ">eve<")),
            "digest_mismatch",
            "an XML signature in the message that does not hold, under a query signature that does",
        ),
        ("redirect-element-signed-too", "SLO-4", query(&in_element), "accepted", "both signatures hold"),
        (
            "redirect-undeflated",
            "SLO-4",
            format!("SAMLRequest={}", escape(&field(&in_element))),
            "accepted",
            "not compressed, its element signed: so Auth0's package sends it without `deflate`",
        ),
        (
            "redirect-undeflated-unsigned",
            "SLO-1",
            format!("SAMLRequest={}", escape(&field(REQUEST))),
            "unsigned",
            "not compressed, and nobody signed it",
        ),
        (
            "redirect-undeflated-query-signed",
            "SLO-4",
            sign_query(&idp(), &format!("SAMLRequest={}&SigAlg={}", escape(&field(REQUEST)), escape(RSA_SHA256))),
            "not_deflate",
            "a query signature is one over a compressed message",
        ),
    ];
    let twin = |id: &str| match id {
        "redirect-element-edited" => "redirect-element-signed-too",
        "redirect-undeflated-unsigned" => "redirect-undeflated",
        _ => "redirect",
    };
    rows.into_iter()
        .map(|(id, class, query, expect, why)| Vector {
            id,
            class,
            kind: "logout_request",
            message: Message::Redirect(query),
            expect,
            twin: twin(id),
            why,
        })
        .collect()
}

fn with_text(octets: &str, value: &str) -> String {
    format!("{octets}&Signature={}", escape(value))
}

/// Every message in the place of every other.
fn one_in_place_of_the_other() -> Vec<Vector> {
    let login = idp().response(SP, ACS, now()).in_response_to(PENDING).signed(SignedPart::Both).to_xml();
    let (request, response) = (enveloped(&idp(), REQUEST, "_request"), enveloped(&idp(), RESPONSE, "_response"));
    let authn_request = enveloped(
        &idp(),
        "<p:AuthnRequest xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
         ID=\"_authn\" Version=\"2.0\" IssueInstant=\"2025-03-03T09:59:00Z\" Destination=\"https://sp.example/slo\"><a:Issuer>urn:idp</a:Issuer>\
         </p:AuthnRequest>",
        "_authn",
    );
    let rows = [
        ("login", "login", Message::Post(login.clone()), "accepted", "login", "the genuine login"),
        (
            "login-as-request",
            "logout_request",
            Message::Post(login.clone()),
            "unexpected_root",
            "request",
            "a login in place of a request",
        ),
        (
            "login-as-response",
            "logout_response",
            Message::Post(login.clone()),
            "unexpected_root",
            "response",
            "a login in place of an answer",
        ),
        (
            "login-as-redirected-response",
            "logout_response",
            Message::Redirect(detached(&idp(), "SAMLResponse", &login, None)),
            "unexpected_root",
            "response-redirect",
            "a login by redirect, signed as an answer",
        ),
        (
            "response-redirect",
            "logout_response",
            Message::Redirect(detached(&idp(), "SAMLResponse", RESPONSE, None)),
            "accepted",
            "response-redirect",
            "the genuine answer, its query signed",
        ),
        (
            "request-as-login",
            "login",
            Message::Post(request.clone()),
            "unexpected_root",
            "login",
            "a request in place of a login",
        ),
        (
            "response-as-login",
            "login",
            Message::Post(response.clone()),
            "unexpected_root",
            "login",
            "an answer in place of a login",
        ),
        (
            "request-as-response",
            "logout_response",
            Message::Post(request),
            "unexpected_root",
            "response",
            "a request in place of an answer",
        ),
        (
            "response-as-request",
            "logout_request",
            Message::Post(response),
            "unexpected_root",
            "request",
            "an answer in place of a request",
        ),
        (
            "authn-request-as-request",
            "logout_request",
            Message::Post(authn_request.clone()),
            "unexpected_root",
            "request",
            "an AuthnRequest in place of a request",
        ),
        (
            "authn-request-as-response",
            "logout_response",
            Message::Post(authn_request.clone()),
            "unexpected_root",
            "response",
            "an AuthnRequest in place of an answer",
        ),
        (
            "authn-request-as-login",
            "login",
            Message::Post(authn_request),
            "unexpected_root",
            "login",
            "an AuthnRequest in place of a login",
        ),
    ];
    rows.into_iter()
        .map(|(id, kind, message, expect, twin, why)| Vector { id, class: "SLO-2", kind, message, expect, twin, why })
        .collect()
}
