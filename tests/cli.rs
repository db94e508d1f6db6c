//! The command line: what goes in, what comes out, and the exit code.

#![cfg(feature = "cli")]

mod common;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use common::posted::personal;
use common::{cases, conclude, read, read_text, testdata, text};
use serde_json::{Value, json};

/// Runs the program in the folder of the package.
fn start(arguments: &[&str]) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_saml-verify"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// What a run left behind.
struct Run {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let stderr = String::from_utf8(output.stderr).expect("standard error is text");
        assert!(!stderr.contains("panicked"), "{stderr}");
        Self { code: output.status.code(), stdout: output.stdout, stderr }
    }
}

impl Run {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("standard output is text")
    }

    /// The one JSON object on standard output.
    fn json(&self) -> Value {
        let value: Value = serde_json::from_str(self.text()).unwrap_or_else(|error| panic!("{error}: {}", self.text()));
        assert!(value.is_object() && self.text().lines().count() == 1, "{value}");
        value
    }
}

fn run(arguments: &[&str], stdin: &[u8]) -> Run {
    let mut child = start(arguments);
    // A run that does not read its input may be over before it gets any.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin);
    child.wait_with_output().expect("the program ends").into()
}

/// A row of a manifest with the folder that it is in.
struct Case {
    folder: &'static str,
    row: Value,
}

impl Case {
    fn of(folder: &'static str, id: &str) -> Self {
        let mut all = cases(&testdata(folder)).into_iter();
        let row = all.find(|row| row["id"] == id).unwrap_or_else(|| panic!("no case {id} in {folder}"));
        Self { folder, row }
    }

    fn path(&self, field: &str) -> String {
        format!("testdata/{}/{}", self.folder, text(&self.row, field))
    }

    fn content(&self, field: &str) -> Vec<u8> {
        read(&testdata(self.folder).join(text(&self.row, field)))
    }

    /// The options that describe its connection.
    fn options(&self) -> Vec<String> {
        let row = &self.row;
        let audience = row["sp_entity_id"].as_str().unwrap_or_else(|| text(row, "audience"));
        let skew = row["clock_skew_seconds"].as_u64().unwrap_or(60).to_string();
        let mut options = vec![
            ("--idp-cert", self.path("idp_cert")),
            ("--idp-entity-id", text(row, "idp_entity_id").to_owned()),
            ("--sp-entity-id", audience.to_owned()),
            ("--acs-url", text(row, "acs_url").to_owned()),
            ("--now", text(row, "now").to_owned()),
            ("--clock-skew", skew),
        ];
        let additional = row["idp_cert_additional"].as_array().into_iter().flatten().chain(row.get("idp_cert_additional"));
        let additional = additional.filter_map(Value::as_str);
        options.extend(additional.map(|file| ("--idp-cert", format!("testdata/{}/{file}", self.folder))));
        options.extend(row["requires"].as_array().into_iter().flatten().filter_map(departure).map(|name| ("--allow", name)));
        let flags = match row["in_response_to"].as_str() {
            Some(id) => vec!["--in-response-to".to_owned(), id.to_owned()],
            None => vec!["--unsolicited".to_owned()],
        };
        options.into_iter().flat_map(|(option, value)| [option.to_owned(), value]).chain(flags).collect()
    }

    /// What a refusal shows of the user; an accepted login shows everything.
    fn leak(&self, outcome: &Run) -> Option<String> {
        let field = String::from_utf8(self.content("b64")).expect("text");
        let personal = personal(&testdata(self.folder), &self.row, &field);
        let shown = || personal.shown_in(outcome.text()).or_else(|| personal.shown_in(&outcome.stderr));
        (outcome.code != Some(0)).then(shown).flatten().map(|value| format!("shows {value}"))
    }

    fn verify(&self, more: &[&str], stdin: &[u8]) -> Run {
        let options = self.options();
        let arguments: Vec<&str> =
            ["verify"].into_iter().chain(options.iter().map(String::as_str)).chain(more.iter().copied()).collect();
        run(&arguments, stdin)
    }
}

/// The name that `--allow` takes for a permission of the manifest.
fn departure(permission: &Value) -> Option<String> {
    match permission.as_str()? {
        "sha1" => Some("sha1".to_owned()),
        "signature_not_after_issuer" => Some("signature-position".to_owned()),
        _ => None,
    }
}

fn default_login() -> Case {
    Case::of("auth0", "a-default-sha256")
}

