//! What decryption costs, and whether the time of a failure tells which it was.
//!
//! `cargo bench --bench decryption --features decrypt,internals,test-idp` prints what a message costs that is encrypted, beside its floor:
//! the private-key operation, AES, and the floor of the same message in the clear. With `-- --timing [SAMPLES]` it compares the times of
//! failures by Welch's t-test, as dudect does (Reparaz, Balasch and Verbauwhede 2017): inputs of two classes in random order, a |t| below
//! 4.5 shows no difference, above 10 a difference that an attacker may use. A machine that does other things raises and lowers it alike.

#[allow(dead_code, reason = "the other programs use the rest")]
#[path = "../workloads/mod.rs"]
mod workloads;

use std::hint::black_box;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml_verify::internals::{decrypt_content, seal, wrap, wrapped_key};
use saml_verify::{ContentKey, DecryptionKey, OaepDigest, UnwrapKey, UnwrapUnavailable, Verifier, WrappedKey};
use workloads::{Workload, expect, now};

const KEY: &str = include_str!("../../testdata/auth0/keys/sp-encrypt-rsa2048.key");
const CERTIFICATE: &str = include_str!("../../testdata/auth0/keys/sp-encrypt-rsa2048.pem");
const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const CONTENT_KEY: [u8; 32] = [7; 32];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let place = |wanted: &str| arguments.iter().position(|argument| argument == wanted);
    if let Some(at) = place("--timing") {
        timing(arguments.get(at + 1).and_then(|samples| samples.parse().ok()).unwrap_or(100_000));
    } else {
        let rounds = if place("--test").is_some() { 1 } else { 400 };
        cost(rounds);
        hostile(rounds.min(20));
    }
}

fn key() -> DecryptionKey {
    DecryptionKey::from_pem(KEY).expect("a key")
}

/// A message with its Assertion encrypted.
struct Encrypted {
    plain: Workload,
    cipher_text: Vec<u8>,
    wrapped: Vec<u8>,
    field: String,
    verifier: Verifier,
}

impl Encrypted {
    fn new(plain: Workload) -> Self {
        const END: &str = "</saml:Assertion>";
        let start = plain.xml.find("<saml:Assertion").expect("an Assertion");
        let end = plain.xml.find(END).expect("its end") + END.len();
        let cipher_text = seal(GCM, &CONTENT_KEY, &plain.xml.as_bytes()[start..end], "seed").expect("a cipher text");
        let wrapped = wrap(CERTIFICATE, OaepDigest::Sha1, OaepDigest::Sha1, b"", &CONTENT_KEY, "wrapped").expect("a key");
        let xml = [&plain.xml[..start], &encrypted_assertion(&cipher_text, &wrapped), &plain.xml[end..]].concat();
        let sp = Workload::service_provider().decrypting_with(key()).expect("one key");
        let verifier = Verifier::new(sp, plain.identity_provider());
        Self { field: STANDARD.encode(xml), plain, cipher_text, wrapped, verifier }
    }

    fn whole(&self) {
        let verified = self.verifier.verify_post(black_box(&self.field), expect(), now());
        black_box(verified.expect("accepted").without_replay_protection());
    }
}

fn encrypted_assertion(cipher_text: &[u8], wrapped: &[u8]) -> String {
    format!(
        "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><e:EncryptedData \
         xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"><e:EncryptionMethod Algorithm=\"{GCM}\"/><d:KeyInfo \
         xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"><e:EncryptedKey><e:EncryptionMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/><e:CipherData><e:CipherValue>{}</e:CipherValue></e:CipherData>\
         </e:EncryptedKey></d:KeyInfo><e:CipherData><e:CipherValue>{}</e:CipherValue></e:CipherData></e:EncryptedData>\
         </saml:EncryptedAssertion>",
        STANDARD.encode(wrapped),
        STANDARD.encode(cipher_text)
    )
}

/// The fastest of each, in turns, in microseconds.
fn cost(rounds: usize) {
    println!("| | XML bytes | unwrap | AES | plain floor | plain whole | floor | whole | whole / floor | whole less unwrap |");
    println!("|---|{}", "---:|".repeat(9));
    for plain in [workloads::w1(), workloads::w3()] {
        let encrypted = Encrypted::new(plain);
        let (key, wrapped) = (key(), wrapped_key(encrypted.wrapped.clone()));
        let plain_verifier = encrypted.plain.verifier();
        let mut buffer = Vec::new();
        let mut fastest = [f64::INFINITY; 5];
        for _ in 0..rounds {
            let taken = [
                microseconds(|| key.unwrap_key(black_box(&wrapped)).is_ok_and(|key| key.is_some())),
                microseconds(|| decrypt_content(GCM, &CONTENT_KEY, black_box(&encrypted.cipher_text)).is_some()),
                microseconds(|| encrypted.plain.floor(&mut buffer)),
                microseconds(|| encrypted.plain.whole(&plain_verifier)),
                microseconds(|| encrypted.whole()),
            ];
            fastest.iter_mut().zip(taken).for_each(|(fastest, taken)| *fastest = fastest.min(taken));
        }
        let [unwrap, aes, floor, plain, whole] = fastest;
        let all = unwrap + aes + floor;
        let (name, bytes) = (encrypted.plain.name, encrypted.plain.xml.len());
        println!(
            "| {name} | {bytes} | {unwrap:.1} | {aes:.1} | {floor:.1} | {plain:.1} | {all:.1} | {whole:.1} | **{:.2}** | {:.1} |",
            whole / all,
            whole - unwrap
        );
    }
}

