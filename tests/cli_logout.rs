//! The command line on messages of logout: `verify-logout` and `logout-request`.

#![cfg(feature = "cli")]

mod common;

use std::process::{Command, Output, Stdio};

use common::logout::{IDP, NOW, REQUEST, SLO, deflate, detached, enveloped, field, idp};
use common::{cases, conclude, read_text, testdata, text, to_base64};
use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saml-verify"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).output().expect("it runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// The options of a case of the manifest, but for the message.
fn options(case: &Value) -> Vec<String> {
    let certificate = format!("testdata/auth0/{}", text(case, "idp_cert"));
    let mut all: Vec<String> = [
        ("--idp-cert", certificate.as_str()),
        ("--idp-entity-id", text(case, "idp_entity_id")),
        ("--slo-url", text(case, "slo_url")),
        ("--now", text(case, "now")),
        ("--clock-skew", "0"),
    ]
    .into_iter()
    .flat_map(|(name, value)| [name.to_owned(), value.to_owned()])
    .collect();
    let allowed = case["requires"].as_array().into_iter().flatten().filter_map(Value::as_str);
    all.extend(allowed.flat_map(|name| ["--allow".to_owned(), name.to_owned()]));
    if let Some(request) = case["in_response_to"].as_str() {
        all.extend(["--in-response-to".to_owned(), request.to_owned()]);
    }
    all
}

fn verify(file: &str, options: &[String], more: &[&str]) -> Output {
    let mut arguments = vec!["verify-logout", file];
    arguments.extend(options.iter().map(String::as_str));
    arguments.extend(more);
    run(&arguments)
}

fn logout_cases() -> Vec<Value> {
    cases(&testdata("auth0")).into_iter().filter(|case| text(case, "kind").starts_with("logout_")).collect()
}

#[test]
fn every_message_gets_the_verdict_and_the_values_of_the_manifest() {
    let all = logout_cases();
    let mut wrong = Vec::new();
    for case in &all {
        let file = if text(case, "binding") == "redirect" { text(case, "url") } else { text(case, "b64") };
        let outcome = verify(&format!("testdata/auth0/{file}"), &options(case), &["--json", "--explain"]);
        let told = json(&outcome);
        let (verdict, code) = if text(case, "expect") == "accept" { ("accepted", 0) } else { ("refused", 1) };
        let mut expected = vec![("verdict", Value::from(verdict))];
        if verdict == "accepted" {
            expected.extend([("kind", case["kind"].clone()), ("issuer", case["issuer"].clone())]);
            expected.extend([("name_id", case["name_id"].clone()), ("name_id_format", case["name_id_format"].clone())]);
            expected.extend([("in_response_to", case["in_response_to"].clone()), ("status", case["status_code"].clone())]);
            let indexes: Vec<&str> = case["session_index"].as_str().into_iter().collect();
            expected.push(("session_indexes", Value::from(indexes)));
        } else {
            let stage = if text(case, "reason") == "status" { "status" } else { "signature" };
            expected.push(("stage", Value::from(stage)));
        }
        let rows = told["checks"].as_array().map_or(0, Vec::len);
        for (key, value) in expected {
            if told[key] != value {
                wrong.push(format!("{}: {key} is {}, not {value}", case["id"], told[key]));
            }
        }
        if outcome.status.code() != Some(code) || rows < 30 {
            wrong.push(format!("{}: {:?}, {rows} checks", case["id"], outcome.status));
        }
    }
    conclude("verify-logout", all.len(), &wrong);
}

#[test]
fn a_message_has_one_verdict_in_whatever_form_it_comes() {
    let case = logout_cases().into_iter().find(|case| text(case, "id") == "a-slo-request-post").expect("a case");
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let posted = read_text(&testdata("auth0").join(text(&case, "b64")));
    let form = folder.join("logout-form");
    let escaped = posted.trim().replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    std::fs::write(&form, format!("SAMLRequest={escaped}&RelayState=r")).expect("a file");
    let twice = folder.join("logout-twice");
    std::fs::write(&twice, format!("SAMLRequest={escaped}&SAMLRequest={escaped}")).expect("a file");
    let xml = format!("testdata/auth0/{}", text(&case, "file"));
    for file in [xml.as_str(), &format!("testdata/auth0/{}", text(&case, "b64")), form.to_str().expect("UTF-8")] {
        let told = json(&verify(file, &options(&case), &["--json"]));
        assert_eq!((&told["verdict"], &told["name_id"]), (&Value::from("accepted"), &case["name_id"]), "{file}");
    }
    let told = json(&verify(twice.to_str().expect("UTF-8"), &options(&case), &["--json"]));
    assert_eq!((&told["verdict"], &told["code"]), (&Value::from("refused"), &Value::from("duplicate_field")));
}

