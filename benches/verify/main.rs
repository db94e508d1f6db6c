//! Time: of each workload its floor, the stages of its verification and the whole, in one criterion run; then the first
//! verification, threads and hostile messages. `cargo bench --bench verify --features internals` ends with the tables; with
//! `--features internals,aws-lc-rs` the whole is that with aws-lc-rs, and the floor is ring's all the same.
//!
//! A cell is the fastest of many short samples, and floor and whole are taken in turns, so that the ratios hold on a machine that
//! does other things, too.

mod table;
#[allow(dead_code, reason = "the other programs use the rest")]
#[path = "../workloads/mod.rs"]
mod workloads;

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput};
use saml_verify::internals::{Parsed, ValueVerdict, decode, digests_to, verify_value};
use saml_verify::{Limits, TrustedKeys};
use workloads::hostile::{DENSE, SHAPES};
use workloads::{Signature, Workload, expect, now};

use table::Tables;

/// The order of the columns.
const STAGES: [&str; 7] = ["base64", "parse", "canonicalize", "digest", "key operation", "read", "check"];

fn main() {
    let cold = cold_first_verification();
    let mut tables = Tables::since_now();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(700))
        .sample_size(200)
        .nresamples(1000)
        .without_plots()
        .output_directory(&table::directory())
        .configure_from_args();
    let workloads = workloads::all();
    for workload in &workloads {
        let floor = stages(&mut criterion, workload);
        tables.add_floor(workload.name, floor);
    }
    first(&mut criterion, &workloads[0]);
    threads(&mut criterion, &workloads[0]);
    hostile(&mut criterion);
    criterion.final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        tables.print(&workloads, cold);
    }
}

fn group<'c>(criterion: &'c mut Criterion, name: &str, bytes: usize) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Bytes(u64::try_from(bytes).expect("a size")));
    group
}

/// Answers the fastest floor of those that were taken in turns with the whole, in microseconds.
fn stages(criterion: &mut Criterion, workload: &Workload) -> f64 {
    let (sp, idp, verifier) = (Workload::service_provider(), workload.identity_provider(), workload.verifier());
    let limits = Limits::DEFAULT;
    let parsed = Parsed::parse(workload.xml.as_bytes(), &limits).expect("a document");
    let genuine = parsed.verify(&idp).expect("a valid signature");
    let read = genuine.read().expect("a message");
    let keys = TrustedKeys::from_pem(&workload.pem).expect("a certificate");
    let key = keys.iter().next().expect("one key");
    let mut buffer = Vec::new();

    let mut group = group(criterion, workload.name, workload.xml.len());
    group.bench_function("floor", |b| b.iter(|| workload.floor(&mut buffer)));
    group.bench_function("base64", |b| b.iter(|| decode(black_box(&workload.field), &limits)));
    group.bench_function("parse", |b| b.iter(|| Parsed::parse(black_box(workload.xml.as_bytes()), &limits).is_ok()));
    group.bench_function("canonicalize", |b| {
        b.iter(|| {
            buffer.clear();
            for (path, place) in workload.signed() {
                black_box(&parsed).canonicalize(path, *place, &mut buffer).expect("canonical");
            }
        });
    });
    group.bench_function("digest", |b| {
        b.iter(|| workload.signatures.iter().all(|one| digests_to(black_box(&one.element), &one.digest)));
    });
    group.bench_function("key operation", |b| {
        let holds = |one: &Signature| verify_value(key, workload.method, black_box(&one.signed_info), &one.value);
        b.iter(|| workload.signatures.iter().all(|one| holds(one) == ValueVerdict::Valid));
    });
    group.bench_function("read", |b| b.iter(|| black_box(&genuine).read().is_ok()));
    group.bench_function("check", |b| b.iter(|| black_box(&read).check(&sp, &idp, expect(), now())));
    let mut fastest = f64::INFINITY;
    group.bench_function("whole", |b| {
        b.iter_custom(|times| {
            let floor = timed(|| (0..times).for_each(|_| workload.floor(&mut buffer)));
            fastest = fastest.min(floor.as_secs_f64() * 1e6 / times as f64);
            timed(|| (0..times).for_each(|_| workload.whole(&verifier)))
        });
    });
    fastest
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// What a service that just started does: from the PEM of the certificate to a verifier, and on to its first login.
fn first(criterion: &mut Criterion, workload: &Workload) {
    let mut group = group(criterion, "first", workload.xml.len());
    group.bench_function("set-up", |b| b.iter(|| black_box(workload).verifier()));
    group.bench_function("set-up and verification", |b| b.iter(|| workload.whole(&black_box(workload).verifier())));
}

/// The only one of this process that meets cold caches and a library that has not looked at its processor yet.
fn cold_first_verification() -> Duration {
    let workload = workloads::w1();
    timed(|| workload.whole(&workload.verifier()))
}

/// One verifier, shared: the time in which each of so many threads verifies one message.
fn threads(criterion: &mut Criterion, workload: &Workload) {
    let verifier = workload.verifier();
    let mut group = group(criterion, "threads", workload.xml.len());
    for threads in [1, 2] {
        group.bench_function(threads.to_string(), |b| {
            b.iter_custom(|times| together(threads, || (0..times).for_each(|_| workload.whole(&verifier))));
        });
    }
}

/// How long it takes until all threads have done the work, from when all of them are there.
fn together(threads: usize, work: impl Fn() + Sync) -> Duration {
    let barrier = Barrier::new(threads);
    let one = || {
        barrier.wait();
        timed(&work)
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).max().unwrap_or_default()
    })
}

fn hostile(criterion: &mut Criterion) {
    let verifier = workloads::w1().verifier();
    for shape in SHAPES.iter().chain(DENSE) {
        let field = (shape.field)(shape.largest);
        let mut group = group(criterion, "hostile", field.len());
        group.sample_size(20).measurement_time(Duration::from_millis(200));
        group.bench_function(table::hostile_id(shape), |b| {
            b.iter(|| verifier.verify_post(black_box(&field), expect(), now()).is_ok());
        });
    }
}
