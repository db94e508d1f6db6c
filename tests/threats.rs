//! `tests/THREATS.md` names what there is, and forgets nothing.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::threats::rows;
use common::{cases, read_text, testdata, text};

fn in_package(file: &str) -> String {
    read_text(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file))
}

/// `XML-1a` is part of `XML-1`.
fn is_of_class(id: &str, class: &str) -> bool {
    id.strip_prefix(class).is_some_and(|rest| rest.is_empty() || rest.len() == 1 && rest.chars().all(|c| c.is_ascii_lowercase()))
}

#[test]
fn every_id_stands_once_and_every_class_is_there() {
    let rows = rows(&in_package("tests/THREATS.md"));
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids.len(), rows.len(), "an id stands twice");
    let vectors = ["attacks", "logout"].map(|part| cases(&testdata(part)));
    let classes: BTreeSet<String> = vectors.iter().flatten().map(|case| text(case, "class").to_owned()).collect();
    for class in &classes {
        assert!(ids.iter().any(|id| is_of_class(id, class)), "no row for {class}");
    }
    for row in rows.iter().filter(|row| row.proof.starts_with("vectors")) {
        assert!(classes.iter().any(|class| is_of_class(&row.id, class)), "{} has no vectors", row.id);
    }
}

#[test]
fn every_proof_is_there() {
    let vectors = ["auth0", "attacks", "logout"].map(|part| cases(&testdata(part)));
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for row in rows(&in_package("tests/THREATS.md")) {
        for proof in row.proof.split('`').skip(1).step_by(2) {
            looked_at += 1;
            let there = match proof.split_once("::") {
                Some((file, function)) => {
                    in_package(file).contains(&format!("    #[test]\n    fn {function}()"))
                        || in_package(file).contains(&format!("#[test]\nfn {function}()"))
                }
                None => vectors.iter().flatten().any(|case| text(case, "id") == proof),
            };
            if !there {
                wrong.push(format!("{}: no {proof}", row.id));
            }
        }
        if row.proof.is_empty() {
            wrong.push(format!("{}: no proof", row.id));
        }
    }
    common::conclude("threats", looked_at, &wrong);
}
