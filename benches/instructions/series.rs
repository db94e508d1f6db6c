//! What is counted, and the table of each: the stages, messages of growing size, hostile messages of doubling size. Each says
//! whether its rows are as linear as they have to be.

use crate::baseline::Counts;
use crate::callgrind::instructions;
use crate::step::Step;
use crate::workloads::hostile::{DENSE, SHAPES, Shape};
use crate::workloads::{self, Key, Part, Workload, expect, now};

/// The steps that are XML and SAML, without digests and keys.
const XML: [Step; 4] = [Step::Parse, Step::Canonicalize, Step::Read, Step::Check];
/// Instructions per byte of the densest and the lightest size may differ by this factor.
const SPREAD: f64 = 1.2;
/// Twice the message may take this many times the instructions: twice, and what sorting adds.
const DOUBLING: f64 = 2.05;

/// Each with the name by which it is counted alone.
pub(crate) const ALL: [(&str, Series); 5] =
    [("stages", stages), ("sizes", sizes), ("connections", connections), ("aggregates", aggregates), ("hostile", hostile)];

type Series = fn(&mut Counts) -> bool;

/// The steps of three messages, and a whole verification of each.
fn stages(counts: &mut Counts) -> bool {
    println!("Instructions of each stage:\n");
    println!("| | XML bytes | {} | together, per byte | whole, less key operation |", XML.map(Step::name).join(" | "));
    println!("|---|{}", "---:|".repeat(XML.len() + 3));
    for workload in [workloads::w1(), workloads::w3(), workloads::w4()] {
        let row = count_all(counts, &XML, workload.name, &workload.field);
        let cells: Vec<String> = row.iter().map(u64::to_string).collect();
        let per_byte = per_byte(row.iter().sum(), workload.xml.len());
        let whole = less_key_operation(&workload.field);
        counts.add(format!("{}/whole", workload.name), whole);
        println!("| {} | {} | {} | {per_byte:.1} | {whole} |", workload.name, workload.xml.len(), cells.join(" | "));
    }
    true
}

/// Messages of one density from 7 kB to a megabyte, less the key operation, which is the same for all.
fn sizes(counts: &mut Counts) -> bool {
    println!("\nInstructions of a verification less its key operation, by size:\n");
    println!("| claims | XML bytes | instructions | per byte |\n|---:|---:|---:|---:|");
    let mut all = Vec::new();
    for profiles in [0, 4, 18, 55, 220] {
        let workload = Workload::new("size", &workloads::profiles(profiles), Part::Assertion, Key::Rsa);
        workload.whole(&workload.verifier()); // is accepted
        let rest = less_key_operation(&workload.field);
        counts.add(format!("size/{}", workload.xml.len()), rest);
        let per_byte = per_byte(rest, workload.xml.len());
        println!("| {} | {} | {rest} | {per_byte:.1} |", 13 + 14 * profiles, workload.xml.len());
        all.push(per_byte);
    }
    let spread = all.iter().copied().reduce(f64::max).unwrap_or_default() / all.iter().copied().reduce(f64::min).unwrap_or(1.0);
    println!("\nThe largest is {spread:.2} times the smallest, and may be {SPREAD}.");
    spread <= SPREAD
}

/// A login among 10,000 connections takes what it takes where there is one alone.
fn connections(counts: &mut Counts) -> bool {
    /// One part in so many: 2 %.
    const MORE: u64 = 50;
    let field = workloads::w1().field;
    let [one, many] = [Step::OneConnection, Step::ManyConnections].map(|step| {
        let taken = instructions(step, &field);
        counts.add(format!("registry/{}", step.name()), taken);
        taken
    });
    println!("\nInstructions of lookup and verification, of w1:\n");
    println!("| connections | instructions |\n|---:|---:|\n| 1 | {one} |\n| 10,000 | {many} |");
    println!("\nThe second may be 2 % above the first.");
    many <= one + one / MORE
}

/// The metadata of federations of doubling size, up to 10,000 entities.
fn aggregates(counts: &mut Counts) -> bool {
    println!("\nInstructions of reading one entity of a federation's metadata:\n");
    println!("| entities | XML bytes | instructions | per byte | doubled |\n|---:|---:|---:|---:|---:|");
    let mut before = None;
    let mut linear = true;
    for entities in [1_250, 2_500, 5_000, 10_000] {
        let xml = workloads::federation::aggregate(entities);
        let taken = instructions(Step::Metadata, &xml);
        counts.add(format!("metadata/{entities} entities"), taken);
        let factor = before.replace(taken).map_or(2.0, |before: u64| taken as f64 / before as f64);
        linear &= factor <= DOUBLING;
        println!("| {entities} | {} | {taken} | {:.1} | {factor:.2} |", xml.len(), per_byte(taken, xml.len()));
    }
    linear
}

/// Each hostile message at an eighth, a quarter, half and all of its size.
fn hostile(counts: &mut Counts) -> bool {
    println!("\nInstructions of a verification of hostile messages, and what doubling their size does:\n");
    println!("| up to | form field kB | outcome | instructions | per byte | doubled |\n|---|---:|---|---:|---:|---|");
    let mut linear = true;
    for shape in SHAPES.iter().chain(DENSE) {
        linear &= doubling(counts, shape);
    }
    linear
}

fn doubling(counts: &mut Counts, shape: &Shape) -> bool {
    let verifier = workloads::w1().verifier();
    let mut rows = Vec::new();
    for times in [8, 4, 2, 1].map(|part| shape.largest / part) {
        let field = (shape.field)(times);
        let outcome = verifier.verify_post(&field, expect(), now()).err().map(|error| error.code());
        rows.push((field.len(), outcome, instructions(Step::Whole, &field)));
    }
    let factors: Vec<f64> = rows.windows(2).map(|pair| pair[1].2 as f64 / pair[0].2 as f64).collect();
    let (bytes, outcome, count) = rows[rows.len() - 1];
    counts.add(format!("hostile/{} {}", shape.largest, shape.name), count);
    let outcome = outcome.map_or("accepted".to_owned(), |code| format!("`{code}`"));
    let doubled: Vec<String> = factors.iter().map(|factor| format!("{factor:.2}")).collect();
    let per_byte = per_byte(count, bytes);
    println!(
        "| {} {} | {:.0} | {outcome} | {count} | {per_byte:.1} | {} |",
        shape.largest,
        shape.name,
        bytes as f64 / 1e3,
        doubled.join(", ")
    );
    factors.iter().all(|&factor| factor <= DOUBLING)
}

fn count_all(counts: &mut Counts, steps: &[Step], name: &str, field: &str) -> Vec<u64> {
    let mut count = |step: &Step| {
        let taken = instructions(*step, field);
        counts.add(format!("{name}/{}", step.name()), taken);
        taken
    };
    steps.iter().map(&mut count).collect()
}

/// A verification less its key operation, which is the same for all.
fn less_key_operation(field: &str) -> u64 {
    let [whole, key] = [Step::Whole, Step::KeyOperation].map(|step| instructions(step, field));
    whole - key
}

fn per_byte(instructions: u64, bytes: usize) -> f64 {
    instructions as f64 / bytes as f64
}
