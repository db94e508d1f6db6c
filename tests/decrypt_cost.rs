//! What a message costs in which something is encrypted, or says so: memory, and uses of the private key.
//!
//! Time is not here: `cargo bench --bench decryption --features decrypt,internals,test-idp` measures it, and doubles what is hostile.

#![cfg(all(feature = "decrypt", feature = "internals", feature = "test-idp"))]

mod common;

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use allocation_counter::{AllocationInfo, measure};
use common::sealed::{CONTENT_KEY, GCM, Sealed, encrypted_key, response_with, service, signed_assertion, verifier_of};
use common::signed::{REQUEST, now};
use saml_verify::{ContentKey, Error, Expect, UnwrapKey, UnwrapUnavailable, Verified, Verifier, WrappedKey};

/// Allocations beside those of the private-key operation, and what they may have together, in times of the message and a constant.
const ALLOCATIONS: u64 = 150;
const TIMES: usize = 8;
const CONSTANT: usize = 64 << 10;
/// The constant where every few bytes are a node: the limit on nodes bounds the trees of a message and of its plaintext together.
const TREE: usize = 6 << 20;
const STACK: usize = 256 * 1024;

/// Has the key and not its cost: what a private-key operation allocates is not what is counted here.
#[derive(Clone, Default)]
struct Known(Arc<AtomicUsize>);

impl UnwrapKey for Known {
    fn unwrap_key(&self, _: &WrappedKey) -> Result<Option<ContentKey>, UnwrapUnavailable> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Some(ContentKey::new(CONTENT_KEY.to_vec())))
    }
}

fn verifier(uses: &Known) -> Verifier {
    verifier_of(service().decrypting_with(uses.clone()).expect("a key"), &[])
}

/// The outcome on a small stack, and what was allocated on the way.
fn cost(verifier: &Verifier, xml: &str) -> (Result<Verified, Error>, AllocationInfo) {
    let field = common::to_base64(xml.as_bytes());
    thread::scope(|scope| {
        let work = || {
            let mut outcome = None;
            let allocated = measure(|| outcome = Some(verifier.verify_post(&field, Expect::AnswerTo(REQUEST), now())));
            (outcome.expect("measured"), allocated)
        };
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.expect("a thread").join().expect("no panic")
    })
}

#[test]
fn a_genuine_message_takes_a_few_allocations() {
    let uses = Known::default();
    let (outcome, allocated) = cost(&verifier(&uses), &response_with(&Sealed::gcm(signed_assertion("", ""))));
    println!("{} allocations, {} bytes", allocated.count_total, allocated.bytes_max);
    assert!(outcome.is_ok() && allocated.count_total <= ALLOCATIONS, "{} allocations", allocated.count_total);
    assert_eq!(uses.0.load(Ordering::Relaxed), 1);
}

/// A megabyte of each thing that a message can have many or much of; what is allocated grows with it, and no key is used in vain.
#[test]
fn hostile_messages_take_a_bounded_memory() {
    let sealed = Sealed::new(GCM, signed_assertion("", ""));
    let key = |id: usize| encrypted_key(&format!(" Id=\"_{id}\""), &[0; 3]);
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).fold(String::new(), |all, number| all + &one(number));
    let pointer = |id: usize| format!("<d:RetrievalMethod URI=\"#_{id}\"/>");
    let with = |keys: String, beside: String| response_with(&Sealed { keys, beside, ..sealed.clone() }.to_string());
    let octets = |length: usize| response_with(&Sealed { octets: vec![b'a'; length], ..sealed.clone() }.to_string());
    let space = response_with(&sealed.to_string()).replace("<e:CipherValue>", &format!("<e:CipherValue>{}", " ".repeat(450_000)));
    let comments =
        response_with(&sealed.to_string()).replace("<e:CipherValue>", &format!("<e:CipherValue>{}", "<!---->".repeat(8_000)));
    let attributes = {
        let sealed = Sealed { carrier: "EncryptedAttribute", ..Sealed::new(GCM, "<saml:Attribute Name=\"a\"/>") }.to_string();
        let end = "</saml:AttributeStatement>";
        response_with(&signed_assertion(end, &format!("{}{end}", sealed.repeat(700))))
    };
    let nodes = response_with(&Sealed::gcm(format!("<saml:Assertion>{}</saml:Assertion>", "<a/>".repeat(70_000))));
    let deep = response_with(&Sealed::gcm(format!("<saml:Assertion>{}{}</saml:Assertion>", "<a>".repeat(70), "</a>".repeat(70))));
    let mut prefixes = String::new();
    for number in 0..55 {
        write!(prefixes, " xmlns:p{number}=\"urn:{}\"", "n".repeat(900)).expect("in memory");
    }
    let namespaces = response_with(&sealed.to_string()).replacen("<samlp:Response ", &format!("<samlp:Response{prefixes} "), 1);
    let long_key = encrypted_key(" Id=\"_0\"", &vec![0; 500_000]);
    let mut wrong = Vec::new();
    for (what, xml, code, uses, constant) in [
        ("octets", octets(700_000), Some("decryption_failed"), 1, CONSTANT),
        ("white space", space, None, 1, CONSTANT),
        ("comments", comments, None, 1, TREE),
        ("keys beside", with(String::new(), many(3_000, &key)), Some("too_many_encrypted_keys"), 0, TREE),
        ("keys in KeyInfo", with(many(3_000, &key), String::new()), Some("too_many_encrypted_keys"), 0, TREE),
        ("pointers", with(many(2_000, &pointer), many(2_000, &key)), Some("too_many_encrypted_keys"), 0, TREE),
        ("pointers at one", with(pointer(0).repeat(9_000), long_key.clone()), Some("too_many_encrypted_keys"), 0, TREE),
        ("pointers at a long one", with(pointer(0).repeat(16), long_key), None, 16, 16 << 20),
        ("attributes", attributes, Some("too_many_encrypted_keys"), 64, TREE),
        ("nodes in the plaintext", nodes, Some("decryption_failed"), 1, TREE),
        ("levels in the plaintext", deep, Some("decryption_failed"), 1, CONSTANT),
        ("namespaces around", namespaces, None, 1, CONSTANT),
    ] {
        let known = Known::default();
        let (outcome, allocated) = cost(&verifier(&known), &xml);
        let (found, used) = (outcome.map_err(|error| error.code()).err(), known.0.load(Ordering::Relaxed));
        let most = u64::try_from(xml.len() * TIMES + constant).expect("a size");
        println!(
            "{what}: {} bytes of XML, {} bytes of memory, {} allocations",
            xml.len(),
            allocated.bytes_max,
            allocated.count_total
        );
        if (found, used) != (code, uses) || allocated.bytes_max > most {
            wrong.push(format!("{what}: {found:?}, {used} uses, {} bytes of memory, may be {most}", allocated.bytes_max));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