/// Percent-encodes what a browser would.
fn form_value(text: &str) -> String {
    text.replace('%', "%25").replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

const ACCEPTED: [&str; 29] = [
    "user_id",
    "identified_by",
    "subject_name_id",
    "verdict",
    "issuer",
    "name_id",
    "name_id_format",
    "name_qualifier",
    "sp_name_qualifier",
    "sp_provided_id",
    "subject_key",
    "session_index",
    "session_not_on_or_after",
    "authn_context",
    "authn_instant",
    "issue_instant",
    "not_before",
    "not_on_or_after",
    "in_response_to",
    "assertion_id",
    "response_id",
    "one_time_use",
    "confirmed_address",
    "signed",
    "signed_by",
    "signatures",
    "warnings",
    "attributes",
    "checks",
];
const REFUSED: [&str; 8] = ["verdict", "stage", "code", "message", "expected", "received", "remedy", "checks"];
const STAGES: [&str; 8] = ["decode", "xml", "status", "signature", "decrypt", "structure", "constraint", "replay"];

/// Whether the object has these keys; `checks` is the one that `--explain` adds.
fn has_keys(object: &Value, keys: &[&str], explained: bool) -> bool {
    let mut expected: Vec<&str> = keys.iter().copied().filter(|key| explained || *key != "checks").collect();
    let mut got: Vec<&str> = object.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    expected.sort_unstable();
    got.sort_unstable();
    got == expected
}

/// What is wrong with a verdict as the contract has it.
fn complaint(outcome: &Run, explained: bool) -> Option<String> {
    let verdict = outcome.json();
    let (word, keys, code) = match outcome.code {
        Some(0) => ("accepted", ACCEPTED.as_slice(), 0),
        _ => ("refused", REFUSED.as_slice(), 1),
    };
    if outcome.code != Some(code) || verdict["verdict"] != word || !has_keys(&verdict, keys, explained) {
        return Some(format!("exit code {:?} with {verdict}", outcome.code));
    }
    let filled = |key: &str| verdict[key].as_str().is_some_and(|text| !text.is_empty());
    if code == 1 && !(["stage", "code", "message", "remedy"].into_iter().all(filled) && STAGES.contains(&text(&verdict, "stage")))
    {
        return Some(format!("incomplete: {verdict}"));
    }
    (!outcome.stderr.is_empty()).then(|| format!("on standard error: {}", outcome.stderr))
}

#[test]
fn every_auth0_response_gets_the_verdict_and_the_values_of_its_manifest() {
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for row in cases(&testdata("auth0")) {
        let impossible = row["requires"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|name| name == "destination_mismatch" || name == "missing_recipient");
        if text(&row, "kind") != "response" || !row["decryption_key"].is_null() || text(&row, "expect") == "either" {
            continue;
        }
        looked_at += 1;
        let case = Case { folder: "auth0", row };
        let outcome = case.verify(&["--json", &case.path("b64")], b"");
        let accepted = text(&case.row, "expect") == "accept" && !impossible;
        let id = text(&case.row, "id");
        wrong.extend(complaint(&outcome, false).map(|complaint| format!("{id}: {complaint}")));
        wrong.extend(case.leak(&outcome).map(|leak| format!("{id}: {leak}")));
        match (accepted, outcome.code) {
            (true, Some(0)) if text(&outcome.json(), "subject_key").len() != 64 => wrong.push(format!("{id}: no subject key")),
            (true, Some(0)) => wrong.extend(difference(&case.row, &outcome.json()).map(|field| format!("{id}: {field}"))),
            (false, Some(1)) => {}
            _ => wrong.push(format!("{id}: {}", outcome.text())),
        }
    }
    conclude("auth0 by the command line", looked_at, &wrong);
}

/// The first field of an accepted login that is not as in the manifest.
fn difference(row: &Value, verdict: &Value) -> Option<String> {
    let mut got = verdict.clone();
    for attribute in got["attributes"].as_array_mut().into_iter().flatten() {
        let attribute = attribute.as_object_mut().expect("an object");
        attribute.retain(|key, _| key == "name" || key == "values");
    }
    let fields = [
        "issuer",
        "name_id",
        "name_id_format",
        "session_index",
        "authn_context",
        "not_before",
        "not_on_or_after",
        "in_response_to",
        "signed",
        "attributes",
    ];
    let field = fields.into_iter().find(|field| got[*field] != row[*field])?;
    Some(format!("{field}: expected {}, got {}", row[field], got[field]))
}

#[test]
fn every_attack_is_refused_with_what_the_contract_promises() {
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for row in cases(&testdata("attacks")) {
        if text(&row, "binding") != "post" || !row["sp_key"].is_null() || text(&row, "level") != "must" {
            continue;
        }
        looked_at += 1;
        let case = Case { folder: "attacks", row };
        let outcome = case.verify(&["--json", "--explain", "--input", "post", &case.path("b64")], b"");
        let expected = if text(&case.row, "expect") == "accept" { Some(0) } else { Some(1) };
        let id = text(&case.row, "id");
        wrong.extend(complaint(&outcome, true).map(|complaint| format!("{id}: {complaint}")));
        let told = case.verify(&["--explain", "--input", "post", &case.path("b64")], b"");
        wrong.extend([&outcome, &told].into_iter().filter_map(|outcome| case.leak(outcome)).map(|leak| format!("{id}: {leak}")));
        let verdict = outcome.json();
        let first = verdict["checks"].as_array().and_then(|checks| checks.iter().find(|check| check["outcome"] == "fail"));
        if first.map_or(&Value::Null, |failed| &failed["code"]) != &verdict["code"] {
            wrong.push(format!("{id}: the first failed check is another one than the verdict's"));
        }
        if outcome.code != expected {
            wrong.push(format!("{id}: {}", outcome.text()));
        }
    }
    conclude("attacks by the command line", looked_at, &wrong);
}

#[test]
fn a_message_gets_one_verdict_in_whatever_form_it_comes() {
    for id in ["a-default-sha256", "a-rej-expired", "a-rej-nameid-changed"] {
        let case = Case::of("auth0", id);
        let xml = case.content("file");
        let posted = read_text(&testdata("auth0").join(text(&case.row, "b64")));
        let lines: Vec<&str> = posted.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let form = format!("SAMLResponse={}&RelayState=%2Fhome%3Fx", form_value(&posted));
        let reversed = format!("RelayState=a+b&SAMLResponse={}\n", form_value(&posted));
        let inputs: [(&[&str], Vec<u8>); 13] = [
            (&[], posted.clone().into_bytes()),
            (&["-"], posted.clone().into_bytes()),
            (&["--input", "post"], posted.clone().into_bytes()),
            (&[], lines.join("\n").into_bytes()),
            (&["--input", "post"], lines.join("\r\n").into_bytes()),
            (&[], format!("\u{FEFF}{posted}\r\n").into_bytes()),
            (&[], xml.clone()),
            (&["--input", "xml", "-"], xml),
            (&[], form.clone().into_bytes()),
            (&["--input", "form"], form.into_bytes()),
            (&[], reversed.into_bytes()),
            (&[&case.path("b64")], Vec::new()),
            (&[&case.path("file"), "--input", "xml"], Vec::new()),
        ];
        let expected = case.verify(&["--json", &case.path("b64")], b"");
        for (arguments, stdin) in inputs {
            let got = case.verify(&[arguments, &["--json"]].concat(), &stdin);
            assert_eq!((got.code, got.text()), (expected.code, expected.text()), "{id} {arguments:?}");
        }
    }
}

/// What one run must leave behind: parts of both streams. An empty list wants an empty stream.
struct Expected<'a> {
    code: i32,
    stdout: &'a [&'a str],
    stderr: &'a [&'a str],
}

fn check(what: &str, outcome: &Run, expected: &Expected<'_>) {
    let seen = format!("{what}\n-- code {:?}\n{}\n-- stderr\n{}", outcome.code, outcome.text(), outcome.stderr);
    assert_eq!(outcome.code, Some(expected.code), "{seen}");
    assert_eq!(outcome.text().is_empty(), expected.stdout.is_empty(), "{seen}");
    assert_eq!(outcome.stderr.is_empty(), expected.stderr.is_empty(), "{seen}");
    assert!(outcome.stderr.lines().count() <= 1, "{seen}");
    for part in expected.stdout {
        assert!(outcome.text().contains(part), "{part:?} is not in standard output of {seen}");
    }
    for part in expected.stderr {
        assert!(outcome.stderr.contains(part), "{part:?} is not on standard error of {seen}");
    }
}

#[test]
fn refusals_say_what_was_compared() {
    let values = |id: &str, more: &[&str]| {
        let outcome = Case::of("auth0", id);
        let verdict = outcome.verify(&[&["--json", &outcome.path("b64")], more].concat(), b"").json();
        (verdict["code"].clone(), verdict["expected"].clone(), verdict["received"].clone())
    };
    for (id, code, expected, received) in [
        ("a-rej-audience", "audience_mismatch", json!("urn:example:sp:someone-else"), json!(["urn:example:sp:portal"])),
        ("a-rej-nameid-changed", "digest_mismatch", json!(null), json!(null)),
        ("a-rej-unsigned", "unsigned", json!(null), json!(null)),
    ] {
        assert_eq!(values(id, &[]), (json!(code), expected, received), "{id}");
    }
    let (code, expected, received) = values("a-default-sha256", &["--input", "form"]);
    assert_eq!((code, expected), (json!("missing_field"), json!("SAMLResponse")));
    assert!(received.is_array());
}

/// A case, more arguments, the exit code, and parts of both streams.
type Telling<'a> = (&'a str, &'a [&'a str], i32, &'a [&'a str], &'a [&'a str]);

#[test]
fn verify_tells_people_what_they_ask() {
    let accepted = [
        "ACCEPTED  auth0|64f0c2a17d9e4b0012ab34cd of urn:acme-dev.us.auth0.com\n",
        "_lbxZi9pThdOWSPQH0bNIvlID3oaTShxo",
        "2025-03-03T11:00:00.123Z (in 59 min)",
        "CN=acme-dev.us.auth0.com",
        "attributes (13)\n  http://schemas.xmlsoap.org/",
        "/claims/nameidentifier\n    auth0|64f0c2a17d9e4b0012ab34cd\n",
        "certificate_not_valid",
    ];
    let refused =
        ["REFUSED  ", "expected", "urn:example:sp:portal", "received", "SAML Core 2.5.1.4", "remedy", "audience_mismatch"];
    let forged =
        ["REFUSED  ", "  FAIL        D15 ", "  pass        E9 ", "  not reached D1 ", "  n/a         E8 ", "may be forged"];
    let rows: [Telling<'_>; 10] = [
        ("a-default-sha256", &[], 0, &accepted, &[]),
        ("a-default-sha256", &["--expired-certificate", "ignore"], 0, &accepted[..4], &[]),
        ("a-default-sha256", &["--expired-certificate", "refuse"], 1, &["REFUSED", "remedy"], &[]),
        ("a-default-sha256", &["--explain"], 0, &["ACCEPTED", "  pass        E11 "], &[]),
        ("a-default-sha256", &["--input", "xml"], 1, &["REFUSED", "not_well_formed"], &[]),
        (
            "a-default-sha256",
            &["--allow", "aes-cbc"],
            0,
            &["ACCEPTED"],
            &["note: --allow aes-cbc changes nothing without --decryption-key"],
        ),
        ("a-rej-audience", &[], 1, &refused, &[]),
        ("a-rej-nameid-changed", &["--explain"], 1, &forged, &[]),
        ("a-default-sha1", &["--allow", "sha1-digest", "--allow", "sha1-signature"], 0, &["ACCEPTED"], &[]),
        ("a-idp-initiated", &[], 0, &["answers         no request (unsolicited)"], &[]),
    ];
    for (id, more, code, stdout, stderr) in rows {
        let case = Case::of("auth0", id);
        let outcome = case.verify(&[&[case.path("b64").as_str()], more].concat(), b"");
        check(&format!("{id} {more:?}"), &outcome, &Expected { code, stdout, stderr });
        assert!(!outcome.stdout.contains(&0x1B), "colour without a terminal");
    }
}

