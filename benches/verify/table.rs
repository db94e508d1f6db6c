//! The tables at the end of a run: the fastest sample of each benchmark, as criterion stored them. Benchmarks that a filter left
//! out have no row.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::STAGES;
use crate::workloads::Workload;
use crate::workloads::hostile::{DENSE, SHAPES, Shape};

/// Where criterion keeps its results.
pub(crate) fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("criterion")
}

/// The name of a hostile message's benchmark.
pub(crate) fn hostile_id(shape: &Shape) -> String {
    format!("{} {}", shape.largest, shape.name)
}

/// The results of one run.
pub(crate) struct Tables {
    since: SystemTime,
    /// Microseconds, taken in turns with the whole; by the name of the workload.
    floors: BTreeMap<&'static str, f64>,
}

impl Tables {
    /// Those from now on: older runs left theirs in the same place.
    pub(crate) fn since_now() -> Self {
        Self { since: SystemTime::now(), floors: BTreeMap::new() }
    }

    pub(crate) fn add_floor(&mut self, workload: &'static str, floor: f64) {
        self.floors.insert(workload, floor);
    }

    pub(crate) fn print(&self, workloads: &[Workload], cold: Duration) {
        self.stages(workloads);
        self.first(cold);
        self.threads();
        self.hostile();
    }

    fn stages(&self, workloads: &[Workload]) {
        println!("\n### With {}\n", if cfg!(feature = "aws-lc-rs") { "aws-lc-rs" } else { "ring" });
        println!("Microseconds, the fastest sample of each; the floor is that of ring:\n");
        println!("| | XML bytes | floor | {} | the rest | whole | whole / floor | MB/s |", STAGES.join(" | "));
        println!("|---|{}", "---:|".repeat(STAGES.len() + 6));
        for workload in workloads {
            if let Some(cells) = self.row(workload) {
                println!("| {} | {} | {cells} |", workload.name, workload.xml.len());
            }
        }
    }

    fn row(&self, workload: &Workload) -> Option<String> {
        let fastest = |id: &str| self.fastest(workload.name, id);
        let (floor, whole) = (*self.floors.get(workload.name)?, fastest("whole")?);
        let stages = STAGES.into_iter().map(fastest).collect::<Option<Vec<f64>>>()?;
        let rest = whole - stages.iter().sum::<f64>();
        let times: Vec<String> = [floor].iter().chain(&stages).chain(&[rest, whole]).map(|time| format!("{time:.1}")).collect();
        let speed = workload.xml.len() as f64 / whole;
        Some(format!("{} | **{:.2}** | {speed:.0}", times.join(" | "), whole / floor))
    }

    fn first(&self, cold: Duration) {
        let (Some(set_up), Some(both)) = (self.fastest("first", "set-up"), self.fastest("first", "set-up and verification"))
        else {
            return;
        };
        println!("\nFirst verification of w1: set-up from PEM {set_up:.1} us, with the verification {both:.1} us;");
        println!("the very first of the process {:.1} us.", cold.as_secs_f64() * 1e6);
    }

    fn threads(&self) {
        let (Some(one), Some(two)) = (self.fastest("threads", "1"), self.fastest("threads", "2")) else { return };
        println!("\nOne verifier, w1: one thread {:.0} per second, two threads {:.2} times that.", 1e6 / one, 2.0 * one / two);
    }

    fn hostile(&self) {
        println!("\n| hostile message | form field kB | outcome | ms | ms per MB |");
        println!("|---|---:|---|---:|---:|");
        for shape in SHAPES.iter().chain(DENSE) {
            let id = hostile_id(shape);
            let Some(time) = self.fastest("hostile", &id) else { continue };
            let bytes = (shape.field)(shape.largest).len() as f64;
            let outcome = shape.refusal.map_or("accepted".to_owned(), |code| format!("`{code}`"));
            println!("| {id} | {:.0} | {outcome} | {:.2} | {:.2} |", bytes / 1e3, time / 1e3, time * 1e3 / bytes);
        }
    }

    /// Microseconds for one iteration in the fastest sample.
    fn fastest(&self, group: &str, id: &str) -> Option<f64> {
        let benchmark = directory().join(file_name(group)).join(file_name(id)).join("new");
        let path = benchmark.join("sample.json");
        if path.metadata().ok()?.modified().ok()? < self.since {
            return None;
        }
        let sample: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let numbers = |name: &str| sample[name].as_array().into_iter().flatten().filter_map(Value::as_f64);
        numbers("times").zip(numbers("iters")).map(|(time, iterations)| time / iterations / 1e3).reduce(f64::min)
    }
}

/// As criterion names folders.
fn file_name(id: &str) -> String {
    let kept: String = id.chars().map(|c| if r#"?"/\*<>:|^"#.contains(c) { '_' } else { c }).collect();
    kept.chars().take(64).collect()
}
