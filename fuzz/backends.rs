//! Both backends of the crate against each other, in one process: keys and signature values, genuine and mutated, and digests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml_verify::internals::{digest_by_both, verify_by_both};

use super::edit::Choices;

/// Whatever becomes of a genuine signature, its key and its message, both backends say the same of it; but for P-521, which ring
/// does not know.
///
/// The first octet chooses the signature, the others are choices of edits.
pub(crate) fn backends(data: &[u8]) {
    for method in DIGESTS {
        let [ring, aws_lc_rs] = digest_by_both(method, data).expect("a digest method");
        assert_eq!(ring, aws_lc_rs, "{method}: {data:02X?}");
    }
    let mut choices = Choices(data);
    let Some(genuine) = choices.pick(&GENUINE) else { return };
    let mut subject = Subject::of(genuine);
    while let Some(&edit) = choices.pick(&EDITS) {
        if subject.edit(edit, &mut choices).is_none() {
            break;
        }
    }
    subject.judge();
}

/// Every genuine signature holds for both, or for aws-lc-rs alone where it is one on P-521.
pub(crate) fn genuine_signatures_hold() {
    for genuine in &GENUINE {
        let verdict = Subject::of(genuine).judge();
        assert_eq!(verdict, Some([!genuine.method.ends_with("#ecdsa-sha512"), true]), "{}", genuine.method);
    }
}

struct Genuine {
    key: &'static str,
    method: &'static str,
    value: &'static str,
}

struct Subject {
    spki: Vec<u8>,
    method: &'static str,
    message: Vec<u8>,
    value: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Edit {
    Key,
    Message,
    Value,
    ValueLength,
    /// The first or the second half of the value becomes, or gains, a number that is an edge of some curve.
    Half,
    Method,
}

const EDITS: [Edit; 8] =
    [Edit::Value, Edit::Half, Edit::Key, Edit::Half, Edit::ValueLength, Edit::Message, Edit::Method, Edit::Key];

impl Subject {
    fn of(genuine: &Genuine) -> Self {
        let der = genuine.key.lines().filter(|line| !line.starts_with("-----")).collect::<String>();
        Self {
            spki: STANDARD.decode(der).expect("base64"),
            method: genuine.method,
            message: b"saml-verify".to_vec(),
            value: STANDARD.decode(genuine.value.trim()).expect("base64"),
        }
    }

    /// `None` where the choices are used up.
    fn edit(&mut self, edit: Edit, choices: &mut Choices<'_>) -> Option<()> {
        match edit {
            Edit::Key => change(&mut self.spki, choices),
            Edit::Message => change(&mut self.message, choices),
            Edit::Value => change(&mut self.value, choices),
            Edit::ValueLength => {
                let octet = choices.octet()?;
                match octet % 4 {
                    0 => self.value.insert(0, 0),
                    1 => self.value.push(octet),
                    2 => drop(self.value.pop()),
                    _ => drop(self.value.drain(..1.min(self.value.len()))),
                }
                Some(())
            }
            Edit::Half => self.edit_half(choices),
            Edit::Method => {
                self.method = choices.pick(&GENUINE)?.method;
                Some(())
            }
        }
    }

    fn edit_half(&mut self, choices: &mut Choices<'_>) -> Option<()> {
        let (how, number) = (choices.octet()?, choices.pick(&NUMBERS)?);
        let middle = self.value.len() / 2;
        let (first, second) = self.value.split_at_mut(middle);
        let half = if how & 1 == 0 { first } else { second };
        // Ed25519 writes its numbers with the least octet first.
        let little = self.method.ends_with("ed25519");
        if little {
            half.reverse();
        }
        if how & 2 == 0 {
            half.fill(0);
        }
        add(half, number);
        if little {
            half.reverse();
        }
        Some(())
    }

