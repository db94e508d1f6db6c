//! The messages of the benchmarks through the other crates on crates.io that can verify a SAML response or its signature, all in
//! one process and by turns: `cargo run --release --manifest-path benches/peers/Cargo.toml`, with `--features samael` if its C
//! libraries are installed. A number after `--` is the seconds for each message.
//!
//! Each is used as its documentation says, with its keys loaded and its configuration made beforehand, and is asked for as much
//! of the job as its interface offers; the second column says what that is.

mod peers;
#[allow(dead_code, reason = "the benchmarks use more of it")]
#[path = "../../workloads/mod.rs"]
mod workloads;

use std::time::{Duration, Instant};

use peers::{PEERS, Run};
use workloads::Workload;

/// How long everybody's turn is.
const TURN: Duration = Duration::from_millis(20);

fn main() {
    let seconds = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(3.0);
    let workloads = workloads::all();
    let columns: Vec<Column> = workloads.iter().map(|workload| Column::measure(workload, seconds)).collect();
    println!("Microseconds from base64 text, the fastest of each; in brackets, times the floor of the same run.\n");
    println!(
        "| | does | {} |",
        workloads.iter().map(|w| format!("{} {} kB", w.name, w.xml.len() / 1000)).collect::<Vec<_>>().join(" | ")
    );
    println!("|---|---|{}", "---:|".repeat(columns.len()));
    let floors: Vec<String> = columns.iter().map(|column| format!("{:.1} (1)", column.floor)).collect();
    println!("| floor: base64, digests, key operations | | {} |", floors.join(" | "));
    for (row, peer) in PEERS.iter().enumerate() {
        let cells: Vec<String> = columns.iter().map(|column| column.cell(row)).collect();
        println!("| {} | {} | {} |", peer.name, peer.does, cells.join(" | "));
    }
    println!(
        "\nb base64, p parse, s signatures, x NameID and attributes as values of their own, c audience, recipient and time checks."
    );
    for (workload, column) in workloads.iter().zip(&columns) {
        for (peer, outcome) in PEERS.iter().zip(&column.outcomes) {
            if let Err(why) = outcome {
                println!("{} on {}: {why}", peer.name, workload.name);
            }
        }
    }
}

/// What was measured of one message.
struct Column {
    floor: f64,
    /// In the order of the peers: microseconds, or why there are none.
    outcomes: Vec<Result<f64, String>>,
}

impl Column {
    fn measure(workload: &Workload, seconds: f64) -> Self {
        let runs: Vec<Result<Run<'_>, String>> = PEERS.iter().map(|peer| ready(peer.prepare, workload)).collect();
        let mut best = vec![f64::MAX; runs.len()];
        let mut floor = f64::MAX;
        let mut buffer = Vec::new();
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        let mut rounds = 0;
        // However slow the slowest is, everybody has a few turns.
        while rounds < 3 || Instant::now() < end {
            floor = floor.min(turn(|| workload.floor(&mut buffer)));
            for (best, run) in best.iter_mut().zip(&runs) {
                if let Ok(run) = run {
                    *best = best.min(turn(|| run().expect("what it verified before")));
                }
            }
            rounds += 1;
        }
        Self { floor, outcomes: runs.into_iter().zip(best).map(|(run, best)| run.map(|_| best)).collect() }
    }

    fn cell(&self, row: usize) -> String {
        match &self.outcomes[row] {
            Ok(time) if *time < 1000.0 => format!("{time:.1} ({:.1})", time / self.floor),
            Ok(time) => format!("{time:.0} ({:.0})", time / self.floor),
            Err(_) => "no".to_owned(),
        }
    }
}

/// Prepared, and once seen to verify the message.
fn ready<'w>(prepare: peers::Prepare, workload: &'w Workload) -> Result<Run<'w>, String> {
    let run = prepare(workload)?;
    run()?;
    Ok(run)
}

/// Microseconds for the fastest of as many times as go into a turn: those before it have filled the caches with other things.
fn turn(mut work: impl FnMut()) -> f64 {
    let end = Instant::now() + TURN;
    let mut best = f64::MAX;
    loop {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64() * 1e6);
        if Instant::now() >= end {
            return best;
        }
    }
}
