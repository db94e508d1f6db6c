//! What a verification costs in memory and stack, on ordinary messages and on those that are made to cost.
//!
//! Time is not here: `benches/verify.rs` measures it, and `benches/instructions.rs` counts it. A buffer that grows counts as a
//! new one beside the old one, which is the worst that an allocator can do.

#![cfg(all(feature = "internals", feature = "test-idp"))]

#[allow(dead_code, reason = "the benchmarks use more of it")]
#[path = "../benches/workloads/mod.rs"]
mod workloads;

use std::io::Write;
use std::thread;

use allocation_counter::{AllocationInfo, measure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use saml_verify::canonical::Algorithm;
use saml_verify::metadata::{MetadataReader, Vouched};
use saml_verify::test_idp::TestIdp;
use saml_verify::{Error, IdentityProvider, Limits, Login, Verifier, internals};
use workloads::hostile::{DENSE, SHAPES, Shape};
use workloads::{expect, now};

/// Of each workload, how many allocations it may take: some for each signature and each string of the login, which share a
/// buffer where there are many, and one for each time that a buffer doubles.
const ALLOCATIONS: [(&str, u64); 6] = [("w1", 60), ("w2", 60), ("w3", 70), ("w4", 85), ("w5", 75), ("w6", 60)];
/// What is not part of the login may take so many tenths of the XML.
const TRANSIENT: usize = 26;
/// Of a genuine message, everything together may take so many times the form field; of any other, so many times, and a constant.
const GENUINE: usize = 3;
const HOSTILE: usize = 8;
const CONSTANT: u64 = 64 << 10;
/// The constant where every few bytes are a node: the limit on nodes bounds the tree.
const TREE: u64 = 4 << 20;
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
fn genuine_messages_take_a_few_times_their_size_and_a_small_stack() {
    for workload in workloads::all() {
        let (outcome, allocated) = on_small_stack(|| cost(&workload.verifier(), &workload.field));
        let most = of(workload.field.len(), GENUINE);
        assert_eq!((workload.name, outcome.err()), (workload.name, None));
        assert!(allocated.bytes_max <= most, "{}: {} bytes, not {most}", workload.name, allocated.bytes_max);
    }
}

#[test]
fn hostile_messages_take_a_bounded_memory_and_a_small_stack() {
    let verifier = workloads::w1().verifier();
    let mut wrong = Vec::new();
    for shape in SHAPES {
        let field = (shape.field)(shape.largest);
        wrong.extend(judge(&verifier, shape, &field, of(field.len(), HOSTILE) + CONSTANT));
    }
    for shape in DENSE {
        let field = (shape.field)(shape.largest);
        wrong.extend(judge(&verifier, shape, &field, of(field.len(), HOSTILE) + TREE));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lists that an error or an explanation repeats, in a message that nobody signed so.
#[test]
fn explanations_take_a_bounded_memory_and_a_small_stack() {
    let verifier = workloads::w1().verifier();
    let xml = workloads::w1().xml;
    let edited = |from: &str, to: &str| {
        assert_eq!(xml.matches(from).count(), 1, "{from}");
        STANDARD.encode(xml.replace(from, to))
    };
    let audiences = "<saml:Audience>urn:other</saml:Audience>".repeat(8_000);
    let confirmations = "<saml:SubjectConfirmation Method=\"urn:other\"/>".repeat(16_000);
    let codes = format!("{}{}", "<samlp:StatusCode Value=\"urn:x\">".repeat(50), "</samlp:StatusCode>".repeat(50));
    let long = format!("<saml:Audience>{}</saml:Audience>", "a".repeat(900_000));
    let name = "n".repeat(900_000);
    let mut wrong = Vec::new();
    for (what, field, refusal) in [
        ("nothing", STANDARD.encode(&xml), None),
        ("audiences", edited("<saml:Audience>urn:example:sp:portal</saml:Audience>", &audiences), Some("digest_mismatch")),
        ("a long audience", edited("<saml:Audience>urn:example:sp:portal</saml:Audience>", &long), Some("digest_mismatch")),
        ("confirmations", edited("<saml:Conditions", &format!("{confirmations}<saml:Conditions")), Some("digest_mismatch")),
        ("status codes", edited(SUCCESS, &codes), Some("status_not_success")),
        ("a long name", edited(SUCCESS, &format!("<samlp:{name}/>")), Some("missing_element")),
    ] {
        let (report, allocated) = on_small_stack(|| {
            let mut report = None;
            let allocated = measure(|| report = Some(verifier.explain_post(&field, expect(), now())));
            (report.expect("measured"), allocated)
        });
        let most = of(field.len(), HOSTILE) + CONSTANT;
        let code = report.refusal().map(saml_verify::Error::code);
        if code != refusal || allocated.bytes_max > most {
            wrong.push(format!("{what}: {code:?}, {} bytes of memory, may be {most}", allocated.bytes_max));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const SUCCESS: &str = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";

/// What was deflated is bounded by the limit on documents, however small it came; a buffer that doubles is there two times.
#[test]
fn inflating_takes_a_bounded_memory() {
    let idp = TestIdp::new("urn:idp");
    let connection = IdentityProvider::new("urn:idp", idp.trusted_keys()).expect("an identity provider");
    let limits = Limits::DEFAULT;
    for (length, refusal) in [(limits.document_bytes, None), (200 * limits.document_bytes, Some("inflated_too_long"))] {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&vec![b' '; length]).expect("in memory");
        let message = STANDARD.encode(encoder.finish().expect("in memory")).replace('+', "%2B").replace('/', "%2F");
        let method = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";
        let octets = format!("SAMLRequest={}&SigAlg={method}", message.replace('=', "%3D"));
        let value = STANDARD.encode(internals::sign_octets(&idp, octets.as_bytes()));
        let value = value.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let query = format!("{octets}&Signature={value}");
        let mut outcome = None;
        let allocated = measure(|| outcome = Some(connection.verify_redirect(&query, &limits)));
        let code = outcome.expect("measured").err().map(|error| error.code());
        let most = of(query.len(), HOSTILE) + of(limits.document_bytes, 3);
        assert_eq!(code, refusal, "{length}");
        assert!(allocated.bytes_max <= most, "{length}: {} bytes, not {most}", allocated.bytes_max);
    }
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

/// The memory that reading an aggregate takes; both ways to vouch for it, for its last identity provider and for one that it does not have.
#[test]
fn an_aggregate_takes_a_few_times_its_size_and_a_small_stack() {
    let publisher = TestIdp::new("urn:publisher");
    let keys = publisher.trusted_keys();
    let limits = Limits { document_bytes: 1 << 28, nodes: 1 << 22, ..Limits::METADATA };
    for entities in [1_000, 10_000] {
        let plain = workloads::federation::aggregate(entities);
        let signature = internals::sign(&publisher, &plain, "_all", Algorithm::Exclusive10, "");
        let start = plain.find('>').expect("a start tag") + 1;
        let signed = format!("{}{signature}{}", &plain[..start], &plain[start..]);
        let last = format!("https://member{}.example/saml", entities - 2);
        for (xml, vouched, id, refusal) in [
            (&plain, Vouched::ByAuthenticatedChannel, last.as_str(), None),
            (&plain, Vouched::ByAuthenticatedChannel, "urn:none", Some("unknown_entity")),
            (&signed, Vouched::ByPinnedKeys(&keys), last.as_str(), None),
        ] {
            let reader = MetadataReader::new(vouched).entity_id(id).limits(limits);
            let (code, allocated) = on_small_stack(|| {
                let mut outcome = None;
                let allocated = measure(|| outcome = Some(reader.read_idp(xml.as_bytes(), now())));
                (outcome.expect("measured").err().map(|error| error.code()), allocated)
            });
            println!("{entities} entities, {} bytes: {} bytes of memory", xml.len(), allocated.bytes_max);
            assert_eq!(code, refusal, "{id}");
            assert!(allocated.bytes_max <= of(xml.len(), HOSTILE), "{}: {} bytes", xml.len(), allocated.bytes_max);
        }
    }
}