    fn judge(&self) -> Option<[bool; 2]> {
        let verdict = verify_by_both(&self.spki, self.method, &self.message, &self.value);
        if let Some([ring, aws_lc_rs]) = verdict {
            let p521 = self.method.ends_with("#ecdsa-sha512");
            assert!(
                if p521 { !ring } else { ring == aws_lc_rs },
                "ring {ring}, aws-lc-rs {aws_lc_rs}: {} of {:02X?} by {:02X?} over {:02X?}",
                self.method,
                self.value,
                self.spki,
                self.message
            );
        }
        verdict
    }
}

/// Changes one octet, whose place two octets choose.
fn change(octets: &mut [u8], choices: &mut Choices<'_>) -> Option<()> {
    let place = usize::from(choices.octet()?) << 8 | usize::from(choices.octet()?);
    let difference = choices.octet()?;
    let place = place.checked_rem(octets.len())?;
    octets[place] ^= difference;
    Some(())
}

/// Adds a number in hexadecimal to a big-endian one, without what does not fit.
fn add(sum: &mut [u8], number: &str) {
    let digits = number.as_bytes().rchunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    let octets = digits.map(|pair| u16::from_str_radix(pair, 16).expect("hexadecimal"));
    let mut carry = 0;
    for (octet, more) in sum.iter_mut().rev().zip(octets.chain(std::iter::repeat(0))) {
        let [high, low] = (u16::from(*octet) + more + carry).to_be_bytes();
        (carry, *octet) = (u16::from(high), low);
    }
}

/// Edges of what is taken: zero, one, the orders of P-256, P-384, P-521 and Ed25519, and the primes of the first two and the last.
const NUMBERS: [&str; 9] = [
    "0",
    "1",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed",
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
];

const DIGESTS: [&str; 4] = [
    "http://www.w3.org/2000/09/xmldsig#sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
];

macro_rules! genuine {
    ($($key:literal, $value:literal, $method:literal;)*) => {
        [$(Genuine {
            key: include_str!(concat!("../testdata/keys/verify/", $key, ".pem")),
            value: include_str!(concat!("../testdata/keys/verify/", $value, ".b64")),
            method: concat!("http://www.w3.org/", $method),
        }),*]
    };
}

/// Over the 11 octets `saml-verify`.
const GENUINE: [Genuine; 17] = genuine! {
    "rsa-public-key", "rsa-sha1", "2000/09/xmldsig#rsa-sha1";
    "rsa-public-key", "rsa-sha256", "2001/04/xmldsig-more#rsa-sha256";
    "rsa-public-key", "rsa-sha384", "2001/04/xmldsig-more#rsa-sha384";
    "rsa-public-key", "rsa-sha512", "2001/04/xmldsig-more#rsa-sha512";
    "rsa-public-key", "pss-sha256", "2007/05/xmldsig-more#sha256-rsa-MGF1";
    "rsa-public-key", "pss-sha384", "2007/05/xmldsig-more#sha384-rsa-MGF1";
    "rsa-public-key", "pss-sha512", "2007/05/xmldsig-more#sha512-rsa-MGF1";
    "rsa-2049-e3", "rsa-2049-e3-sha256", "2001/04/xmldsig-more#rsa-sha256";
    "rsa-2049-e3", "rsa-2049-e3-pss-sha512", "2007/05/xmldsig-more#sha512-rsa-MGF1";
    "rsa-2050-e33bit", "rsa-2050-e33bit-sha256", "2001/04/xmldsig-more#rsa-sha256";
    "rsa-2050-e33bit", "rsa-2050-e33bit-pss-sha256", "2007/05/xmldsig-more#sha256-rsa-MGF1";
    "rsa-8192", "rsa-8192-sha512", "2001/04/xmldsig-more#rsa-sha512";
    "rsa-8192", "rsa-8192-pss-sha256", "2007/05/xmldsig-more#sha256-rsa-MGF1";
    "p256-public-key", "ec-p256-sha256", "2001/04/xmldsig-more#ecdsa-sha256";
    "p384-public-key", "ec-p384-sha384", "2001/04/xmldsig-more#ecdsa-sha384";
    "p521-public-key", "ec-p521-sha512", "2001/04/xmldsig-more#ecdsa-sha512";
    "ed25519-public-key", "ed25519", "2021/04/xmldsig-more#eddsa-ed25519";
};
