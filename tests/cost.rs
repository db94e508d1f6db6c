//! What a verification costs in memory and stack, on ordinary messages and on those that are made to cost.
//!
//! Time is not here: `benches/verify.rs` measures it, and `benches/instructions.rs` counts it. A buffer that grows counts as a
//! new one beside the old one, which is the worst that an allocator can do.

#[allow(dead_code, reason = "the benchmarks use more of it")]
#[path = "../benches/workloads/mod.rs"]
mod workloads;

use std::thread;

use allocation_counter::{AllocationInfo, measure};
use saml_verify::{Error, Login, Verifier};
use workloads::hostile::{DENSE, SHAPES, Shape};
use workloads::{expect, now};

/// Of each workload, how many allocations it may take: some for each signature and each string of the login, which share a
/// buffer where there are many, and one for each time that a buffer doubles.
const ALLOCATIONS: [(&str, u64); 6] = [("w1", 60), ("w2", 60), ("w3", 70), ("w4", 85), ("w5", 75), ("w6", 60)];
/// What is not part of the login may take so many tenths of the XML.
const TRANSIENT: usize = 26;
/// Whatever the message, everything together may take so many times the form field.
const HOSTILE: usize = 10;
/// Where every few bytes are a node, the limit on nodes bounds the tree instead.
const TREE: u64 = 8 << 20;
/// Nothing recurses, so that any stack will do.
const STACK: usize = 256 * 1024;

#[test]
fn allocations_do_not_grow_with_the_message() {
    for (workload, (name, most)) in workloads::all().iter().zip(ALLOCATIONS) {
        let (outcome, allocated) = cost(&workload.verifier(), &workload.field);
        assert_eq!((workload.name, outcome.err()), (name, None));
        assert!(allocated.count_total <= most, "{name}: {} allocations, not {most}", allocated.count_total);
    }
}

#[test]
fn transient_memory_is_a_few_times_the_message() {
    for workload in workloads::all() {
        let (login, allocated) = cost(&workload.verifier(), &workload.field);
        let transient = allocated.bytes_max - u64::try_from(allocated.bytes_current).expect("what the login keeps");
        let most = of(workload.xml.len(), TRANSIENT) / 10;
        assert!(transient <= most, "{}: {transient} bytes, not {most}", workload.name);
        drop(login);
    }
}

#[test]
fn hostile_messages_take_a_bounded_memory_and_a_small_stack() {
    let verifier = workloads::w1().verifier();
    let mut wrong = Vec::new();
    for shape in SHAPES {
        let field = (shape.field)(shape.largest);
        wrong.extend(judge(&verifier, shape, &field, of(field.len(), HOSTILE)));
    }
    for shape in DENSE {
        let field = (shape.field)(shape.largest);
        wrong.extend(judge(&verifier, shape, &field, of(field.len(), HOSTILE).max(TREE)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn judge(verifier: &Verifier, shape: &Shape, field: &str, most: u64) -> Option<String> {
    let (outcome, allocated) = on_small_stack(|| cost(verifier, field));
    let code = outcome.err().map(|error| error.code());
    if code != shape.refusal {
        return Some(format!("{}: expected {:?}, got {code:?}", shape.name, shape.refusal));
    }
    let taken = allocated.bytes_max;
    (taken > most).then(|| format!("{}: {taken} bytes of memory, not {most}", shape.name))
}

/// The outcome, and what was allocated on the way to it, itself included.
fn cost(verifier: &Verifier, field: &str) -> (Result<Login, Error>, AllocationInfo) {
    let mut outcome = None;
    let allocated = measure(|| {
        let verified = verifier.verify_post(field, expect(), now());
        outcome = Some(verified.map(|verified| verified.without_replay_protection()));
    });
    (outcome.expect("measured"), allocated)
}

fn on_small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.expect("a thread").join().expect("no panic")
    })
}

fn of(bytes: usize, times: usize) -> u64 {
    u64::try_from(bytes * times).expect("a size")
}
