//! Nothing that is told of a failed decryption depends on what failed: the questions of known attacks, put to a real decryptor.
//!
//! Whether it takes the same time, `cargo bench --bench decryption --features decrypt,internals,test-idp -- --timing` measures.

#![cfg(all(feature = "decrypt", feature = "internals", feature = "test-idp"))]

mod common;

use std::collections::BTreeSet;

use common::sealed::{
    CBC, CERTIFICATE, CONTENT_KEY, GCM, OTHER_CERTIFICATE, Sealed, decrypting, encrypted_key, plain_assertion, response_with,
    signed_assertion, verify_with, wrapped,
};
use saml_verify::{DecryptionError, Departure, Error, SignatureError, Verifier};

const CBC_ALONE: [Departure; 2] = [Departure::AesCbc, Departure::AesCbcUnderAssertionSignature];

/// Everything that an error can say, to a log, a program and a browser.
fn told(error: &Error) -> Vec<String> {
    let texts = [error.stage(), error.code(), error.section(), error.for_user()].map(str::to_owned);
    let mut told = [&texts[..], &error.expected(), &error.received()].concat();
    told.extend([error.to_string(), error.message(), error.remedy(), format!("{error:?} {:?}", error.kind())]);
    told
}

/// Collects what is told of refusals, and fails at a login.
#[derive(Default)]
struct Answers {
    told: BTreeSet<Vec<String>>,
    queries: usize,
}

impl Answers {
    fn ask(&mut self, verifier: &Verifier, xml: &str) {
        self.queries += 1;
        let error = verify_with(verifier, xml).expect_err(xml);
        self.told.insert(told(&error));
    }