#[test]
fn an_explanation_lists_every_check() {
    for (id, outcome) in [("a-default-sha256", "pass"), ("a-rej-audience", "fail")] {
        let case = Case::of("auth0", id);
        let run = case.verify(&["--json", "--explain", &case.path("b64")], b"");
        assert_eq!(complaint(&run, true), None);
        let verdict = run.json();
        let checks = verdict["checks"].as_array().expect("a list");
        let audience = checks.iter().find(|check| check["id"] == "E11").expect("the audience check");
        assert_eq!(audience["outcome"], outcome);
        for check in checks {
            assert!(["pass", "fail", "not_applicable", "not_reached"].contains(&text(check, "outcome")), "{check}");
            assert_eq!(check["remedy"].is_string(), check["outcome"] == "fail", "{check}");
        }
    }
    let large = vec![b'A'; 7 << 20];
    for (stdin, id, code) in [
        (b"https://sp.example/acs?SAMLResponse=x".as_slice(), "A1", "redirect_binding"),
        (b"SAMLRequest=x", "A1", "missing_field"),
        (b"\xFF\xD8\xFF\xE0\0", "A2", "not_utf8_text"),
        (&large, "A5", "too_long"),
    ] {
        let run = default_login().verify(&["--json", "--explain"], stdin);
        assert_eq!(complaint(&run, true), None);
        let verdict = run.json();
        let checks = verdict["checks"].as_array().expect("a list");
        let failed: Vec<_> = checks.iter().filter(|check| check["outcome"] == "fail").map(|check| text(check, "id")).collect();
        assert_eq!((failed, text(&verdict, "code")), (vec![id], code));
        assert!(checks.iter().all(|check| check["outcome"] == "fail" || check["outcome"] == "not_reached"), "{code}");
        assert_eq!(["A2", "A4", "B1", "E11"].map(|id| checks.iter().any(|check| check["id"] == id)), [true; 4]);
    }
}

/// What concerns the service and not its identity provider is allowed on the same list.
#[test]
fn an_acs_url_without_tls_has_to_be_allowed() {
    let case = default_login();
    let mut options = case.options();
    let at = options.iter().position(|option| option == "--acs-url").expect("the option") + 1;
    options[at] = "http://portal.intra.example:7001/saml/acs".to_owned();
    let message = case.path("b64");
    let verify = |more: &[&str]| {
        let given = options.iter().map(String::as_str).chain(more.iter().copied());
        run(&["verify", "--json"].into_iter().chain(given).chain([&*message]).collect::<Vec<_>>(), b"")
    };
    for more in [&[][..], &["--allow", "whole-document-reference"]] {
        let refused = verify(more);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains("--acs-url") && refused.stderr.contains("allow `http-acs-url`"), "{}", refused.stderr);
    }
    let judged = verify(&["--allow", "http-acs-url"]);
    assert_eq!((judged.code, judged.json()["code"].as_str()), (Some(1), Some("destination_mismatch")));
    assert_eq!(judged.stderr, "");
}

/// What a line of the program may be wide.
const COLUMNS: usize = 80;

#[test]
fn an_explanation_begins_with_the_failures_and_fits_80_columns() {
    let long = format!("https://sp.example/{}?{}", "a-very-long-path/".repeat(20), "query=x&".repeat(30));
    let audience = format!("urn:{}", "w".repeat(400));
    let case = default_login();
    let wrong = ["--acs-url", &long, "--sp-entity-id", &audience, &case.path("b64")];
    let replaced = completed(&case, &[&["verify"], wrong.as_slice(), &["--explain"]].concat());
    let outcome = run(&replaced.iter().map(String::as_str).collect::<Vec<_>>(), b"");
    let text = outcome.text();
    let after = |start: &str| text.split_once(start).unwrap_or_else(|| panic!("{start} in {text}")).1;
    let failures = after(" checks failed:\n");
    assert!(text.contains("\n3 of "), "{text}");
    for (line, start) in failures.lines().zip(["  C2   Response: ", "  E4   Assertion: ", "  E11  Assertion: "]) {
        assert!(line.starts_with(start), "{line}");
    }
    assert!(failures.contains(": destination_mismatch\n") && failures.contains("\nchecks\n"), "{text}");
    assert!(failures.find("\nchecks\n") < failures.find("  FAIL        C2 "), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= COLUMNS, "{line}");
    }
    // Nothing is lost where a line is cut.
    let together: String = text.split_whitespace().collect();
    assert!(together.contains(&long) && together.contains(&audience), "{text}");
}

#[test]
fn the_failures_alone_are_shown_on_request() {
    let case = Case::of("auth0", "a-rej-audience");
    let of = |more: &[&str]| case.verify(&[&[case.path("b64").as_str()], more].concat(), b"");
    let told = of(&["--failures"]);
    let parts = ["REFUSED  ", "\n1 of ", " checks failed:\n  FAIL        E11  Assertion: ", "         remedy   "];
    check("--failures", &told, &Expected { code: 1, stdout: &parts, stderr: &[] });
    assert!(!told.text().contains("  pass  ") && !told.text().contains("not reached"), "{}", told.text());
    for more in [&["--failures", "--json"][..], &["--failures", "--explain", "--json"]] {
        let verdict = of(more).json();
        let checks = verdict["checks"].as_array().expect("a list");
        assert_eq!(checks.iter().map(|row| text(row, "id")).collect::<Vec<_>>(), ["E11"]);
    }
    let good = default_login();
    let outcome = good.verify(&["--failures", &good.path("b64")], b"");
    let none = ["ACCEPTED  ", "\nnone of ", " checks failed\n"];
    check("no failures", &outcome, &Expected { code: 0, stdout: &none, stderr: &[] });
    assert_eq!(good.verify(&["--failures", "--json", &good.path("b64")], b"").json()["checks"], json!([]));
}

/// The options of the case, but for those on the request.
fn asking(case: &Case, requests: &[&str], more: &[&str]) -> Run {
    let mut options = case.options();
    let place = options.iter().position(|option| option == "--in-response-to" || option == "--unsolicited").expect("a request");
    options.drain(place..);
    let requests = requests.iter().flat_map(|id| ["--in-response-to", id]);
    let message = case.path("b64");
    let arguments = ["verify"].into_iter().chain(options.iter().map(String::as_str)).chain(requests);
    run(&arguments.chain([message.as_str()]).chain(more.iter().copied()).collect::<Vec<_>>(), b"")
}

#[test]
fn any_of_several_requests_is_answered() {
    const OURS: &str = "_43848dd96f2ec8be2d4c";
    let case = default_login();
    for requests in [&[OURS][..], &["_x", OURS], &[OURS, OURS, "_x"]] {
        let verdict = asking(&case, requests, &["--json"]).json();
        assert_eq!((&verdict["verdict"], &verdict["in_response_to"]), (&json!("accepted"), &json!(OURS)), "{requests:?}");
    }
    let verdict = asking(&case, &["_x", "_y"], &["--json"]).json();
    assert_eq!((text(&verdict, "code"), &verdict["expected"]), ("in_response_to_mismatch", &json!(["_x", "_y"])));
    assert_eq!(verdict["received"], json!(OURS));
}

