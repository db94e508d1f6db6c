//! Callgrind around this program: from a step and a form field to a number of instructions.

use std::hint::black_box;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::step::Step;

/// The argument that makes this program take a step instead of counting.
pub(crate) const TAKE: &str = "--take";

/// The function of whose calls callgrind adds up the instructions, by its symbol.
const COUNTED: &str = "*instructions*callgrind*measured*";

/// Takes the step twice; the second time is counted.
pub(crate) fn counted<T>(mut step: impl FnMut() -> T) -> T {
    black_box(step());
    measured(step)
}

#[inline(never)]
fn measured<T>(mut step: impl FnMut() -> T) -> T {
    black_box(step())
}

pub(crate) fn is_installed() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// How many instructions the step takes.
pub(crate) fn instructions(step: Step, field: &str) -> u64 {
    let (input, output) = (scratch("field"), scratch("callgrind"));
    std::fs::write(&input, field).expect("room for a form field");
    let program = std::env::current_exe().expect("this program");
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--collect-atstart=no", &format!("--toggle-collect={COUNTED}")])
        .arg(format!("--callgrind-out-file={}", output.display()))
        .arg(program)
        .args([TAKE, step.name()])
        .arg(&input)
        .output()
        .expect("valgrind");
    assert!(run.status.success(), "callgrind: {}", String::from_utf8_lossy(&run.stderr));
    let profile = std::fs::read_to_string(output).expect("what callgrind wrote");
    let total = profile.lines().rev().find_map(|line| line.strip_prefix("totals: ")).expect("a total");
    total.trim().parse().expect("a number")
}

fn scratch(kind: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.{kind}", std::process::id()))
}