/// Metadata in place of the certificate and the entity ID; the output says which key signed.
#[test]
fn an_identity_provider_may_be_given_by_its_metadata() {
    let accepted: Vec<Value> = logout_cases().into_iter().filter(|case| text(case, "expect") == "accept").collect();
    let mut looked_at = 0;
    for case in accepted.iter().filter(|case| case["idp_entity_id"] == "urn:acme-dev.us.auth0.com") {
        let redirected = text(case, "binding") == "redirect";
        let file = format!("testdata/auth0/{}", text(case, if redirected { "url" } else { "b64" }));
        let by_certificate = json(&verify(&file, &options(case), &["--json"]));
        // Without the first four words: the certificate and the entity ID.
        let mut others = vec!["--idp-metadata".to_owned(), "testdata/auth0/metadata.xml".to_owned()];
        others.extend(options(case).into_iter().skip(4));
        let told = json(&verify(&file, &others, &["--json"]));
        assert_eq!(told, by_certificate, "{}", case["id"]);
        assert_eq!(told["signed_by"]["sha256"].as_str().map(str::len), Some(95), "{told}");
        let undeflated = text(case, "id").ends_with("undeflated");
        assert_eq!(told["signed"], if redirected && !undeflated { "query" } else { "message" }, "{}", case["id"]);
        assert!(told["signature_algorithm"].as_str().is_some_and(|uri| uri.starts_with("RSA-SHA")), "{told}");
        let shown = stdout(&verify(&file, &others, &[]));
        assert!(shown.contains("SHA-256") && shown.contains(told["signed_by"]["subject"].as_str().expect("a name")), "{shown}");
        looked_at += 1;
    }
    assert!(looked_at > 8, "{looked_at}");
    let file = format!("testdata/auth0/{}", text(&accepted[0], "b64"));
    for (file, options, complaint) in [
        (file.as_str(), &["--idp-metadata", "testdata/auth0/metadata.xml", "--idp-cert", "x"][..], "cannot be used with"),
        (&file, &["--idp-metadata", "testdata/README.md"], "testdata/README.md: text outside the root element"),
        (&file, &["--idp-entity-id", "urn:x"], "were not provided: --idp-cert <FILE>"),
        ("-", &["--idp-metadata", "-"], "--idp-metadata: standard input is the metadata or the message, not both"),
    ] {
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let outcome = verify(file, &options, &["--slo-url", "https://sp.example/slo"]);
        let told = String::from_utf8_lossy(&outcome.stderr);
        assert_eq!(outcome.status.code(), Some(2), "{options:?}");
        assert!(told.contains(complaint), "{told}");
    }
}

/// What `inspect` says to copy is the command that gives the verdict.
#[test]
fn inspect_prints_the_command_that_verifies_a_message_of_logout() {
    let mut looked_at = 0;
    for case in logout_cases()
        .iter()
        .filter(|case| text(case, "expect") == "accept" && case["requires"].as_array().is_none_or(Vec::is_empty))
    {
        let redirected = text(case, "binding") == "redirect";
        let file = format!("testdata/auth0/{}", text(case, if redirected { "url" } else { "b64" }));
        let certificate = format!("testdata/auth0/{}", text(case, "idp_cert"));
        let inspected = json(&run(&["inspect", &file, "--json", "--idp-cert", &certificate]));
        let command = inspected["command"].as_str().unwrap_or_else(|| panic!("{}: no command", case["id"]));
        let (program, rest) = command.split_once(' ').expect("words");
        assert_eq!(program, "saml-verify");
        assert!(rest.starts_with(&format!("verify-logout {file} ")), "{command}");
        assert_eq!(rest.contains("--in-response-to"), text(case, "kind") == "logout_response", "{command}");
        let line = format!("{} {rest} --json", env!("CARGO_BIN_EXE_saml-verify"));
        let ran = Command::new("sh").args(["-c", &line]).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("a shell");
        let told = json(&ran);
        assert_eq!((&told["verdict"], &told["kind"]), (&Value::from("accepted"), &case["kind"]), "{command}: {told}");
        let shown = stdout(&run(&["inspect", &file]));
        assert!(shown.contains("saml-verify verify-logout ") && shown.contains("--idp-cert IDP-CERTIFICATE.pem"), "{shown}");
        looked_at += 1;
    }
    assert!(looked_at > 5, "{looked_at}");
}