#[test]
fn a_saved_message_is_looked_at_without_its_request_and_that_is_said() {
    for (folder, id, answered) in
        [("auth0", "a-default-sha256", json!("_43848dd96f2ec8be2d4c")), ("auth0", "a-idp-initiated", json!(null))]
    {
        let case = Case::of(folder, id);
        let verdict = asking(&case, &["any"], &["--json"]).json();
        assert_eq!((&verdict["verdict"], &verdict["in_response_to"]), (&json!("accepted"), &answered), "{id}");
        let codes: Vec<_> = verdict["warnings"].as_array().expect("a list").iter().map(|one| text(one, "code")).collect();
        assert_eq!(codes.first(), Some(&"request_not_checked"), "{id}");
        let told = asking(&case, &["any"], &[]);
        assert!(told.text().starts_with("NOT CHECKED  request_not_checked: "), "{}", told.text());
        assert_eq!(told.code, Some(0));
    }
    // Everything else is checked all the same, and a refusal says it, too.
    let case = Case::of("auth0", "a-rej-audience");
    let verdict = asking(&case, &["any"], &["--json"]).json();
    assert_eq!((text(&verdict, "code"), &verdict["warnings"][0]["code"]), ("audience_mismatch", &json!("request_not_checked")));
    assert!(asking(&case, &["any"], &[]).text().starts_with("NOT CHECKED  "));
    let without = case.verify(&["--json", &case.path("b64")], b"").json();
    assert_eq!((text(&without, "code"), without.get("warnings")), ("audience_mismatch", None));
    let outcome = asking(&case, &["any", "_x"], &[]);
    let stderr = ["error: --in-response-to: `any` stands alone"];
    check("any and another", &outcome, &Expected { code: 2, stdout: &[], stderr: &stderr });
}

#[test]
fn what_was_saved_is_to_be_judged_at_its_own_time() {
    let case = default_login();
    let mut options = case.options();
    let place = options.iter().position(|option| option == "--now").expect("a time");
    let said = |options: &[String]| {
        let message = case.path("b64");
        let arguments = ["verify", "--json", &message].into_iter().chain(options.iter().map(String::as_str));
        let verdict = run(&arguments.collect::<Vec<_>>(), b"").json();
        assert_eq!(text(&verdict, "code"), "expired");
        text(&verdict, "remedy").contains("`--now`")
    };
    options[place + 1] = "2025-03-04T10:00:00Z".to_owned();
    assert!(!said(&options));
    // The message is of 2025, whatever the time is when this runs.
    options.drain(place..=place + 1);
    assert!(said(&options));
}

/// A login by the test identity provider with that subject name and those attributes, and what the command says of it.
#[cfg(all(feature = "internals", feature = "test-idp"))]
fn assembled(name: &str, attributes: &str, more: &[&str]) -> Run {
    use saml_verify::canonical::Algorithm;
    use saml_verify::test_idp::TestIdp;
    const NAME: &str = "<saml:NameID>test-user</saml:NameID>";
    let idp = TestIdp::new("urn:test:idp");
    let now = saml_verify::time::parse_rfc3339("2027-03-03T10:00:00Z").expect("a time");
    let xml = idp.response("urn:test:sp", "https://sp.example/acs", now).in_response_to("_q").assertion_id("_assertion").to_xml();
    let (before, rest) = xml.split_once("<ds:Signature ").expect("a Signature");
    let (_, after) = rest.split_once("</ds:Signature>").expect("its end");
    let statement = format!("<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>");
    let after = after.replace(NAME, name).replace("</saml:Assertion>", &statement);
    let signature = saml_verify::internals::sign(&idp, &format!("{before}{after}"), "_assertion", Algorithm::Exclusive10, "");
    let options = [
        &["verify", "--idp-cert", "testdata/auth0/keys/idp-rsa2048.pem", "--idp-entity-id", "urn:test:idp"],
        &["--sp-entity-id", "urn:test:sp", "--acs-url", "https://sp.example/acs", "--in-response-to"][..],
        &["_q", "--now", "2027-03-03T10:00:00Z"],
        more,
    ];
    run(&options.concat(), format!("{before}{signature}{after}").as_bytes())
}

#[cfg(all(feature = "internals", feature = "test-idp"))]
#[test]
fn a_value_says_what_it_is() {
    let value = |content: &str| format!("<saml:AttributeValue>{content}</saml:AttributeValue>");
    let nil =
        "<saml:AttributeValue xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"></saml:AttributeValue>";
    let name =
        "<saml:NameID Format=\"urn:f\" NameQualifier=\"urn:n\" SPNameQualifier=\"urn:s\" SPProvidedID=\"p\">v</saml:NameID>";
    let values = [
        &value("text"),
        &value(""),
        nil,
        &value("<saml:NameID>w</saml:NameID>"),
        &value("<e:a xmlns:e=\"urn:e\" b=\"1\">c</e:a>"),
    ];
    let attribute = format!("<saml:Attribute FriendlyName=\"a\" Name=\"urn:a\">{}</saml:Attribute>", values.concat());
    let login = assembled(name, &attribute, &["--json"]).json();
    let other = json!({"value": "w", "format": null, "name_qualifier": null, "sp_name_qualifier": null, "sp_provided_id": null});
    let xml = "<e:a xmlns:e=\"urn:e\" b=\"1\">c</e:a>";
    assert_eq!(
        login["attributes"],
        json!([{"name": "urn:a", "name_format": null, "friendly_name": "a", "values": ["text", "", null, {"name_id": other}, {"xml": xml}]}])
    );
    let of = |keys: &[&str]| keys.iter().map(|key| login[*key].clone()).collect::<Vec<_>>();
    let keys = ["user_id", "name_id", "name_id_format", "name_qualifier", "sp_name_qualifier", "sp_provided_id", "identified_by"];
    assert_eq!(of(&keys), [json!("v"), json!("v"), json!("urn:f"), json!("urn:n"), json!("urn:s"), json!("p"), Value::Null]);
    let instant = json!("2027-03-03T10:00:00.000Z");
    let keys = ["assertion_id", "response_id", "issue_instant", "authn_instant", "session_not_on_or_after", "one_time_use"];
    assert_eq!(of(&keys), [json!("_assertion"), Value::Null, instant.clone(), instant, Value::Null, json!(false)]);
    assert_eq!((&login["confirmed_address"], &login["signatures"][0]["element"]), (&Value::Null, &json!("Assertion")));
    let people = assembled(name, &attribute, &[]);
    for line in ["    text\n", "    (nil)\n", "    w (a NameID)\n", &format!("    {xml} (XML)\n")] {
        assert!(people.text().contains(line), "{line}: {}", people.text());
    }
}

#[cfg(all(feature = "internals", feature = "test-idp"))]
#[test]
fn an_attribute_identifies_the_user_where_it_is_named() {
    const NAME: &str = "<saml:NameID>eve</saml:NameID>";
    let attribute = |values: &str| format!("<saml:Attribute Name=\"urn:id\">{values}</saml:Attribute>");
    let ada = "<saml:AttributeValue>ada</saml:AttributeValue>";
    for (name, beside) in [("", Value::Null), (NAME, json!("eve"))] {
        let login = assembled(name, &attribute(ada), &["--json", "--identify-by", "urn:id"]).json();
        assert_eq!((&login["user_id"], &login["identified_by"]), (&json!("ada"), &json!("urn:id")));
        assert_eq!((&login["name_id"], &login["name_id_format"]), (&json!("ada"), &json!("urn:id")));
        assert_eq!(login["subject_name_id"]["value"], beside);
        let people = assembled(name, &attribute(ada), &["--identify-by", "urn:id"]);
        assert!(people.text().contains("ada of urn:test:idp") && people.text().contains("urn:id"), "{}", people.text());
    }
    for (name, values, more, code) in [
        ("", ada, &["--json"][..], "missing_element"),
        (NAME, ada, &["--json", "--identify-by", "urn:other"], "identifier_missing"),
        (NAME, &ada.repeat(2), &["--json", "--identify-by", "urn:id"], "identifier_ambiguous"),
    ] {
        let refused = assembled(name, &attribute(values), more);
        assert_eq!((refused.code, &refused.json()["code"]), (Some(1), &json!(code)));
    }
    let blank = assembled(NAME, &attribute(ada), &["--identify-by", " "]);
    assert_eq!(blank.code, Some(2));
    assert!(blank.stderr.contains("--identify-by"), "{}", blank.stderr);
}

