//! The counts of a run, and those that are checked in.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Where the baseline is.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions/baseline.txt");
/// A count may be larger than its baseline by one part in so many: 3 %, which compilers and libraries of the same age stay below.
const TOLERANCE: u64 = 33;

/// Instructions by what they were counted for.
#[derive(Default)]
pub(crate) struct Counts(BTreeMap<String, u64>);

impl Counts {
    pub(crate) fn add(&mut self, name: String, instructions: u64) {
        self.0.insert(name, instructions);
    }

    /// Makes these counts the baseline; of what is not counted, the old ones stay.
    pub(crate) fn bless(&self, all: bool) -> bool {
        let mut counts = if all { BTreeMap::new() } else { read() };
        counts.extend(self.0.clone());
        let mut text =
            String::from("# Instructions; written by `cargo bench --bench instructions --features internals -- --bless`.\n");
        counts.iter().try_for_each(|(name, count)| writeln!(text, "{count:>10} {name}")).expect("room");
        std::fs::write(FILE, text).expect("a baseline");
        println!("\nThe baseline has {} counts.", self.0.len());
        true
    }

    /// Whether every count is within the tolerance of the baseline; says which are not.
    pub(crate) fn compare(&self) -> bool {
        let baseline = read();
        let mut kept = true;
        for (name, &count) in &self.0 {
            let Some(&before) = baseline.get(name) else {
                kept = false;
                println!("\n{name}: {count} instructions, and no baseline");
                continue;
            };
            if count > before + before / TOLERANCE {
                kept = false;
                println!("\n{name}: {count} instructions, {} more than the baseline", percent(count, before));
            } else if count + before / TOLERANCE < before {
                println!("\n{name}: {count} instructions, {} of the baseline: worth `--bless`", percent(count, before));
            }
        }
        println!("\n{}", if kept { "No count is more than 3 % above its baseline." } else { "REGRESSION" });
        kept
    }
}

fn percent(count: u64, before: u64) -> String {
    format!("{:+.1} %", (count as f64 / before as f64 - 1.0) * 100.0)
}

fn read() -> BTreeMap<String, u64> {
    let text = std::fs::read_to_string(FILE).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.trim().split_once(' '))
        .filter_map(|(count, name)| Some((name.to_owned(), count.parse().ok()?)))
        .collect()
}
