//! Whole verification beside its floor, interleaved in one process: `cargo bench --bench ratios --features internals`.

mod workloads;

use std::hint::black_box;
use std::time::{Duration, Instant};

use workloads::Workload;

fn main() {
    // `cargo bench -- --test` only wants to know that it runs.
    let test = std::env::args().any(|argument| argument == "--test");
    println!("{:4} {:>9} {:>9} {:>9} {:>9} {:>7}", "", "XML bytes", "floor us", "parse us", "whole us", "ratio");
    for workload in workloads::all() {
        let budget = if test { Duration::from_millis(1) } else { Duration::from_secs(3) };
        row(&workload, budget);
    }
}

fn row(workload: &Workload, budget: Duration) {
    let verifier = workload.verifier();
    let limits = workloads::limits();
    let mut buffer = Vec::new();
    let mut best = [f64::MAX; 3];
    let start = Instant::now();
    while start.elapsed() < budget {
        let took = [
            time(|| workload.floor(black_box(&mut buffer))),
            time(|| saml_verify::internals::parse(workload.xml.as_bytes(), &limits).expect("well-formed")),
            time(|| workload.whole(&verifier)),
        ];
        for (best, took) in best.iter_mut().zip(took) {
            *best = best.min(took);
        }
    }
    let [floor, parse, whole] = best;
    println!("{:4} {:9} {floor:9.1} {parse:9.1} {whole:9.1} {:7.2}", workload.name, workload.xml.len(), whole / floor);
}

/// Microseconds.
fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e6
}