/// What a signature that verifies, one that does not, and the lack of one look like.
#[test]
fn the_table_tells_how_far_a_signature_came() {
    let signature = ["D4", "D5", "D8", "D11", "D12", "D7", "D11", "D12", "D6", "B12", "D14", "D15", "D15"];
    let of = |id: &str, element: &str| {
        let case = Case::of("auth0", id);
        let run = case.verify(&["--json", "--explain", &case.path("b64")], b"");
        let verdict = run.json();
        let rows = verdict["checks"].as_array().expect("a list").iter();
        let rows = rows.filter(|row| row["element"] == element && signature.contains(&text(row, "id")));
        rows.map(|row| format!("{} {}", text(row, "id"), text(row, "outcome"))).collect::<Vec<_>>()
    };
    let expected =
        |outcomes: [&str; 13]| signature.iter().zip(outcomes).map(|(id, outcome)| format!("{id} {outcome}")).collect::<Vec<_>>();
    let (pass, idle) = ("pass", "not_applicable");
    assert_eq!(of("a-default-sha256", "Assertion"), expected([pass; 13]));
    assert_eq!(of("a-default-sha256", "Response"), expected([idle; 13]));
    let changed = [pass, pass, pass, pass, pass, pass, pass, pass, pass, pass, pass, pass, "fail"];
    assert_eq!(of("a-rej-nameid-changed", "Assertion"), expected(changed));
}

#[test]
fn both_sides_of_a_comparison_that_holds_are_shown() {
    let case = default_login();
    let run = case.verify(&["--json", "--explain", &case.path("b64")], b"");
    let verdict = run.json();
    let checks = verdict["checks"].as_array().expect("a list");
    let audience = checks.iter().find(|check| check["id"] == "E11").expect("the audience check");
    let ours = case.row["sp_entity_id"].as_str().unwrap_or_else(|| text(&case.row, "audience"));
    assert_eq!((&audience["expected"], &audience["received"]), (&json!(ours), &json!([ours])));
    let people = case.verify(&["--explain", &case.path("b64")], b"");
    assert!(people.text().contains(&format!("expected {ours}\n{:19}received {ours}\n", "")), "{}", people.text());
}

#[test]
fn what_cannot_be_a_login_is_refused_by_name() {
    let case = default_login();
    let query = read_text(&testdata("attacks/cases/rdr-valid.query"));
    let url = format!("https://app.serviceprovider.example/saml/acs?{query}");
    let large = vec![b'A'; 7 << 20];
    let large_xml = [b"<a>".as_slice(), &vec![b' '; 2 << 20], b"</a>"].concat();
    let rows: [(&[&str], &[u8], &str, &str); 23] = [
        (&[], b"", "decode", "empty"),
        (&[], b"\n", "decode", "empty"),
        (&[], b"\xFF\xD8\xFF\xE0\0", "decode", "not_utf8_text"),
        (&[], b"<html><body>Service Unavailable</body></html>", "decode", "html_page"),
        (&["--input", "post"], b"<!DOCTYPE html><title>Log in</title>", "decode", "html_page"),
        (&[], b"{\"SAMLResponse\":\"PGEvPg==\"}", "decode", "json"),
        (&[], b"eyJhbGciOiJub25lIn0.e30.", "decode", "json_web_token"),
        (&[], b"SAMLResponse: PGEvPg==", "decode", "field_name"),
        (&[], b"SAMLResponse=PGEv+Pg==", "decode", "field_name"),
        (&[], b"PGEvPg&#61;&#61;", "decode", "invalid_base64"),
        (&[], b"<\0a\0/\0>\0", "xml", "wide_encoding"),
        (&[], query.as_bytes(), "decode", "redirect_binding"),
        (&[], url.as_bytes(), "decode", "redirect_binding"),
        (&["--input", "form"], query.as_bytes(), "decode", "compressed"),
        (&["--input", "query"], b"SAMLRequest=x", "decode", "missing_field"),
        (&[], b"https://sp.example/acs", "decode", "missing_field"),
        (&[], b"SAMLRequest=PGEvPg%3D%3D", "decode", "missing_field"),
        (&[], b"SAMLResponse=PGEvPg%3D%3D&SAMLResponse=PGEvPg%3D%3D", "decode", "duplicate_field"),
        (&["--input", "post"], b"SAMLResponse=PGEvPg%3D%3D", "decode", "form_body"),
        (&["--input", "post"], b"<a/>", "decode", "raw_xml"),
        (&["--input", "post"], b"\xFF", "decode", "not_utf8_text"),
        (&[], &large, "decode", "too_long"),
        (&[], &large_xml, "xml", "document_too_large"),
    ];
    for (more, stdin, stage, code) in rows {
        let run = case.verify(&[&["--json"], more].concat(), stdin);
        assert_eq!(complaint(&run, false), None);
        let verdict = run.json();
        assert_eq!((text(&verdict, "stage"), text(&verdict, "code")), (stage, code), "{more:?} {verdict}");
    }
}

#[test]
fn mistakes_of_the_caller_are_one_line_and_exit_code_2() {
    let case = default_login();
    let message = case.path("b64");
    let rows: [(&[&str], &str); 23] = [
        (&["verify", "no-such-file"], "error: no-such-file: "),
        (&["verify", "testdata"], "error: testdata: "),
        (&["verify", "--idp-cert", "no-such-file"], "error: no-such-file: "),
        (&["verify", "--idp-cert", "testdata"], "error: testdata: "),
        (&["verify", "--idp-cert", &message], "error: testdata/auth0/cases/a-default-sha256.b64: not a certificate"),
        (&["verify", "--idp-cert", "testdata/attacks/certs/idp-1024.pem"], "1024 bits"),
        (&["verify", "--idp-cert", "testdata/auth0/keys/idp-rsa2048.key"], "private key"),
        (&["verify", "--idp-cert", "-"], "standard input"),
        (&["verify", "--acs-url", "portal"], "error: --acs-url: "),
        (&["verify", "--acs-url", "http://portal.example.com/acs"], "https"),
        (&["verify", "--sp-entity-id", ""], "error: --sp-entity-id: "),
        (&["verify", "--idp-entity-id", " urn:x"], "error: --idp-entity-id: "),
        (&["verify", "--now", "yesterday"], "2025-03-03T10:00:00Z"),
        (&["verify", "--clock-skew", "301"], "300 s"),
        (&["verify", "--clock-skew", "-1"], "--clock-skew"),
        (&["verify", "--allow", "everything"], "sha1-signature, sha1-digest, sha1, inclusive-c14n, signature-position, "),
        (&["verify", "--expired-certificate", "maybe"], "[possible values: ignore, warn, refuse]"),
        (&["verify", "--in-response-to", "_x", "--unsolicited"], "cannot be used with"),
        (&["verify", "--input", "guess"], "[possible values: xml, post, form, query]"),
        (&["verify", "--idp-crt", "x"], "a similar argument exists: '--idp-cert'"),
        (
            &["verify", "--in-response-to", ""],
            "the ID of a request is never empty; for a login that answers none give --unsolicited",
        ),
        (&["verify", "--decryption-key", "x"], "error: x: "),
        (&["verify", "--idp-metadata", "x"], "cannot be used with"),
    ];
    for (arguments, stderr) in rows {
        let outcome = run(&completed(&case, arguments).iter().map(String::as_str).collect::<Vec<_>>(), b"");
        check(&format!("{arguments:?}"), &outcome, &Expected { code: 2, stdout: &[], stderr: &[stderr] });
    }
    let rows: [(&[&str], &str); 12] = [
        (&["verify"], "--idp-cert <FILE>"),
        (&["verify", &message], "<--in-response-to <ID>|--unsolicited>"),
        (&["frobnicate"], "unrecognized subcommand"),
        (&["inspect", "no-such-file"], "error: no-such-file: "),
        (&["--frobnicate"], "unexpected argument"),
        (&["canonicalize"], "--algorithm <NAME|URI>"),
        (&["canonicalize", "--algorithm", "c14n2", &message], "exc-c14n-with-comments"),
        (&["canonicalize", "--algorithm", "c14n", "--inclusive-prefixes", "a", &message], "--inclusive-prefixes"),
        (&["canonicalize", "--algorithm", "c14n", "no-such-file"], "error: no-such-file: "),
        (&["certificate", "no-such-file"], "error: no-such-file: "),
        (&["certificate", "testdata/auth0/keys/formats/fingerprint-sha1.txt"], "fingerprint"),
        (&["certificate"], "error: standard input: no certificate"),
    ];
    for (arguments, stderr) in rows {
        check(&format!("{arguments:?}"), &run(arguments, b""), &Expected { code: 2, stdout: &[], stderr: &[stderr] });
    }
}