/// Opens everything, and costs nothing: what is measured is everything else.
struct Known;

impl UnwrapKey for Known {
    fn unwrap_key(&self, _: &WrappedKey) -> Result<Option<ContentKey>, UnwrapUnavailable> {
        Ok(Some(ContentKey::new(CONTENT_KEY.to_vec())))
    }
}

/// The form field with so many of something.
type Field<'f> = &'f dyn Fn(usize) -> String;

/// Messages that are made to cost, less the private-key operation, at an eighth, a quarter, half and all of their size.
fn hostile(rounds: usize) {
    let plain = workloads::w1();
    let sp = Workload::service_provider().decrypting_with(Known).expect("a key");
    let verifier = Verifier::new(sp, plain.identity_provider());
    let start = plain.xml.find("<saml:Assertion").expect("an Assertion");
    let end = plain.xml.find("</samlp:Response>").expect("an end");
    let carrying = |octets: &[u8], keys: &str, beside: &str| {
        let encrypted = encrypted_assertion(octets, &[0; 3]);
        let encrypted = encrypted.replacen("<e:EncryptedKey>", &format!("{keys}<e:EncryptedKey>"), 1);
        let encrypted = encrypted.replacen("</e:EncryptedData>", &format!("</e:EncryptedData>{beside}"), 1);
        STANDARD.encode([&plain.xml[..start], &encrypted, &plain.xml[end..]].concat())
    };
    let opening = |plaintext: &str| carrying(&seal(GCM, &CONTENT_KEY, plaintext.as_bytes(), "seed").expect("octets"), "", "");
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
    let key = |id: usize| format!("<e:EncryptedKey xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\" Id=\"_{id}\"/>");
    let pointer = |id: usize| format!("<d:RetrievalMethod URI=\"#_{id}\"/>");
    let shapes: [(&str, usize, Field<'_>); 7] = [
        ("octets of garbage", 700_000, &|n| carrying(&vec![b'a'; n], "", "")),
        ("keys in KeyInfo", 9_000, &|n| carrying(&[0; 40], &many(n, &key), "")),
        ("keys beside, and pointers at them", 7_000, &|n| carrying(&[0; 40], &many(n, &pointer), &many(n, &key))),
        ("characters in a plaintext", 500_000, &|n| opening(&"a".repeat(n))),
        ("elements in a plaintext", 60_000, &|n| opening(&format!("<saml:Assertion>{}</saml:Assertion>", "<a/>".repeat(n)))),
        ("ends of the place in a plaintext", 30_000, &|n| opening(&"</place><place>".repeat(n))),
        ("namespaces around", 48, &|n| {
            let declared = many(n, &|number| format!(" xmlns:p{number}=\"urn:{}\"", "n".repeat(900)));
            let field = opening("<saml:Assertion/>");
            let xml = String::from_utf8(STANDARD.decode(field).expect("base64")).expect("UTF-8");
            STANDARD.encode(xml.replacen("<samlp:Response ", &format!("<samlp:Response{declared} "), 1))
        }),
    ];
    println!("\n| up to | form field kB | outcome | microseconds | doubled |\n|---|---:|---|---:|---|");
    for (name, largest, shape) in shapes {
        let mut rows = Vec::new();
        for times in [8, 4, 2, 1].map(|part| largest / part) {
            let field = shape(times);
            let mut code = "";
            let run = |_| {
                microseconds(|| {
                    code = verifier.verify_post(&field, expect(), now()).err().map_or("accepted", |error| error.code())
                })
            };
            let taken = (0..rounds).map(run).fold(f64::INFINITY, f64::min);
            rows.push((field.len(), code, taken));
        }
        let doubled: Vec<String> = rows.windows(2).map(|pair| format!("{:.2}", pair[1].2 / pair[0].2)).collect();
        let (bytes, code, taken) = rows[rows.len() - 1];
        println!("| {largest} {name} | {:.0} | `{code}` | {taken:.0} | {} |", bytes as f64 / 1e3, doubled.join(", "));
    }
}

fn microseconds<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_secs_f64() * 1e6
}

