//! Our requests before the eyes of an identity provider that others wrote: npm `samlp`, Auth0's own package.
//!
//! `tests/interop/idp.js` is started on loopback, and our messages take the way through HTTP that a browser would take. Ignored, for
//! it needs node and what `npm ci` installs there; `.ci/run interop` installs and runs it. Times are those of the clock, as the
//! answers are.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use common::{read, testdata};
use saml_verify::logout::{Delivered, LogoutFailure, LogoutVerifier, OutgoingRequest, OutgoingResponse, Session};
use saml_verify::{
    AuthnRequest, IdentityProvider, LoginPage, NameId, PendingRequests, ServiceProvider, SigningKey, TrustedKeys,
    UntrustedRelayState, Verifier,
};
use serde_json::Value;

const ISSUER: &str = "urn:acme-dev.us.auth0.com";
const ACS_URL: &str = "https://portal.example.com/saml/acs";
const SP: &str = "urn:example:sp:portal";

/// RelayStates that are written in more than one way, and what else may go wrong with one.
const RELAY_STATES: [Option<&str>; 30] = [
    None,
    Some(""),
    Some("token"),
    Some(" "),
    Some("!"),
    Some("'"),
    Some("("),
    Some(")"),
    Some("*"),
    Some("~"),
    Some("+"),
    Some("%"),
    Some("&"),
    Some("="),
    Some("\""),
    Some("<"),
    Some(">"),
    Some("! ' ( ) * ~ + % & = \"<>"),
    Some("a b  c"),
    Some("%20+%2B%"),
    Some("&RelayState=x&SigAlg=y"),
    Some("https://portal.example.com/?a=b&c=d#e"),
    Some("-_.,;:@/?#[]{}|\\^`$"),
    Some("été 漢字 \u{1F600}"),
    Some("e\u{301}\u{2028}x"),
    Some("\"><script>alert(1)</script>"),
    Some("&amp;&#39;&quot;"),
    Some("{\"a\":[1,2]}"),
    Some("01234567890123456789012345678901234567890123456789012345678901234567890123456789"),
    Some("éééééééééééééééééééééééééééééééééééééééé"),
];

const QUERIES: [&str; 4] = ["", "?", "?connection=employees", "?connection=a%20b&organization=org_1"];

/// The identity provider, for as long as the value lives.
struct Idp {
    process: Child,
    port: u16,
}

impl Idp {
    fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop");
        assert!(folder.join("node_modules/samlp").is_dir(), "run `npm ci` in tests/interop, or `.ci/run interop`");
        let mut process = Command::new("node")
            .args(["--no-deprecation", "idp.js"])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let port = line.trim().parse().unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self { process, port }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn connection(&self, path: &str) -> IdentityProvider {
        let keys = TrustedKeys::from_pem(read(&testdata("auth0/keys/idp-rsa2048.pem"))).expect("a certificate");
        let idp = IdentityProvider::new(ISSUER, keys).expect("an identity provider");
        idp.single_sign_on_url(self.url(path)).expect("a URL")
    }

    /// The connection of a scene in which sessions end.
    fn logout_connection(&self, path: &str) -> IdentityProvider {
        self.connection(path).single_logout_url(self.url(path)).expect("a URL")
    }

    /// Where the browser is sent with a message of logout, or which page.
    fn follow(&self, url: &str) -> String {
        let path = url.strip_prefix(&self.url("")).unwrap_or_else(|| panic!("another host: {url}"));
        self.whole_answer(&format!("GET {path}"), "")
    }

    fn sessions_left(&self, scene: &str) -> u64 {
        json(&self.get(&self.url(&format!("/sessions/{scene}"))))["sessions"].as_u64().expect("a number")
    }

    /// What comes back for a request of HTTP.
    fn exchange(&self, head: &str, body: &str) -> String {
        let answer = self.whole_answer(head, body);
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no body: {answer}"));
        body.to_owned()
    }