/// The arguments, and of the case's connection every option that they leave out.
fn completed(case: &Case, arguments: &[&str]) -> Vec<String> {
    let given = |option: &String| arguments.contains(&option.as_str());
    let mut all: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let options = case.options();
    let missing = options.chunks(2).filter(|pair| pair.first().is_some_and(|option| !given(option)));
    let undecided = !arguments.contains(&"--unsolicited");
    all.extend(missing.filter(|pair| undecided || !pair.contains(&"--in-response-to".to_owned())).flatten().cloned());
    all
}

#[test]
fn help_goes_to_standard_output() {
    for arguments in
        [&["--help"][..], &["--version"], &["help"], &["verify", "--help"], &["canonicalize", "-h"], &["certificate", "--help"]]
    {
        check(&format!("{arguments:?}"), &run(arguments, b""), &Expected { code: 0, stdout: &["saml-verify"], stderr: &[] });
    }
    let bare = run(&[], b"");
    assert_eq!((bare.code, bare.text(), bare.stderr.contains("Usage: saml-verify <COMMAND>")), (Some(2), "", true));
    let help = run(&["verify", "--help"], b"");
    assert!(help.text().contains("redirect_binding"));
    assert!(help.text().contains("aes-cbc: AES-CBC for what is encrypted, where a verified signature covers the cipher text"));
    assert!(help.text().contains("--decryption-key <FILE>"));
}