/// Inputs of each class: so many that none of them stays in a cache for what it is.
const POOL: usize = 256;

fn timing(samples: usize) {
    let wrap = |label: &[u8], seed: &str| {
        wrap(CERTIFICATE, OaepDigest::Sha1, OaepDigest::Sha1, label, &CONTENT_KEY, seed).expect("a key")
    };
    let right: Vec<_> = (0..POOL).map(|number| wrap(b"", &format!("right {number}"))).collect();
    // The first octet is zero as it should be, and the digest of the label is that of another.
    let other_label: Vec<_> = (0..POOL).map(|number| wrap(b"another", &format!("label {number}"))).collect();
    // Of a number without meaning the first octet is not zero, nearly always: Manger's question.
    let noise: Vec<_> = (0..POOL)
        .map(|number| {
            let mut octets = wrap(b"", &format!("noise {number}"));
            octets[100] ^= 0xFF;
            octets
        })
        .collect();

    println!("{samples} samples of each class, RSA-2048, OAEP with SHA-1; microseconds\n");
    println!(
        "| | classes | mean | difference of the means | t | t without the slowest tenth | t of the fastest half |\n|---|---|---:|---:|---:|---:|---:|"
    );
    let key = key();
    let unwrap = |octets: &[u8]| {
        let wrapped: WrappedKey = wrapped_key(octets.to_vec());
        microseconds(|| key.unwrap_key(black_box(&wrapped)).is_ok_and(|key| key.is_some()))
    };
    compare("private-key operation", "right padding, wrong padding", samples, [&right, &noise], unwrap);
    compare("private-key operation", "first octet zero or not", samples, [&other_label, &noise], unwrap);

    // The whole: what is right opens no cipher text of another key, so that each is refused with one error.
    let encrypted = Encrypted::new(workloads::w1());
    let other = seal(GCM, &[8; 32], &[b'a'; 6000], "seed").expect("a cipher text");
    let start = encrypted.plain.xml.find("<saml:Assertion").expect("an Assertion");
    let end = encrypted.plain.xml.find("</samlp:Response>").expect("an end");
    let message = |wrapped: &Vec<u8>| {
        let xml = [&encrypted.plain.xml[..start], &encrypted_assertion(&other, wrapped), &encrypted.plain.xml[end..]].concat();
        STANDARD.encode(xml).into_bytes()
    };
    let [right, other_label, noise] = [&right, &other_label, &noise].map(|pool| pool.iter().map(message).collect::<Vec<_>>());
    let refuse = |field: &[u8]| {
        let field = std::str::from_utf8(field).expect("base64");
        let mut code = "";
        let taken = microseconds(|| {
            code =
                encrypted.verifier.verify_post(black_box(field), expect(), now()).err().map_or("accepted", |error| error.code());
        });
        assert_eq!(code, "decryption_failed");
        taken
    };
    compare("whole refusal", "right padding, wrong padding", samples, [&right, &noise], refuse);
    compare("whole refusal", "first octet zero or not", samples, [&other_label, &noise], refuse);
}

fn compare(what: &str, classes: &str, samples: usize, pools: [&Vec<Vec<u8>>; 2], mut measure: impl FnMut(&[u8]) -> f64) {
    let mut times = [Vec::with_capacity(samples), Vec::with_capacity(samples)];
    // xorshift: which class comes next must not follow from the clock.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    while times.iter().any(|class| class.len() < samples) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let class = usize::from(state & 1 == 1);
        let input = &pools[class][usize::try_from(state >> 8).expect("64 bits") % POOL];
        times[class].push(measure(input));
    }
    let cut = |share: f64| {
        let mut all: Vec<f64> = times.iter().flatten().copied().collect();
        all.sort_by(f64::total_cmp);
        let threshold = all[((all.len() - 1) as f64 * share) as usize];
        let kept = [0, 1].map(|class| times[class].iter().copied().filter(|&time| time <= threshold).collect::<Vec<_>>());
        welch(&kept[0], &kept[1])
    };
    let means = [0, 1].map(|class| moments(&times[class]).0);
    println!(
        "| {what} | {classes} | {:.1} | {:+.2} | {:+.2} | {:+.2} | {:+.2} |",
        means[0],
        means[1] - means[0],
        welch(&times[0], &times[1]),
        cut(0.9),
        cut(0.5)
    );
}

fn moments(times: &[f64]) -> (f64, f64) {
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    (mean, times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0))
}

fn welch(one: &[f64], other: &[f64]) -> f64 {
    let ((mean, variance), (other_mean, other_variance)) = (moments(one), moments(other));
    (mean - other_mean) / (variance / one.len() as f64 + other_variance / other.len() as f64).sqrt()
}
