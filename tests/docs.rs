//! The README and the pages of `docs/`: every command runs and prints what stands below it, every path and every link leads somewhere.
//!
//! Rust snippets are doc tests of the crate.

#![cfg(feature = "cli")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::read_text;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A page, by its path in the package.
struct Page {
    path: PathBuf,
    text: String,
}

fn pages() -> Vec<Page> {
    let docs = std::fs::read_dir(root().join("docs")).expect("a folder of pages").map(|entry| entry.expect("an entry").path());
    let fronts = ["README.md", "ARCHITECTURE.md", "SECURITY.md"].map(|name| root().join(name));
    let mut paths: Vec<PathBuf> =
        fronts.into_iter().chain(docs.filter(|path| path.extension().is_some_and(|e| e == "md"))).collect();
    paths.sort();
    paths.into_iter().map(|path| Page { text: read_text(&path), path }).collect()
}

impl Page {
    fn name(&self) -> String {
        self.path.strip_prefix(root()).expect("in the package").display().to_string()
    }

    /// The fenced blocks, each with its language.
    fn blocks(&self) -> Vec<(&str, &str)> {
        let mut blocks = Vec::new();
        let mut rest = self.text.as_str();
        while let Some((_, after)) = rest.split_once("\n```") {
            let (language, after) = after.split_once('\n').expect("a fence ends its line");
            let (block, after) = after.split_once("\n```").unwrap_or_else(|| panic!("{}: an open fence", self.name()));
            blocks.push((language, block));
            rest = after;
        }
        blocks
    }

    /// The text without its fenced blocks.
    fn prose(&self) -> String {
        let parts = self.text.split("\n```").step_by(2);
        parts.collect::<Vec<_>>().join("\n")
    }

    /// What stands in backticks.
    fn code(&self) -> Vec<String> {
        self.prose().lines().flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
    }
}

/// The commands of a block, each on one line.
fn commands(block: &str) -> Vec<String> {
    let joined = block.replace("\\\n", " ");
    joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// Commands that the tests do not start again, since they are how the tests are started, take long, or install something.
const STARTED_ELSEWHERE: &[&str] = &["cargo test", "cargo run --example service", "cargo install --path . --features cli"];

/// How a service is started that goes on: `.ci/run browser` does it.
const A_SERVICE: &[&str] = &["cd examples/axum-sp && cargo run", "cargo run -- --base-url "];

/// What the shell prints, with `saml-verify` in place of however the page starts it.
fn run(command: &str) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_saml-verify");
    let command = command.replace("cargo run --features cli --", program);
    let command = command.strip_prefix("saml-verify ").map_or(command.clone(), |rest| format!("{program} {rest}"));
    let done = Command::new("sh").args(["-c", &command]).current_dir(root()).output().expect("a shell");
    (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr))
}

/// Whether the output is what the page shows, where a line `…`, or `…` in a line, stands for whatever was left out.
fn shows(shown: &str, output: &str) -> bool {
    let mut rest = output;
    shown.split('…').map(str::trim).all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[test]
fn every_command_runs_and_prints_what_is_shown() {
    let (mut wrong, mut ran) = (Vec::new(), 0);
    for page in pages() {
        let blocks = page.blocks();
        for (at, (_, block)) in blocks.iter().enumerate().filter(|(_, (language, _))| *language == "sh") {
            let shown = blocks.get(at + 1).filter(|(language, _)| ["text", "json"].contains(language)).map(|(_, text)| *text);
            for command in commands(block) {
                if STARTED_ELSEWHERE.contains(&command.as_str()) || A_SERVICE.iter().any(|start| command.starts_with(start)) {
                    continue;
                }
                ran += 1;
                let (code, output) = run(&command);
                let refused = shown.is_some_and(|text| text.starts_with("REFUSED") || text.contains("\"verdict\":\"refused\""));
                if code != Some(i32::from(refused)) {
                    wrong.push(format!("{}: `{command}` ends with {code:?}: {output}", page.name()));
                } else if let Some(text) = shown.filter(|text| !shows(text, &output)) {
                    wrong.push(format!("{}: `{command}` does not print\n{text}\nbut\n{output}", page.name()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran > 0, "no command was found");
}

#[test]
fn every_path_in_backticks_is_there() {
    let folders = ["src/", "tests/", "testdata/", "docs/", "fuzz/", "benches/", "examples/", ".ci/"];
    let mut wrong = Vec::new();
    for page in pages() {
        for code in page.code() {
            let path = code.split([' ', ':']).next().unwrap_or_default();
            if folders.iter().any(|folder| path.starts_with(folder)) && !path.contains(['*', '…']) && !root().join(path).exists()
            {
                wrong.push(format!("{}: {path}", page.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut wrong = Vec::new();
    for page in &pages {
        for target in
            page.prose().split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target.to_owned()))
        {
            if target.contains("://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() { page.path.clone() } else { page.path.parent().expect("a folder").join(file) };
            let text = std::fs::read_to_string(&path).ok();
            let found = text.is_some_and(|text| {
                heading.is_empty() || text.lines().any(|line| line.starts_with('#') && anchor(line) == heading)
            });
            if !found {
                wrong.push(format!("{}: {target}", page.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The lines that are neither blank nor comments.
fn lines_of_code(text: &str) -> usize {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn the_page_on_axum_shows_the_example() {
    let source = root().join("examples/axum-sp/src");
    let service = read_text(&source.join("service.rs"));
    let (_, marked) = service.split_once("// [the service]\n").expect("a mark");
    let (marked, _) = marked.split_once("\n// [end]").expect("another mark");
    let page = read_text(&root().join("docs/axum.md"));
    assert!(page.contains(&format!("\n```rust,ignore\n{marked}\n```\n")), "docs/axum.md shows other code than service.rs");
    assert!(lines_of_code(marked) <= 40, "{} lines", lines_of_code(marked));

    // The trial identity provider is no part of the service, as the page says.
    let files = std::fs::read_dir(&source).expect("a folder").map(|entry| entry.expect("an entry").path());
    let (trial, own): (Vec<_>, Vec<_>) = files.partition(|path| path.file_stem().is_some_and(|stem| stem == "idp"));
    let lines: usize = own.iter().map(|path| lines_of_code(&read_text(path))).sum();
    assert!(lines < 300, "the service has {lines} lines: what it needs by hand belongs into the crate");
    for path in own.iter().chain(&trial) {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(page.contains(&format!("`{name}`")), "docs/axum.md does not say what {name} is");
    }
    assert_eq!(trial.len(), 2);
    assert!(page.contains("| `idp.rs`, `idp.css` | the trial identity provider."));
}

#[test]
fn the_readme_is_short() {
    let lines = read_text(&root().join("README.md")).lines().count();
    assert!(lines <= 250, "the README has {lines} lines: move detail to docs/");
}