#[test]
fn canonical_octets_and_nothing_else() {
    let xml = br#"<a:r xmlns:a="urn:a" xmlns:b="urn:b"><!-- c --><a:e ID='x' /></a:r>"#;
    let rows: [(&[&str], &str); 9] = [
        (&["exc-c14n", "--id", "x"], r#"<a:e xmlns:a="urn:a" ID="x"></a:e>"#),
        (&["http://www.w3.org/2001/10/xml-exc-c14n#", "--id", "x"], r#"<a:e xmlns:a="urn:a" ID="x"></a:e>"#),
        (
            &["exc-c14n", "--id", "x", "--inclusive-prefixes", "b #default"],
            r#"<a:e xmlns:a="urn:a" xmlns:b="urn:b" ID="x"></a:e>"#,
        ),
        (&["c14n", "--id", "x"], r#"<a:e xmlns:a="urn:a" xmlns:b="urn:b" ID="x"></a:e>"#),
        (&["c14n"], r#"<a:r xmlns:a="urn:a" xmlns:b="urn:b"><a:e ID="x"></a:e></a:r>"#),
        (&["c14n-with-comments"], r#"<a:r xmlns:a="urn:a" xmlns:b="urn:b"><!-- c --><a:e ID="x"></a:e></a:r>"#),
        (&["c14n11", "-"], r#"<a:r xmlns:a="urn:a" xmlns:b="urn:b"><a:e ID="x"></a:e></a:r>"#),
        (&["c14n11-with-comments"], r#"<a:r xmlns:a="urn:a" xmlns:b="urn:b"><!-- c --><a:e ID="x"></a:e></a:r>"#),
        (&["exc-c14n-with-comments"], r#"<a:r xmlns:a="urn:a"><!-- c --><a:e ID="x"></a:e></a:r>"#),
    ];
    for (arguments, octets) in rows {
        let outcome = run(&[&["canonicalize", "--algorithm"], arguments].concat(), xml);
        check(&format!("{arguments:?}"), &outcome, &Expected { code: 0, stdout: &[octets], stderr: &[] });
        assert_eq!(outcome.text(), octets);
    }
    for (arguments, stdin, stderr) in [
        (&["c14n"][..], &b"<a"[..], "refused: "),
        (&["c14n", "--id", "y"], xml, "refused: no element has that identifier"),
        (
            &["c14n"],
            b"https://a.example/?SAMLResponse=x",
            "refused: a redirect message is compressed; canonicalize takes XML or base64",
        ),
        (&["c14n"], b"PGEvPg", "refused: the base64 padding is missing"),
        (&["c14n", "--input", "xml"], b"PGEvPg==", "refused: "),
    ] {
        let outcome = run(&[&["canonicalize", "--algorithm"], arguments].concat(), stdin);
        check(&format!("{arguments:?}"), &outcome, &Expected { code: 1, stdout: &[], stderr: &[stderr] });
    }
    let case = default_login();
    let [of_xml, of_post] = ["file", "b64"].map(|field| run(&["canonicalize", "--algorithm", "c14n", &case.path(field)], b""));
    assert!(of_xml.code == Some(0) && of_xml.stdout.starts_with(b"<samlp:Response ") && of_xml.stdout == of_post.stdout);
}

/// What this command reads is no message of a stranger.
#[test]
fn large_documents_have_a_canonical_form_too() {
    let canonicalize =
        |arguments: &[&str], input: &[u8]| run(&[&["canonicalize", "--algorithm", "c14n"], arguments].concat(), input);
    let deep = format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000));
    let long = format!("<a>{}</a>", "x".repeat(3 << 20));
    let wide = format!("<a>{}</a>", "<b></b>".repeat(70_000));
    let prefixed: String = (0..200).map(|n| format!("<n{n}:a xmlns:n{n}=\"urn:{n}\"></n{n}:a>")).collect();
    let prefixed = format!("<a>{prefixed}</a>");
    let attributes: String = (1000..1200).map(|n| format!(" a{n}=\"\"")).collect();
    let attributes = format!("<a{attributes}></a>");
    let long_name = format!("<a xmlns=\"urn:{}\"></a>", "x".repeat(2000));
    for (document, option, limit, below) in [
        (&deep, "--max-depth", "5000", "4999"),
        (&long, "--max-bytes", "3145735", "3145734"),
        (&wide, "--max-nodes", "70001", "70000"),
        (&prefixed, "--max-prefixes", "300", "100"),
        (&prefixed, "--max-namespaces", "300", "100"),
        (&attributes, "--max-attributes", "200", "199"),
        (&attributes, "--max-attributes-in-all", "200", "199"),
        (&long_name, "--max-namespace-bytes", "2004", "2003"),
    ] {
        for arguments in [&[][..], &[option, limit]] {
            let outcome = canonicalize(arguments, document.as_bytes());
            assert!(outcome.code == Some(0) && outcome.text() == document, "{option} {limit}: {}", outcome.stderr);
        }
        let refused = canonicalize(&[option, below], document.as_bytes());
        let stderr = ["refused: ", "; the options --max-… raise the limits"];
        check(option, &refused, &Expected { code: 1, stdout: &[], stderr: &stderr });
    }
    // As posted, too.
    let posted = canonicalize(&[], common::to_base64(long.as_bytes()).as_bytes());
    assert!(posted.code == Some(0) && posted.text() == long, "{}", posted.stderr);
}

/// What a script gets that asked for JSON, whatever it did wrong.
#[test]
fn a_run_without_a_verdict_has_an_object_too() {
    let case = default_login();
    let message = case.path("b64");
    let with = |option: &str, value: &str| {
        let mut options = case.options();
        let at = options.iter().position(|one| one == option).expect(option);
        options[at + 1] = value.to_owned();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        run(&[&["verify", "--json", &message], &options[..]].concat(), b"")
    };
    let also = |option: &str, value: &str| {
        let options = case.options();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        run(&[&["verify", "--json", &message, option, value], &options[..]].concat(), b"")
    };
    for (outcome, code, message, remedy) in [
        (with("--acs-url", "http://sp.example"), "invalid_acs_url", "--acs-url: ", "https"),
        (with("--sp-entity-id", " x"), "invalid_entity_id", "--sp-entity-id: ", "without white space"),
        (with("--idp-entity-id", ""), "invalid_entity_id", "--idp-entity-id: ", "without white space"),
        (with("--clock-skew", "301"), "clock_skew_too_large", "--clock-skew: ", "NTP"),
        (with("--clock-skew", "x"), "usage", "'--clock-skew <SECONDS>'", "--help"),
        (with("--idp-cert", "no-such-file"), "unreadable", "no-such-file: ", "the name of the file"),
        (with("--idp-cert", "README.md"), "not_a_certificate", "README.md: ", "certificate"),
        (with("--now", "yesterday"), "usage", "'--now <RFC3339>'", "--help"),
        (run(&["verify", "--json"], b""), "usage", "required arguments", "--help"),
        (also("--decryption-key", "no-such-file"), "unreadable", "no-such-file: ", "the name of the file"),
        (
            also("--decryption-key", "testdata/auth0/keys/idp-ec-p256.key"),
            "decryption_key_not_rsa",
            "elliptic curve",
            "rsa_keygen_bits",
        ),
        (
            also("--decryption-key", "testdata/auth0/keys/idp-rsa2048.pem"),
            "decryption_key_is_certificate",
            "certificate",
            "private key",
        ),
        (run(&["certificate", "--json", "no-such-file"], b""), "unreadable", "no-such-file: ", "the name of the file"),
        (run(&["certificate", "--json"], b"junk"), "not_a_certificate", "standard input: ", "certificate"),
        (run(&["canonicalize", "--json"], b"<a/>"), "usage", "'--json'", "--help"),
    ] {
        let object = outcome.json();
        assert!(has_keys(&object, &["verdict", "code", "message", "remedy"], false), "{object}");
        assert_eq!((outcome.code, &object["verdict"], text(&object, "code")), (Some(2), &json!("error"), code), "{object}");
        let (said, advised) = (text(&object, "message"), text(&object, "remedy"));
        assert!(said.contains(message) && advised.contains(remedy), "{object}");
        let advised = if advised.contains("--help") { String::new() } else { format!("; {advised}") };
        assert_eq!(outcome.stderr, format!("error: {said}{advised}\n"));
    }
    // Its twin is a verdict, and without the option there is no object.
    let options = case.options();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    assert_eq!(run(&[&["verify", "--json", &message], &options[..]].concat(), b"").json()["verdict"], "accepted");
    assert_eq!(run(&["certificate", "no-such-file"], b"").text(), "");
    assert_eq!(run(&["certificate", "--", "--json"], b"").text(), "");
}

#[test]
fn certificates_are_told_in_whatever_shape_they_come() {
    let certificate = |file: &str| run(&["certificate", "--json", "--now", "2030-01-01T00:00:00Z", file], b"");
    let expected = certificate("testdata/auth0/keys/idp-rsa2048.pem");
    for name in [
        "lf.pem",
        "crlf.pem",
        "bom.pem",
        "leading-text.pem",
        "no-final-newline.pem",
        "one-line-body.pem",
        "escaped-newlines.txt",
        "bare-base64.txt",
        "certificate.cer",
    ] {
        let got = certificate(&format!("testdata/auth0/keys/formats/{name}"));
        assert_eq!((got.code, got.text()), (Some(0), expected.text()), "{name}");
    }
    let facts = expected.json()["certificates"][0].clone();
    for (field, value) in [
        ("subject", "CN=acme-dev.us.auth0.com"),
        ("issuer", "CN=acme-dev.us.auth0.com"),
        ("key_type", "RSA"),
        ("validity", "valid"),
        ("sha1", read_text(&testdata("auth0/keys/formats/fingerprint-sha1.txt")).trim()),
        ("sha256", read_text(&testdata("auth0/keys/formats/fingerprint-sha256.txt")).trim()),
    ] {
        assert_eq!(facts[field], value, "{field}");
    }
    assert_eq!((&facts["key_bits"], &facts["days_left"]), (&Value::from(2048), &Value::from(3865)));
    let both = run(&["certificate", "--json"], &read(&testdata("auth0/keys/formats/bundle-current-and-next.pem")));
    assert_eq!(both.json()["certificates"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_public_key_has_what_a_key_has() {
    let file = "testdata/keys/verify/idp-rsa2048-public-key.pem";
    let of = |file: &str| run(&["certificate", "--json", file], b"").json()["certificates"][0].clone();
    let (bare, certified) = (of(file), of("testdata/auth0/keys/idp-rsa2048.pem"));
    for field in ["key_type", "key_bits", "spki_sha256"] {
        assert!(bare[field] == certified[field] && !bare[field].is_null(), "{field}");
    }
    for field in [
        "subject",
        "issuer",
        "serial",
        "signature_algorithm",
        "not_before",
        "not_after",
        "days_left",
        "validity",
        "sha1",
        "sha256",
    ] {
        assert!(bare[field].is_null() && !certified[field].is_null(), "{field}");
    }
    let told =
        Expected { code: 0, stdout: &["USABLE", "a public key without a certificate", "RSA-2048", "key SHA-256"], stderr: &[] };
    check("certificate", &run(&["certificate", file], b""), &told);

    let case = default_login();
    let certificate = case.path("idp_cert");
    let certified = case.verify(&["--json", &case.path("b64")], b"").json()["signed_by"].clone();
    let arguments: Vec<String> =
        case.options().into_iter().map(|one| if one == certificate { file.to_owned() } else { one }).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let message = case.path("b64");
    let login = run(&[&["verify"], &arguments[..], &["--json", &message]].concat(), b"").json();
    assert_eq!(login["verdict"], "accepted");
    let nothing = Value::Null;
    let signer = &login["signed_by"];
    assert_eq!((&signer["sha256"], &signer["subject"], &signer["not_after"]), (&nothing, &nothing, &nothing));
    assert_eq!((&signer["spki_sha256"], &signer["spki_sha256"]), (&certified["spki_sha256"], &bare["spki_sha256"]));
    let told = Expected { code: 0, stdout: &["ACCEPTED", "a public key without a certificate, RSA-2048"], stderr: &[] };
    check("verify", &run(&[&["verify"], &arguments[..], &[message.as_str()]].concat(), b""), &told);
}

#[test]
fn a_certificate_is_judged_at_the_given_time() {
    let file = "testdata/attacks/certs/idp.pem"; // 2024-05-12 to 2036-05-29
    for (now, validity, days, fragments) in [
        ("2024-05-12T09:29:59Z", "not_yet_valid", 4400, ["NOT YET VALID", "rotation"]),
        ("2024-05-12T09:30:00Z", "valid", 4400, ["USABLE", "4400 days left"]),
        ("2036-05-01T09:30:00Z", "valid", 28, ["USABLE", "expires in 28 days"]),
        ("2036-05-29T09:30:00Z", "valid", 0, ["USABLE", "0 days left"]),
        ("2036-05-29T09:30:01Z", "expired", -1, ["EXPIRED", "--expired-certificate refuse"]),
    ] {
        let facts = run(&["certificate", file, "--now", now, "--json"], b"").json()["certificates"][0].clone();
        assert_eq!((&facts["validity"], &facts["days_left"]), (&Value::from(validity), &Value::from(days)), "{now}");
        check(now, &run(&["certificate", file, "--now", now], b""), &Expected { code: 0, stdout: &fragments, stderr: &[] });
    }
}

#[test]
fn values_cannot_drive_the_terminal() {
    let case = Case::of("auth0", "a-unicode");
    let outcome = case.verify(&[&case.path("b64")], b"");
    assert_eq!(outcome.code, Some(0));
    let obeyed =
        |character: char| character != '\n' && (character.is_control() || ('\u{200E}'..='\u{202E}').contains(&character));
    assert_eq!(outcome.text().chars().find(|character| obeyed(*character)), None);
}

#[test]
fn a_closed_pipe_changes_nothing() {
    let case = default_login();
    let options = case.options();
    let arguments: Vec<&str> = ["verify"].into_iter().chain(options.iter().map(String::as_str)).collect();
    let mut child = start(&arguments);
    drop(child.stdout.take());
    child.stdin.take().expect("a pipe").write_all(&case.content("b64")).expect("the message is read");
    let outcome = Run::from(child.wait_with_output().expect("the program ends"));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
}

/// Anybody can write a failure, and whoever looks at it may do so at a terminal: of the JSON, too, nothing is obeyed there. What
/// it says is the same.
#[test]
fn json_has_nothing_that_a_terminal_obeys() {
    for code in ["urn:é日\u{1F600}", "a\u{9b}31m\u{202e}\u{7f}\u{200b}\u{feff}\u{e0041}\t"] {
        let references: String = code.chars().map(|character| format!("&#{};", u32::from(character))).collect();
        let xml = format!(
            "<p:Response xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol' ID='_r' Version='2.0' IssueInstant='2027-03-03T10:00:00Z'>\
             <p:Status><p:StatusCode Value='{references}'/></p:Status></p:Response>"
        );
        let run = default_login().verify(&["--json"], xml.as_bytes());
        assert_eq!((run.code, &run.json()["received"]), (Some(1), &json!(code)));
        let obeyed =
            |character: char| character.is_control() || matches!(character, '\u{200b}' | '\u{202e}' | '\u{feff}' | '\u{e0041}');
        assert!(!run.text().trim_end_matches('\n').contains(obeyed), "{:?}", run.text());
        assert_eq!(run.text().contains(code), code.starts_with("urn"), "{code:?}");
    }
}

/// A refusal is for reading, whatever was handed over.
#[test]
fn the_fields_of_a_form_are_named_as_far_as_that_helps() {
    for (fields, named) in [(16, 16), (100_000, 16)] {
        let form = format!("SAMLRequest=x{}", "&a".repeat(fields - 1));
        let run = default_login().verify(&["--json"], form.as_bytes());
        let refusal = run.json();
        assert_eq!((run.code, refusal["code"].as_str()), (Some(1), Some("missing_field")));
        assert_eq!(refusal["received"].as_array().map(Vec::len), Some(named));
    }
}

/// The options of `authn-request` that are always needed.
const REQUEST: [&str; 7] = [
    "authn-request",
    "--idp-sso-url",
    "https://acme.us.auth0.com/samlp/X?connection=a",
    "--sp-entity-id",
    "urn:sp",
    "--acs-url",
    "https://sp.example/acs",
];

#[test]
fn a_request_is_printed_with_the_id_to_remember() {
    let human = run(&REQUEST, b"");
    assert_eq!((human.code, human.stderr.as_str()), (Some(0), ""));
    let fields: Vec<(&str, &str)> = human.text().lines().filter_map(|line| line.trim().split_once("  ")).collect();
    let field = |name: &str| fields.iter().find(|(found, _)| *found == name).map(|(_, value)| value.trim());
    let id = field("ID").expect("an ID");
    assert!(id.len() == 33 && id.starts_with('_'), "{id}");
    assert!(field("URL").expect("a URL").starts_with("https://acme.us.auth0.com/samlp/X?connection=a&SAMLRequest="));

    let more = ["--relay-state", "it's", "--signing-key", "testdata/signing/rsa2048.pkcs1.pem", "--force-authn", "--json"];
    let signed = run(&[&REQUEST[..], &more].concat(), b"");
    let object = signed.json();
    assert_eq!((signed.code, &object["binding"], &object["html"]), (Some(0), &json!("redirect"), &Value::Null));
    assert_eq!((&object["relay_state"], &object["signed_with"]), (&json!("it's"), &json!("RSA-2048")));
    let url = text(&object, "url");
    let query = url.split_once("connection=a&").expect("a query").1;
    let keys = saml_verify::TrustedKeys::from_pem(read(&testdata("signing").join("rsa2048.cert.pem"))).expect("a certificate");
    let us = saml_verify::IdentityProvider::new("urn:sp", keys).expect("ourselves");
    let message = us.verify_redirect(query, &saml_verify::Limits::DEFAULT).expect("signed");
    let xml = String::from_utf8(message.xml().to_vec()).expect("text");
    assert!(xml.contains(&format!(" ForceAuthn=\"true\" ID={} ", object["id"])), "{xml}");

    let page = run(&[&REQUEST[..], &["--binding", "post", "--login-hint", "ada+x@sp.example", "--json"]].concat(), b"");
    let object = page.json();
    assert_eq!((page.code, &object["binding"], &object["url"]), (Some(0), &json!("post"), &Value::Null));
    assert!(text(&object, "html").contains("X?connection=a&amp;login_hint=ada%2Bx%40sp.example\">"));
    assert!(text(&object, "content_security_policy").starts_with("default-src 'none'; script-src 'nonce-"));
    let page = run(&[&REQUEST[..], &["--binding", "post"]].concat(), b"");
    assert!(page.text().ends_with("</html>\n") && page.text().contains("\n\n<!DOCTYPE html>\n"), "{}", page.text());
}

#[test]
fn a_request_that_cannot_be_built_is_one_line() {
    let key = |name: &str| format!("testdata/signing/{name}.pem");
    let (certificate, encrypted) = (key("rsa2048.cert"), key("refused-encrypted-pkcs8"));
    let long = "x".repeat(81);
    for (option, value, line) in [
        (
            "--relay-state",
            long.as_str(),
            "error: --relay-state: it is longer than 80 bytes; correct the value in the service's configuration or code\n",
        ),
        ("--login-hint", " ", "error: --login-hint: it is empty; correct the value in the service's configuration or code\n"),
        (
            "--signing-key",
            &certificate,
            "error: testdata/signing/rsa2048.cert.pem: not a private key: this is a certificate; give the private key that belongs \
             to this certificate; the certificate itself goes to the identity provider\n",
        ),
        (
            "--signing-key",
            &encrypted,
            "error: testdata/signing/refused-encrypted-pkcs8.pem: the private key is encrypted; decrypt it where it is stored, \
             `openssl pkey -in FILE`, and protect the result as a secret of the service\n",
        ),
    ] {
        let refused = run(&[&REQUEST[..], &[option, value]].concat(), b"");
        assert_eq!((refused.code, refused.text(), refused.stderr.as_str()), (Some(2), "", line));
    }
    let object = run(&[&REQUEST[..], &["--signing-key", &certificate, "--json"]].concat(), b"");
    assert_eq!((object.code, &object.json()["code"]), (Some(2), &json!("signing_key_is_certificate")));
    for (index, value, start) in [
        (2, "acme.us.auth0.com/samlp/X", "error: --idp-sso-url: not a single sign-on URL"),
        (2, "https://acme.us.auth0.com/samlp/X?RelayState=a", "error: --idp-sso-url: not a single sign-on URL"),
        (4, "", "error: --sp-entity-id: not an entity ID"),
        (6, "http://sp.example/acs", "error: --acs-url: not an assertion consumer service URL"),
    ] {
        let mut arguments = REQUEST;
        arguments[index] = value;
        let refused = run(&arguments, b"");
        assert!(refused.code == Some(2) && refused.stderr.starts_with(start), "{}", refused.stderr);
        assert_eq!(refused.stderr.lines().count(), 1);
    }
}

#[test]
fn the_settings_of_an_addon_are_ready_to_paste() {
    let arguments = ["auth0-settings", "--sp-entity-id", "urn:sp", "--acs-url", "https://sp.example/acs"];
    let mut settings = json!({
        "audience": "urn:sp", "recipient": "https://sp.example/acs", "destination": "https://sp.example/acs",
        "signatureAlgorithm": "rsa-sha256", "digestAlgorithm": "sha256", "mapIdentities": false,
    });
    let pasted = |output: &str| -> Value {
        let (start, end) = (output.find('{').expect("an object"), output.rfind('}').expect("an object"));
        serde_json::from_str(&output[start..=end]).expect("JSON")
    };
    let human = run(&arguments, b"");
    assert_eq!((human.code, pasted(human.text())), (Some(0), settings.clone()));
    assert!(human.text().ends_with("Allowed Callback URLs must list:\n\n  https://sp.example/acs\n"), "{}", human.text());

    settings["logout"] = json!({"callback": "https://sp.example/slo", "slo_enabled": true});
    let with_logout = run(&[&arguments[..], &["--slo-url", "https://sp.example/slo", "--json"]].concat(), b"");
    assert_eq!(with_logout.json()["settings"], settings);
    assert_eq!(with_logout.json()["allowed_callback_urls"], json!(["https://sp.example/acs"]));

    let refused = run(&[&arguments[..], &["--slo-url", "sp.example/slo"]].concat(), b"");
    assert_eq!((refused.code, refused.text()), (Some(2), ""));
    assert!(
        refused.stderr.starts_with("error: --slo-url: not an assertion consumer service URL: \"sp.example/slo\" ("),
        "{}",
        refused.stderr
    );
}
