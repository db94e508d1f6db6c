//! Instructions, counted by callgrind: the same on every run, whatever else the machine does.
//! `cargo bench --bench instructions --features internals` prints the tables, and fails where a count is more than 3 % above
//! `baseline.txt`; with `-- --bless` it writes that file instead. `-- stages`, or the name of another series, counts that one alone.
//!
//! Callgrind runs this program again for each count, which then takes one step of a verification, twice: the first time does
//! what is done once in a process. It does not know the instructions of this processor for SHA-256, so digests count for more
//! here than they cost; key operations are counted nowhere.

mod baseline;
mod callgrind;
mod series;
mod step;
#[allow(dead_code, reason = "the other programs use the rest")]
#[path = "../workloads/mod.rs"]
mod workloads;

use std::process::ExitCode;

use baseline::Counts;
use step::Step;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if let [first, step, file] = arguments.as_slice()
        && first == callgrind::TAKE
    {
        step::take(step, file);
        return ExitCode::SUCCESS;
    }
    if has("--test") {
        Step::ALL.into_iter().for_each(|step| step.run(&workloads::w1().field));
        return ExitCode::SUCCESS;
    }
    if !callgrind::is_installed() {
        println!("skipped: valgrind is not installed, and nothing else counts instructions");
        return ExitCode::SUCCESS;
    }
    let mut counts = Counts::default();
    let all = series::ALL.iter().all(|(name, _)| !has(name));
    let chosen = series::ALL.iter().filter(|(name, _)| all || has(name));
    let linear = chosen.map(|(_, series)| series(&mut counts)).collect::<Vec<bool>>().into_iter().all(|ok| ok);
    let kept = if has("--bless") { counts.bless(all) } else { counts.compare() };
    if linear && kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