    fn assert_all_alike(self, at_least: usize) {
        assert!(self.queries >= at_least, "{} queries", self.queries);
        assert_eq!(self.told, BTreeSet::from([told(&DecryptionError::Failed.into())]));
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal")).collect()
}

/// Wrapped keys of Manger and of Bleichenbacher: in front of a cipher text that nobody could open, and of one that another key opens.
#[test]
fn questions_about_the_wrapped_key_have_one_answer() {
    let queries: Vec<(&str, Vec<u8>)> = include_str!("../testdata/decryption/queries.txt")
        .lines()
        .map(|line| line.split_once(' ').expect("a name and octets"))
        .map(|(name, octets)| (name, hex(octets)))
        .collect();
    assert!(queries.len() > 30);
    for cipher in [GCM, CBC] {
        let verifier = decrypting(&CBC_ALONE);
        let mut answers = Answers::default();
        let sealed = Sealed::new(cipher, signed_assertion("", ""));
        let mut wrappings: Vec<Vec<u8>> = queries.iter().map(|(_, octets)| octets.clone()).collect();
        wrappings.extend([0, 1, 255, 257, 512].map(|length| vec![1; length]));
        wrappings.push(wrapped(OTHER_CERTIFICATE, &CONTENT_KEY));
        wrappings.push(wrapped(CERTIFICATE, &[8; 32]));
        // Each bit of one octet, over the whole length.
        for place in (0..256).step_by(17) {
            let mut changed = wrapped(CERTIFICATE, &CONTENT_KEY);
            changed[place] ^= 1 << (place % 8);
            wrappings.push(changed);
        }
        for octets in wrappings {
            let keys = encrypted_key("", &octets);
            answers.ask(&verifier, &response_with(&Sealed { keys, ..sealed.clone() }.to_string()));
        }
        answers.assert_all_alike(55);
        // What the questions are made of is taken as it is.
        assert!(verify_with(&verifier, &response_with(&sealed.to_string())).is_ok(), "{cipher}");
    }
}

/// A recorded EncryptedKey, changed or not, beside one that the asker made himself for a plaintext of his own: whether the first came out
/// must not decide whether the second is used.
#[test]
fn an_own_key_beside_a_wrapped_key_tells_nothing_of_it() {
    let verifier = decrypting(&[]);
    let sealed = Sealed::new(GCM, plain_assertion());
    let mut answers = BTreeSet::new();
    let recorded = wrapped(CERTIFICATE, &[9; 32]);
    let mut changed = recorded.clone();
    changed[100] ^= 1;
    for asked in [recorded, changed, wrapped(CERTIFICATE, &[9; 16]), wrapped(OTHER_CERTIFICATE, &[9; 32]), vec![1; 255]] {
        let asked = encrypted_key("", &asked);
        for keys in [format!("{asked}{}", sealed.keys), format!("{}{asked}", sealed.keys)] {
            let error =
                verify_with(&verifier, &response_with(&Sealed { keys, ..sealed.clone() }.to_string())).expect_err("unsigned");
            answers.insert(told(&error));
        }
    }
    assert_eq!(answers, BTreeSet::from([told(&SignatureError::Unsigned.into())]));
}

/// Vaudenay 2002, Jager and Somorovsky 2011: a recorded cipher text, changed block by block to see which plaintexts are taken.
#[test]
fn questions_about_the_padding_have_one_answer() {
    let verifier = decrypting(&CBC_ALONE);
    let sealed = Sealed::new(CBC, signed_assertion("", ""));
    let mut answers = Answers::default();
    let mut ask = |octets: Vec<u8>| answers.ask(&verifier, &response_with(&Sealed { octets, ..sealed.clone() }.to_string()));
    let blocks: Vec<&[u8]> = sealed.octets.chunks(16).collect();
    let last = blocks.len() - 1;
    // One block by itself behind every vector: of 256, sixteen have a padding.
    for octet in 0..=255 {
        let mut vector = blocks[3].to_vec();
        vector[15] ^= octet;
        ask([&vector, blocks[4]].concat());
    }
    // The padding of the whole.
    for octet in 1..=255 {
        let mut changed = sealed.octets.clone();
        changed[16 * last - 1] ^= octet;
        ask(changed);
    }
    // The first octets, through the vector: no `<` is no element, and another letter another element.
    for (place, octet) in (0..16).flat_map(|place| [1, 0x20, 0x80].map(|octet| (place, octet))) {
        let mut changed = sealed.octets.clone();
        changed[place] ^= octet;
        ask(changed);
    }
    // Cut, doubled, put in another order.
    ask(sealed.octets[..32].to_vec());
    ask(blocks.iter().rev().copied().collect::<Vec<_>>().concat());
    ask([&sealed.octets[..], &sealed.octets[..]].concat());
    answers.assert_all_alike(560);
}

/// A plaintext that is well-formed as it stands, and whose last octet is no length of a padding.
#[test]
fn a_wrong_padding_is_refused_whatever_stands_before_it() {
    let verifier = decrypting(&CBC_ALONE);
    let mut plaintext = signed_assertion("", "");
    plaintext.push_str(&" ".repeat(16 - plaintext.len() % 16));
    let sealed = Sealed::new(CBC, plaintext);
    assert!(verify_with(&verifier, &response_with(&sealed.to_string())).is_ok());
    let octets = sealed.octets[..sealed.octets.len() - 16].to_vec();
    let mut answers = Answers::default();
    answers.ask(&verifier, &response_with(&Sealed { octets, ..sealed }.to_string()));
    answers.assert_all_alike(1);
}

/// A signature that does not hold would tell that the plaintext was well-formed: where anybody could have changed it, it is not told
/// apart. Behind AES-GCM nobody could, and the administrator is told.
#[test]
fn questions_about_the_plaintext_have_one_answer() {
    let verifier = decrypting(&CBC_ALONE);
    let mut answers = Answers::default();
    let genuine = signed_assertion("", "");
    let plaintexts = [
        (plain_assertion(), "unsigned"),
        (genuine.replace("ada@", "eve@"), "digest_mismatch"),
        (genuine.replace("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"), "untrusted_key"),
        (genuine.replace("xmldsig-more#rsa-sha256", "xmldsig#rsa-sha1"), "signature_algorithm_refused"),
        (genuine.replace("#_assertion", "#_other"), "reference_mismatch"),
        (genuine.replace("<saml:NameID ", "<saml:NameID id=\"_assertion\" "), "duplicate_id"),
        (String::new(), "decryption_failed"),
        ("<saml:Advice/>".to_owned(), "decryption_failed"),
        (genuine.replace("</saml:Subject>", ""), "decryption_failed"),
        ("\u{0}".repeat(40), "decryption_failed"),
    ];
    for (plaintext, under_gcm) in &plaintexts {
        answers.ask(&verifier, &response_with(&Sealed::new(CBC, plaintext).to_string()));
        let error = verify_with(&verifier, &response_with(&Sealed::gcm(plaintext))).expect_err(under_gcm);
        assert_eq!(error.code(), *under_gcm, "{plaintext}");
    }
    answers.assert_all_alike(plaintexts.len());
}

/// The questions of the first two, of a cipher text that a signature covers: they end at the signature, and no key is used.
#[test]
fn a_signed_cipher_text_answers_no_questions() {
    let verifier = decrypting(&[Departure::AesCbc]);
    let sealed = Sealed::new(CBC, plain_assertion());
    let xml = common::sealed::signed_response_with(&sealed.to_string());
    assert!(verify_with(&verifier, &xml).is_ok());
    let mut octets = sealed.octets.clone();
    octets[16] ^= 1;
    let changed = xml.replace(&sealed.to_string(), &Sealed { octets, ..sealed }.to_string());
    assert_eq!(verify_with(&verifier, &changed).unwrap_err().code(), "digest_mismatch");
}