    /// The same with its head.
    fn whole_answer(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        let length = body.len();
        let request = format!("{head} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n");
        let form = if body.is_empty() { "" } else { "Content-Type: application/x-www-form-urlencoded\r\n" };
        stream.write_all(format!("{request}{form}\r\n{body}").as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn get(&self, url: &str) -> String {
        let path = url.strip_prefix(&self.url("")).unwrap_or_else(|| panic!("another host: {url}"));
        self.exchange(&format!("GET {path}"), "")
    }

    /// Submits the form of a page, as a browser does.
    fn submit(&self, page: &LoginPage) -> String {
        let answer = self.submit_whole(page.page.html());
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no body: {answer}"));
        body.to_owned()
    }

    fn submit_whole(&self, html: &str) -> String {
        let action = unescape(attribute(html, "action"));
        let path = action.strip_prefix(&self.url("")).unwrap_or_else(|| panic!("another host: {action}"));
        self.whole_answer(&format!("POST {path}"), &form_body(&fields(html)))
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// The value of the first attribute of that name.
fn attribute<'a>(html: &'a str, name: &str) -> &'a str {
    let start = format!("{name}=\"");
    let (_, rest) = html.split_once(&start).unwrap_or_else(|| panic!("no {name} in {html}"));
    rest.split('"').next().unwrap_or_default()
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#34;", "\"");
    text.replace("&#39;", "'").replace("&amp;", "&")
}

/// The hidden fields of a page.
fn fields(html: &str) -> Vec<(String, String)> {
    let inputs = html.split("<input").skip(1).filter(|input| input.contains("type=\"hidden\""));
    inputs.map(|input| (attribute(input, "name").to_owned(), unescape(attribute(input, "value")))).collect()
}

fn form_body(fields: &[(String, String)]) -> String {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") })
            .collect()
    };
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn sp() -> ServiceProvider {
    ServiceProvider::new(SP, ACS_URL).expect("a service provider")
}

fn key(name: &str) -> SigningKey {
    SigningKey::from_pem(read(&testdata("signing").join(format!("{name}.pkcs8.pem")))).expect("a key")
}

fn now() -> SystemTime {
    SystemTime::now()
}

/// What samlp says of a request, by redirect and by POST. A browser writes an apostrophe in a query as an escape.
fn judge(idp: &Idp, request: &AuthnRequest<'_>) -> [(String, Value); 2] {
    let redirect = request.redirect(now()).expect("a URL");
    let page = request.post(now()).expect("a page");
    let as_in_a_browser = idp.get(&redirect.url.replace('\'', "%27"));
    let as_it_is = idp.get(&redirect.url);
    assert_eq!(as_in_a_browser, as_it_is);
    let posted = idp.submit(&page);
    [(redirect.pending.id().to_owned(), json(&as_it_is)), (page.pending.id().to_owned(), json(&posted))]
}

#[test]
#[ignore = "needs node and tests/interop/node_modules: .ci/run interop"]
fn every_request_is_read_and_every_rsa_signature_verified() {
    let (idp, sp) = (Idp::start(), sp());
    let key = key("rsa2048");
    let mut taken = 0;
    for query in QUERIES {
        for relay_state in RELAY_STATES {
            for signed in [false, true] {
                let path = format!("/parse/{}{query}", if signed { "rsa2048" } else { "none" });
                let connection = idp.connection(&path);
                let mut request = AuthnRequest::new(&sp, &connection).expect("a request");
                request = relay_state.into_iter().fold(request, |request, value| request.relay_state(value));
                request = if signed { request.sign_with(&key) } else { request };
                for (id, verdict) in judge(&idp, &request) {
                    let data = &verdict["data"];
                    let told = format!("{path} {relay_state:?}: {verdict}");
                    assert_eq!(data["id"], *id, "{told}");
                    assert_eq!(data["issuer"], SP, "{told}");
                    assert_eq!(data["assertionConsumerServiceURL"], ACS_URL, "{told}");
                    assert_eq!(data["destination"], idp.url(&path), "{told}");
                    assert_eq!(verdict["relayState"].as_str(), relay_state.filter(|value| !value.is_empty()), "{told}");
                    if query.contains("connection") {
                        assert!(verdict["query"]["connection"].is_string(), "{told}");
                    }
                    taken += 1;
                }
            }
        }
    }
    assert_eq!(taken, QUERIES.len() * RELAY_STATES.len() * 4);
}

#[test]
#[ignore = "needs node and tests/interop/node_modules: .ci/run interop"]
fn whatever_is_asked_for_arrives() {
    let (idp, sp) = (Idp::start(), sp());
    let connection = idp.connection("/parse/rsa2048?connection=a");
    let key = key("rsa2048");
    let name = NameId::new("ada & <co>").with_format("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress");
    let class = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    let request = AuthnRequest::new(&sp, &connection).expect("a request").sign_with(&key).force_authn().is_passive();
    let request = request.subject(&name).provider_name("Portal \"é\"").name_id_format("urn:x").allow_create(true);
    let request = request.authn_context(class).login_hint("ada+x@example.com").relay_state("it's");
    for (id, verdict) in judge(&idp, &request) {
        let data = &verdict["data"];
        assert_eq!(data["id"], *id, "{verdict}");
        assert_eq!(data["forceAuthn"], "true", "{verdict}");
        assert_eq!(data["subject"], "ada & <co>", "{verdict}");
        assert_eq!(data["requestedAuthnContext"]["authnContextClassRef"], class, "{verdict}");
        assert_eq!(verdict["query"]["login_hint"], "ada+x@example.com", "{verdict}");
        assert_eq!(verdict["query"]["connection"], "a", "{verdict}");
    }
}

/// samlp knows RSA alone; what it says of other keys is what Auth0's administrators will see.
#[test]
#[ignore = "needs node and tests/interop/node_modules: .ci/run interop"]
fn what_is_not_signed_as_it_must_be_is_refused() {
    let (idp, sp) = (Idp::start(), sp());
    let (rsa, p256, p384, ed25519) = (key("rsa2048"), key("p256"), key("p384"), key("ed25519"));
    let unsigned = "SAMLRequest message MUST be signed when using an asynchronous binding (POST or Redirect)";
    let algorithm = "Invalid signature algorithm. Supported algorithms are http://www.w3.org/2001/04/xmldsig-more#rsa-sha1 and \
                     http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let unknown = "' is not supported";
    for (certificate, key, redirect, post) in [
        ("rsa2048", None, unsigned, unsigned),
        ("p256", Some(&rsa), "Signature check errors", "Signature check errors"),
        ("p256", Some(&p256), algorithm, unknown),
        ("p384", Some(&p384), algorithm, unknown),
        ("ed25519", Some(&ed25519), algorithm, unknown),
    ] {
        let connection = idp.connection(&format!("/parse/{certificate}"));
        let mut request = AuthnRequest::new(&sp, &connection).expect("a request");
        request = key.into_iter().fold(request, AuthnRequest::sign_with);
        let [(_, by_redirect), (_, by_post)] = judge(&idp, &request);
        for (verdict, expected) in [(by_redirect, redirect), (by_post, post)] {
            assert!(verdict["error"].as_str().is_some_and(|error| error.contains(expected)), "{certificate}: {verdict}");
        }
    }
    let connection = idp.connection("/parse/rsa2048");
    let request = AuthnRequest::new(&sp, &connection).expect("a request").sign_with(&rsa).relay_state("a b");
    let url = request.redirect(now()).expect("a URL").url;
    for (encoded, accepted) in [("a%20b", true), ("a+b", true), ("a%20c", false), ("a%2520b", false)] {
        let verdict = json(&idp.get(&url.replace("RelayState=a%20b", &format!("RelayState={encoded}"))));
        assert_eq!(verdict["data"].is_object(), accepted, "{encoded}: {verdict}");
    }
}

#[test]
#[ignore = "needs node and tests/interop/node_modules: .ci/run interop"]
fn its_answer_is_the_one_that_is_pending() {
    let (idp, sp) = (Idp::start(), sp());
    let key = key("rsa2048");
    let mut verified = 0;
    for part in ["assertion", "response"] {
        for signed in [false, true] {
            let connection = idp.connection(&format!("/samlp/{part}{}", if signed { "?signed=1" } else { "" }));
            let verifier = Verifier::new(sp.clone(), connection.clone());
            let mut request = AuthnRequest::new(&sp, &connection).expect("a request").relay_state("it's <&> \"é\" + %");
            request = if signed { request.return_to("/reports").sign_with(&key) } else { request.return_to("/reports") };

            let (redirect, page) = (request.redirect(now()).expect("a URL"), request.post(now()).expect("a page"));
            let answers = [(idp.get(&redirect.url), redirect.pending), (idp.submit(&page), page.pending)];
            let mut tabs = PendingRequests::default();
            answers.iter().for_each(|(_, pending)| tabs.add(pending.clone()));
            for (answer, pending) in &answers {
                let form = fields(answer);
                let field = |name: &str| form.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
                let (response, relay_state) = (field("SAMLResponse"), field("RelayState").unwrap_or_default());
                let response = response.unwrap_or_else(|| panic!("no answer: {answer}"));

                let expect = pending.expect(connection.entity_id(), now()).expect("pending");
                let login = verifier.verify_post(&response, expect, now()).expect("accepted").without_replay_protection();
                assert_eq!(login.name_id().value, "auth0|64f0c2a17d9e4b0012ab34cd");
                assert!(UntrustedRelayState::new(relay_state).matches(pending.relay_state().expect("one was sent")));
                assert_eq!(tabs.take_answered(&login).as_ref(), Some(pending));
                assert_eq!(tabs.take_answered(&login), None);

                let other = answers.iter().map(|(_, pending)| pending).find(|other| other.id() != pending.id()).expect("another");
                let expect = other.expect(connection.entity_id(), now()).expect("pending");
                let error = verifier.verify_post(&response, expect, now()).expect_err("another request");
                assert_eq!(error.code(), "in_response_to_mismatch");
                verified += 1;
            }
            assert!(tabs.is_empty());
        }
    }
    assert_eq!(verified, 8);
}

const SLO_URL: &str = "https://portal.example.com/saml/slo";

/// A message of logout as a browser brings it to our single logout URL.
enum Brought {
    Query(String),
    Field { message: String, relay_state: String },
}

impl Brought {
    /// Out of an answer of HTTP: a redirect, or a page with a form.
    fn of(answer: &str, parameter: &str) -> Self {
        let location = answer.lines().find_map(|line| line.strip_prefix("Location: "));
        if let Some((_, query)) = location.and_then(|url| url.trim().split_once(&format!("{SLO_URL}?"))) {
            assert!(query.starts_with(parameter), "{query}");
            return Self::Query(query.to_owned());
        }
        assert_eq!(attribute(answer, "action"), SLO_URL, "{answer}");
        let form = fields(answer);
        let field = |name: &str| form.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
        let message = field(parameter).unwrap_or_else(|| panic!("no {parameter}: {answer}"));
        Self::Field { message, relay_state: field("RelayState").unwrap_or_default() }
    }

    fn delivered(&self) -> Delivered<'_> {
        match self {
            Self::Query(query) => Delivered::Redirect(query),
            Self::Field { message, .. } => Delivered::Post(message),
        }
    }
}

fn session(index: &str) -> Session {
    let name = NameId::new("auth0|64f0c2a17d9e4b0012ab34cd");
    let name = name.with_format("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified");
    Session::new(ISSUER, name, Some(index.to_owned()))
}

/// The user logs out here: our request, and its answer. Each way there with each way back.
#[test]
#[ignore = "needs node and tests/interop/node_modules: .ci/run interop"]
fn a_logout_that_starts_here_ends_there() {
    let (idp, sp, key, session) = (Idp::start(), sp(), key("rsa2048"), session("_session-1"));
    let mut ended = 0;
    for (binding, by_post, partial) in
        [("redirect", false, false), ("redirect", true, false), ("post", false, true), ("post", true, false)]
    {
        let scene = format!("{}-{binding}-{by_post}", if partial { "partial" } else { "whole" });
        let connection = idp.logout_connection(&format!("/logout/{scene}/{binding}"));
        let verifier = LogoutVerifier::new(&sp, connection.clone(), SLO_URL).expect("a verifier");
        let outgoing = OutgoingRequest::new(&sp, &connection, &session, &key).expect("a request");
        let outgoing = outgoing.relay_state("it's <&> \"\u{e9}\" + %");
        assert_eq!(idp.sessions_left(&scene), 1);
        let (answer, pending) = if by_post {
            let page = outgoing.post(now()).expect("a page");
            (idp.submit_whole(page.page.html()), page.pending)
        } else {
            let redirect = outgoing.redirect(now()).expect("a URL");
            (idp.follow(&redirect.url), redirect.pending)
        };
        assert_eq!(idp.sessions_left(&scene), 0, "{answer}");
        let brought = Brought::of(&answer, "SAMLResponse");
        let expected = pending.expect(ISSUER, now()).expect("pending");
        let response = verifier.verify_response(brought.delivered(), expected, now()).expect("accepted");
        assert_eq!((response.in_response_to(), response.is_partial()), (pending.id(), partial));
        let relay_state = match &brought {
            Brought::Query(_) => response.signed_relay_state().unwrap_or_default().to_owned(),
            Brought::Field { relay_state, .. } => relay_state.clone(),
        };
        assert!(UntrustedRelayState::new(relay_state).matches(pending.relay_state().expect("one was sent")));
        let other = verifier.verify_response(brought.delivered(), "_other", now()).expect_err("another request");
        assert_eq!(other.code(), "in_response_to_mismatch");
        ended += 1;
    }
    assert_eq!(ended, 4);
}

/// Auth0 finds a session by NameID and SessionIndex, and verifies the signature by the certificate of that session.
#[test]
#[ignore = "needs node and tests/interop/node_modules: .ci/run interop"]
fn a_logout_of_another_session_or_with_another_key_ends_nothing() {
    let (idp, sp) = (Idp::start(), sp());
    let connection = idp.logout_connection("/logout/untouched/post");
    let no_session = ["Invalid Session Participant"; 2];
    let rows =
        [("_session-2", "rsa2048", no_session), ("_session-1", "p256", ["Invalid signature algorithm", "is not supported"])];
    for (index, key_name, refused) in rows {
        let (session, key) = (session(index), key(key_name));
        let outgoing = OutgoingRequest::new(&sp, &connection, &session, &key).expect("a request");
        let redirected = idp.follow(&outgoing.redirect(now()).expect("a URL").url);
        let posted = idp.submit_whole(outgoing.post(now()).expect("a page").page.html());
        for (answer, refused) in [redirected, posted].iter().zip(refused) {
            assert!(answer.starts_with("HTTP/1.1 400") && answer.contains(refused), "{refused}: {answer}");
        }
    }
    assert_eq!(idp.sessions_left("untouched"), 1);
}

/// The user logs out there: its request, our answer.
#[test]
#[ignore = "needs node and tests/interop/node_modules: .ci/run interop"]
fn a_logout_that_starts_there_ends_here() {
    let (idp, sp, key) = (Idp::start(), sp(), key("rsa2048"));
    let mut ended = 0;
    for (binding, by_post, failure) in [
        ("redirect", false, None),
        ("redirect", true, None),
        ("post", false, None),
        ("post", true, None),
        ("post", true, Some(LogoutFailure::Responder)),
    ] {
        let scene = format!("there-{binding}-{by_post}-{}", failure.is_some());
        let connection = idp.logout_connection(&format!("/logout/{scene}/{binding}"));
        let verifier = LogoutVerifier::new(&sp, connection.clone(), SLO_URL).expect("a verifier");
        let store = saml_verify::InProcessReplayStore::default();
        assert_eq!(idp.sessions_left(&scene), 1);

        let brought = Brought::of(&idp.follow(&idp.url(&format!("/logout/{scene}/{binding}"))), "SAMLRequest");
        let verify = || verifier.verify_request(brought.delivered(), now()).expect("accepted");
        let request = verify().claim(&store).expect("once");
        assert_eq!(verify().claim(&store).expect_err("twice").code(), "replayed");
        assert!(request.concerns(&session("_session-1")) && !request.concerns(&session("_session-2")));

        let mut outgoing = OutgoingResponse::new(&sp, &connection, &request, &key).expect("an answer");
        outgoing = failure.into_iter().fold(outgoing, OutgoingResponse::failure);
        if let Brought::Field { relay_state, .. } = &brought {
            outgoing = outgoing.relay_state(relay_state);
        }
        let answer = if by_post {
            idp.submit_whole(outgoing.post(now()).expect("a page").html())
        } else {
            idp.follow(&outgoing.redirect(now()).expect("a URL"))
        };
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(idp.sessions_left(&scene), 0, "{answer}");
        ended += 1;
    }
    assert_eq!(ended, 5);
}
