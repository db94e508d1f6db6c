//! The list of planted mistakes is about the code as it stands: each is one passage of one file, and changes it.
//!
//! `.ci/planted` plants each and asks the suite.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

struct Mistake {
    title: String,
    file: String,
    before: String,
    after: String,
    suites: Vec<String>,
}

fn mistakes() -> Vec<Mistake> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/planted");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files.iter().flat_map(|file| common::read_text(file).split("\n\n").filter_map(mistake).collect::<Vec<_>>()).collect()
}

fn mistake(block: &str) -> Option<Mistake> {
    let mut lines = block.trim().lines();
    let title = lines.next()?.strip_prefix("# ")?.to_owned();
    let file = lines.next()?.strip_prefix("in ")?.to_owned();
    let of = |mark: &'static str| {
        block.lines().filter_map(move |line| line.strip_prefix(mark).or_else(|| (line == mark.trim_end()).then_some("")))
    };
    let joined = |mark| of(mark).collect::<Vec<_>>().join("\n");
    let suites = of("? ").flat_map(str::split_ascii_whitespace).map(str::to_owned).collect();
    Some(Mistake { title, file, before: joined("- "), after: joined("+ "), suites })
}

#[test]
fn each_planted_mistake_has_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut wrong, mut titles) = (Vec::new(), BTreeSet::new());
    let mistakes = mistakes();
    for Mistake { title, file, before, after, suites } in &mistakes {
        let places = common::read_text(&root.join(file)).matches(before.as_str()).count();
        if places != 1 || before == after || before.is_empty() {
            wrong.push(format!("{title}: stands {places} times in {file}"));
        }
        wrong.extend(
            suites
                .iter()
                .filter(|suite| !root.join(format!("tests/{suite}.rs")).is_file())
                .map(|suite| format!("{title}: no tests/{suite}.rs")),
        );
        if !titles.insert(title) {
            wrong.push(format!("{title}: stands twice"));
        }
    }
    assert!(mistakes.len() >= 60, "only {}", mistakes.len());
    common::conclude("planted mistakes", mistakes.len(), &wrong);
}
