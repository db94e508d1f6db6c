//! Well-formedness and canonical XML against the vectors of other implementations.

mod common;

use std::path::Path;

use common::outside::tests_from_outside;
use common::third::reads_the_same;
use common::{cases, conclude, path, read, read_text, text};
use saml_verify::canonical::{Algorithm, Canonicalizer, Error};
use saml_verify::internals::{self, Select};
use saml_verify::{Limits, XmlError, XmlErrorKind};
use serde_json::Value;

/// Documents of the suites exceed what a SAML message needs.
const LIMITS: Limits = Limits {
    document_bytes: 1 << 24,
    depth: 4096,
    nodes: 1 << 22,
    attributes: 1 << 22,
    attributes_per_element: 4096,
    prefixes: 4096,
    namespaces: 4096,
    namespace_bytes: 1 << 16,
};

tests_from_outside! {
    "conformance/wellformed" => well_formed_documents_are_taken_and_others_refused,
    "conformance/c14n" => canonical_forms_are_those_of_the_specifications,
    "conformance/c14n" => random_documents_have_the_canonical_form_that_two_implementations_give_them,
}

fn well_formed_documents_are_taken_and_others_refused(folder: &Path) {
    let cases = cases(folder);
    let mut wrong = Vec::new();
    let mut compared = 0;
    for case in &cases {
        let input = read(&folder.join(text(case, "input")));
        let got = internals::parse(&input, &LIMITS);
        if internals::parse(&input, &Limits::DEFAULT).is_ok() {
            compared += 1;
            let read = std::str::from_utf8(&input).map_err(|error| error.to_string()).and_then(reads_the_same);
            wrong.extend(read.err().map(|difference| format!("{}: {difference}", case["id"])));
        }
        let fits = match (text(case, "expect"), &got) {
            ("well_formed", Ok(())) => true,
            ("well_formed", Err(_)) => !case["may_refuse"].is_null(),
            ("refused", Err(error)) => is_fault(error),
            ("not_well_formed", Err(error)) => is_fault(error),
            _ => false,
        };
        if !fits {
            wrong.push(format!("{}: expected {}, got {got:?} ({})", case["id"], case["expect"], case["note"]));
        }
    }
    println!("{compared} documents that quick-xml reads as the same tree");
    assert!(compared > 100, "{compared}");
    conclude("wellformed", cases.len(), &wrong);
}

/// A refusal for what is in the document, not for how much.
fn is_fault(error: &XmlError) -> bool {
    !matches!(error.kind, XmlErrorKind::LimitExceeded { .. } | XmlErrorKind::DocumentTooLarge { .. })
}

fn canonical_forms_are_those_of_the_specifications(folder: &Path) {
    let cases = cases(folder);
    let mut wrong = Vec::new();
    for case in &cases {
        let input = read(&folder.join(text(case, "input")));
        let expected = read(&folder.join(text(case, "expected")));
        check(case, &input, &expected, &mut wrong);
    }
    conclude("c14n", cases.len(), &wrong);
}

fn random_documents_have_the_canonical_form_that_two_implementations_give_them(folder: &Path) {
    let lines = read_text(&folder.join("random.jsonl"));
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).expect("a line is JSON");
        check(&case, text(&case, "input").as_bytes(), text(&case, "expected").as_bytes(), &mut wrong);
        looked_at += 1;
    }
    conclude("c14n random", looked_at, &wrong);
}

fn check(case: &Value, input: &[u8], expected: &[u8], wrong: &mut Vec<String>) {
    match canonical(case, input) {
        Ok(octets) if octets == expected => {}
        Err(_) if !case["may_refuse"].is_null() => {}
        Ok(octets) => wrong.push(format!(
            "{}: expected\n{}\ngot\n{}",
            case["id"],
            difference(expected, &octets),
            difference(&octets, expected)
        )),
        Err(error) => wrong.push(format!("{}: {error}", case["id"])),
    }
}

/// `octets` from shortly before they differ from `other`.
fn difference(octets: &[u8], other: &[u8]) -> String {
    let same = octets.iter().zip(other).take_while(|(a, b)| a == b).count();
    let shown = &octets[same.saturating_sub(60)..octets.len().min(same + 120)];
    String::from_utf8_lossy(shown).into_owned()
}

fn canonical(case: &Value, input: &[u8]) -> Result<Vec<u8>, Error> {
    let algorithm = algorithm(case);
    let prefix_list = match &case["inclusive_prefixes"] {
        Value::Array(prefixes) => prefixes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        Value::String(prefixes) => prefixes.clone(),
        _ => String::new(),
    };
    let excluded = case["exclude"].as_str().map(path);
    let element = case["select"]["value"].as_str();
    let attribute = case["select"]["attr"].as_str().unwrap_or("ID");
    match element {
        // What the public interface can select.
        Some(id) if excluded.is_none() && matches!(attribute, "ID" | "Id" | "id" | "xml:id") => {
            let public =
                Canonicalizer::new(algorithm).inclusive_prefixes(prefix_list.as_str()).element(id).limits(LIMITS).to_vec(input);
            match public {
                // The public interface does not choose between `ID` and `Id`; the case names one.
                Err(Error::SeveralElements) => {
                    let select = Select::Attribute { name: attribute, value: id };
                    internals::canonicalize(input, select, None, algorithm, &prefix_list, &LIMITS)
                }
                public => public,
            }
        }
        None if excluded.is_none() && text(&case["select"], "type") == "document" => {
            Canonicalizer::new(algorithm).inclusive_prefixes(prefix_list).limits(LIMITS).to_vec(input)
        }
        _ => {
            let apex = case["select"]["path"].as_str().map(path).unwrap_or_default();
            let select = element.map_or(Select::Path(&apex), |value| Select::Attribute { name: attribute, value });
            internals::canonicalize(input, select, excluded.as_deref(), algorithm, &prefix_list, &LIMITS)
        }
    }
}

fn algorithm(case: &Value) -> Algorithm {
    let uri = text(case, "algorithm");
    let with_comments = case["with_comments"].as_bool().unwrap_or(false);
    let uri = match (uri.split_once("WithComments"), with_comments) {
        (None, true) if uri.ends_with('#') => format!("{uri}WithComments"),
        (None, true) => format!("{uri}#WithComments"),
        _ => uri.to_owned(),
    };
    Algorithm::from_uri(&uri).unwrap_or_else(|| panic!("{}: unknown algorithm {uri}", case["id"]))
}