#[test]
fn people_are_told_what_was_asked_for() {
    let find = |id: &str| logout_cases().into_iter().find(|case| text(case, "id") == id).expect("a case");
    let (request, partial) = (find("a-slo-request-redirect"), find("a-slo-response-partial"));
    let shown = stdout(&verify(&format!("testdata/auth0/{}", text(&request, "url")), &options(&request), &["--explain"]));
    for line in ["ACCEPTED  the identity provider asks for a logout", "auth0|64f0c2a17d9e4b0012ab34cd", "H6", "H3"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(!shown.contains("may be forged"), "{shown}");
    let file = format!("testdata/auth0/{}", text(&partial, "b64"));
    let shown = stdout(&verify(&file, &options(&partial), &[]));
    assert!(shown.contains("but not everywhere"), "{shown}");

    // Without the request that is pending, a response is not judged; `any` says aloud that it was not compared.
    let known = options(&partial);
    let without: Vec<String> = known.iter().take(known.len() - 2).cloned().collect();
    let outcome = verify(&file, &without, &[]);
    assert_eq!(outcome.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&outcome.stderr).contains("--in-response-to"), "{outcome:?}");
    let told = json(&verify(&file, &without, &["--in-response-to", "any", "--json"]));
    assert_eq!((&told["verdict"], &told["warnings"][0]["code"]), (&Value::from("accepted"), &Value::from("request_not_checked")));
}

/// What people paste: a URL that was decoded as a whole, one whose value alone was copied, and what lists a session of no name.
#[test]
fn what_was_pasted_is_told() {
    const OPTIONS: [(&str, &str); 4] =
        [("--idp-cert", "testdata/auth0/keys/idp-rsa2048.pem"), ("--idp-entity-id", IDP), ("--slo-url", SLO), ("--now", NOW)];
    let options: Vec<String> = OPTIONS.iter().flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()]).collect();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let look = |name: &str, content: &str, more: &[&str]| {
        let file = folder.join(format!("pasted-{name}"));
        std::fs::write(&file, content).expect("a file");
        stdout(&verify(file.to_str().expect("UTF-8"), &options, more))
    };
    let query = detached(&idp(), "SAMLRequest", REQUEST, None);
    assert!(look("url", &format!("{SLO}?{query}"), &[]).starts_with("ACCEPTED"));
    let decoded = query.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=").replace("%3A", ":").replace("%23", "#");
    let shown = look("decoded", &format!("{SLO}?{decoded}"), &["--json"]);
    assert!(shown.contains("not decoded and encoded again"), "{shown}");
    let value = to_base64(&deflate(REQUEST));
    let shown = look("value", &value, &["--json"]);
    assert!(shown.contains("hand over the whole raw query of a logout by redirect"), "{shown}");

    let refuse = ["--expired-certificate", "refuse"];
    let posted = |xml: &str| field(&enveloped(&idp(), xml, "_request"));
    assert!(look("posted", &posted(REQUEST), &["--expired-certificate", "ignore"]).contains("sessions        _s1\n"));
    assert!(look("refused", &posted(REQUEST), &refuse).contains("certificate_not_valid"));
    let index = "<p:SessionIndex>_s1</p:SessionIndex>";
    assert!(look("all", &posted(&REQUEST.replace(index, "")), &[]).contains("sessions        all of the user's"));
    let shown = look("empty", &posted(&REQUEST.replace("_s1", "")), &[]);
    assert!(shown.contains("\n  sessions") && !shown.contains("all of the user's"), "{shown}");
}

#[test]
fn a_request_that_is_built_is_one_that_is_verified() {
    const URL: &str = "https://idp.example/logout?tenant=a";
    let build = |more: &[&str]| {
        let mut arguments = vec!["logout-request", "--json", "--idp-slo-url", URL, "--sp-entity-id", "urn:sp"];
        arguments.extend(["--signing-key", "testdata/signing/rsa2048.pkcs8.pem", "--now", "2025-03-03T10:00:00Z"]);
        arguments.extend(["--name-id", "ada", "--session-index", "_s1"]);
        arguments.extend(more);
        run(&arguments)
    };
    let built = json(&build(&["--name-id-format", "urn:f", "--relay-state", "a b"]));
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("logout-url");
    std::fs::write(&file, built["url"].as_str().expect("a URL")).expect("a file");
    let options = ["--idp-cert", "testdata/signing/rsa2048.cert.pem", "--idp-entity-id", "urn:sp", "--slo-url", URL]
        .into_iter()
        .chain(["--now", "2025-03-03T10:00:01Z", "--json"])
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let told = json(&verify(file.to_str().expect("UTF-8"), &options, &[]));
    assert_eq!((&told["id"], &told["name_id"], &told["relay_state"]), (&built["id"], &Value::from("ada"), &Value::from("a b")));
    assert_eq!((&told["name_id_format"], &told["session_indexes"][0]), (&Value::from("urn:f"), &Value::from("_s1")));
    let page = json(&build(&["--binding", "post"]));
    assert!(page["html"].as_str().is_some_and(|html| html.contains("name=\"SAMLRequest\"")), "{page}");
    let refused = build(&["--relay-state", &"x".repeat(81)]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--relay-state: it is longer than 80 bytes"), "{refused:?}");
}
