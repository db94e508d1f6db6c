//! The small grammars, each against a plain second reading of its text, which is written here and shares nothing with the first.
//!
//! So many strings of each, from a fixed seed; `SAML_VERIFY_STRINGS=1000000` sets how many, for a long run.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use std::collections::BTreeSet;

use common::{read_text, testdata};
use saml_verify::canonical::{Algorithm, Canonicalizer};
use saml_verify::internals::{Select, canonicalize, decode, sign_octets, verify_signature};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::{format_rfc3339, parse_rfc3339};
use saml_verify::{IdentityProvider, Limits, SignatureError, TrustedKeys};

/// How many strings, where each costs little.
fn many() -> usize {
    std::env::var("SAML_VERIFY_STRINGS").ok().and_then(|count| count.parse().ok()).unwrap_or(20_000)
}

/// Where each costs a parse or a key operation.
fn fewer() -> usize {
    many() / 20
}

/// Numbers without a pattern, the same every time: splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).expect("31 bits") % end
    }

    fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }

    /// Pieces in a row.
    fn pieces(&mut self, of: &[&str], most: usize) -> String {
        (0..self.below(most + 1)).map(|_| self.pick(of)).collect()
    }

    /// The string with a few characters changed, left out, doubled or put in.
    fn spoil(&mut self, text: &str, characters: &[&str]) -> String {
        let mut all: Vec<String> = text.chars().map(String::from).collect();
        for _ in 0..self.below(3) {
            let at = self.below(all.len() + 1);
            let new = self.pick(characters).to_owned();
            match self.below(4) {
                0 => all.insert(at, new),
                _ if at == all.len() => all.push(new),
                1 => all[at] = new,
                2 => drop(all.remove(at)),
                _ => all.insert(at, all[at].clone()),
            }
        }
        all.concat()
    }
}

// Fragments

/// XMLDSig 4.4.3.3, SAML Core 5.4.2: `#` and just the ID.
#[test]
fn a_reference_names_an_element_by_its_id_and_nothing_else() {
    let idp = TestIdp::new("urn:idp");
    let (keys, mut random, mut same) = (idp.trusted_keys(), Random(1), 0);
    for id in ["_a", "a", "_A", "a.b-c", "é"] {
        let signature = saml_verify::internals::sign(&idp, &format!("<r ID=\"{id}\"/>"), id, Algorithm::Exclusive10, "");
        let genuine = format!("<r ID=\"{id}\">{signature}</r>");
        let written = format!("URI=\"#{id}\"");
        assert!(genuine.contains(&written), "{genuine}");
        for _ in 0..fewer() {
            let uri = match random.below(3) {
                0 => format!("#{id}"),
                1 => random.pieces(
                    &["#", "#", id, "_", "a", "A", "%61", "%23", " ", "xpointer(id('a'))", "xpointer(/)", "", "é", "?", "/", "."],
                    4,
                ),
                _ => String::new(),
            };
            let uri = random.spoil(&uri, &["#", "_", "a", "A", "%", " ", "&#x23;", "&#35;", "é", "&#9;"]);
            let xml = genuine.replacen(&written, &format!("URI=\"{uri}\""), 1);
            let found = verify_signature(xml.as_bytes(), &[1], &keys, &[], &Limits::DEFAULT).expect("XML");
            let plain = uri.replace("&#x23;", "#").replace("&#35;", "#");
            let names_it = plain.len() == 1 + id.len() && plain.starts_with('#') && plain[1..] == *id;
            same += usize::from(names_it);
            let mismatch = matches!(found, Err(SignatureError::ReferenceMismatch { .. }));
            assert_eq!(mismatch, !names_it, "{uri:?} of {id:?}: {found:?}");
            // However the same value is written, the same octets were signed.
            assert!(!names_it || found == Ok(true), "{uri:?} of {id:?}: {found:?}");
        }
    }
    assert!(same > fewer() / 2, "only {same} named their element");
}

// Times

/// `xs:dateTime` with a zone, by its words: digits are counted, the calendar is walked from year to year.
fn seconds_of(text: &str) -> Option<(i64, u32)> {
    let digits = |text: &str, count: usize| {
        let all = text.len() == count && text.chars().all(|c| c.is_ascii_digit());
        all.then(|| text.chars().fold(0_i64, |value, c| value * 10 + i64::from(u32::from(c) - u32::from('0'))))
    };
    let (date, rest) = text.split_once('T')?;
    let mut parts = date.split('-');
    let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let zone_at = rest.find(['Z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone_at);
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let mut times = clock.split(':');
    let (hour, minute, second) = (digits(times.next()?, 2)?, digits(times.next()?, 2)?, digits(times.next()?, 2)?);
    if parts.next().is_some() || times.next().is_some() {
        return None;
    }
    let nanoseconds = match fraction {
        None => 0,
        Some(fraction) if !fraction.is_empty() && digits(fraction, fraction.len().min(400)).is_some() || fraction.len() > 400 => {
            let nine: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
            nine.parse().ok()?
        }
        Some(_) => return None,
    };
    let offset = match zone.split_at(1) {
        ("Z", "") => 0,
        (sign @ ("+" | "-"), value) => {
            let (hours, minutes) = value.split_once(':')?;
            let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
            let minutes = if minutes < 60 && hours <= 14 { hours * 60 + minutes } else { return None };
            if minutes > 840 {
                return None;
            }
            if sign == "+" { minutes } else { -minutes }
        }
        _ => return None,
    };
    let leap = |year: i64| year % 400 == 0 || year % 4 == 0 && year % 100 != 0;
    let days = |year: i64, month: i64| {
        [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            .get(usize::try_from(month - 1).ok()?)
            .copied()
    };
    let midnight = hour == 24 && (minute, second, nanoseconds) == (0, 0, 0);
    if year == 0 || day == 0 || day > days(year, month)? || hour > 23 && !midnight || minute > 59 || second > 59 {
        return None;
    }
    let before: i64 = (1..year).map(|year| if leap(year) { 366 } else { 365 }).sum::<i64>()
        + (1..month).map(|month| days(year, month).expect("a month")).sum::<i64>();
    let since_year_one = ((before + day - 1) * 24 + hour) * 3600 + (minute - offset) * 60 + second;
    let end: i64 = (1..10_000).map(|year| if leap(year) { 366 } else { 365 }).sum::<i64>() * 86_400;
    // Year 1 to year 9999, whatever the zone.
    (0..end).contains(&since_year_one).then_some((since_year_one - 62_135_596_800, nanoseconds))
}

#[test]
fn times_are_read_as_xml_schema_has_them() {
    const CHARACTERS: [&str; 20] =
        ["0", "1", "2", "9", "-", "+", ":", ".", "T", "t", "Z", "z", " ", "\n", "4", "5", "６", "24", "60", ""];
    let (mut random, mut read) = (Random(2), 0);
    for _ in 0..many() {
        let year = random
            .pick(&["2027", "2024", "1900", "2000", "2100", "2200", "1800", "2400", "0001", "9999", "0000", "1970", "1969"]);
        let month = random.pick(&["01", "02", "04", "12", "00", "13"]);
        let day = random.pick(&["01", "28", "29", "30", "31", "32", "00"]);
        let clock =
            random.pick(&["10:00:00", "23:59:59", "24:00:00", "24:00:01", "23:60:00", "23:59:60", "00:00:00", "24:01:00"]);
        let fraction = random.pick(&["", "", ".0", ".123", ".999999999", ".0000000001", ".1234567890123", "."]);
        let zone = random.pick(&[
            "Z", "Z", "+00:00", "-00:00", "+14:00", "-14:00", "+14:01", "+01:30", "-13:59", "+15:00", "+00:60", "", "z", "+0100",
            "-24:00",
        ]);
        let text = format!("{year}-{month}-{day}T{clock}{fraction}{zone}");
        let text = if random.below(2) == 0 { text } else { random.spoil(&text, &CHARACTERS) };
        let found = parse_rfc3339(&text).map(|time| match time.duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => (i64::try_from(after.as_secs()).expect("a year"), after.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let seconds = -i64::try_from(before.as_secs()).expect("a year");
                if before.subsec_nanos() == 0 { (seconds, 0) } else { (seconds - 1, 1_000_000_000 - before.subsec_nanos()) }
            }
        });
        assert_eq!(found, seconds_of(&text), "{text:?}");
        if let Some(time) = parse_rfc3339(&text) {
            read += 1;
            assert_eq!(parse_rfc3339(&format_rfc3339(time)), Some(time), "{text:?}");
        }
    }
    assert!(read > many() / 50, "only {read} are times");
}

// Base64

/// RFC 4648 section 4, strict: the octets, by value and by length.
fn octets_of(text: &str, white_space: bool) -> Option<Vec<u8>> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let kept: Vec<char> = text.chars().filter(|c| !(white_space && [' ', '\t', '\r', '\n'].contains(c))).collect();
    let symbols: Vec<usize> = kept.iter().take_while(|c| **c != '=').map(|c| ALPHABET.find(*c)).collect::<Option<_>>()?;
    let padding = kept.len() - symbols.len();
    if !kept.len().is_multiple_of(4) || padding > 2 || kept[symbols.len()..].iter().any(|c| *c != '=') {
        return None;
    }
    let bits: Vec<bool> = symbols.iter().flat_map(|value| (0..6).rev().map(move |bit| value >> bit & 1 == 1)).collect();
    let (octets, left) = bits.as_chunks::<8>();
    if left.iter().any(|bit| *bit) || left.len() >= 6 {
        return None;
    }
    Some(octets.iter().map(|octet| octet.iter().fold(0, |value, bit| value << 1 | u8::from(*bit))).collect())
}

#[test]
fn base64_has_one_strict_form() {
    use base64::Engine;
    const CHARACTERS: [&str; 22] = [
        "A", "B", "Q", "g", "w", "8", "+", "/", "-", "_", "=", "==", " ", "\n", "\r\n", "\t", "\u{B}", "\u{C}", "\u{A0}", "é",
        "%", "\0",
    ];
    let (mut random, mut read) = (Random(3), 0);
    for _ in 0..many() {
        // What comes out must be handed on as XML: it starts with `<`.
        let content: Vec<u8> = std::iter::once(b'<')
            .chain((0..random.below(9)).map(|at| u8::try_from(0x20 + (at * 7) % 90).expect("ASCII")))
            .collect();
        let text = random.spoil(&base64::engine::general_purpose::STANDARD.encode(&content), &CHARACTERS);
        let text = if random.below(4) == 0 { random.spoil(&text, &CHARACTERS) } else { text };
        let found = decode(&text, &Limits::DEFAULT).ok();
        let expected = octets_of(&text, true);
        // A space that may have been a `+` is told where the octets are no text; whatever is no XML is the parser's to judge.
        match (&found, &expected) {
            (Some(_), _) => assert_eq!(found, expected, "{text:?}"),
            (None, Some(octets)) => assert!(
                octets.first() != Some(&b'<') || std::str::from_utf8(octets).is_err() && text.contains(' '),
                "{text:?}: {octets:?}"
            ),
            (None, None) => {}
        }
        read += usize::from(found.is_some());
    }
    assert!(read > many() / 10, "only {read} are base64");
}

// PrefixLists

/// exc-c14n section 4: prefixes, each between white space; `#default` is the empty one.
#[test]
fn a_prefix_list_lists_prefixes() {
    const DECLARED: [&str; 5] = ["", "a", "b", "ab", "A"];
    let (mut random, mut listed) = (Random(4), 0);
    let declarations: String = DECLARED
        .iter()
        .map(|prefix| if prefix.is_empty() { " xmlns=\"urn:-\"".to_owned() } else { format!(" xmlns:{prefix}=\"urn:{prefix}\"") })
        .collect();
    let xml = format!("<x:r xmlns:x=\"urn:x\"{declarations}><x:e/></x:r>");
    for _ in 0..fewer() {
        let list = random.pieces(
            &[
                "a", "b", "ab", "A", "c", "#default", "#", "#DEFAULT", "default", "xmlns", "x", "xml", " ", " ", "  ", "\t",
                "\n", "\r", ",", "\u{A0}", ":",
            ],
            8,
        );
        let tokens: BTreeSet<&str> = list.split([' ', '\t', '\n', '\r']).filter(|token| !token.is_empty()).collect();
        let wanted = |prefix: &str| if prefix.is_empty() { tokens.contains("#default") } else { tokens.contains(prefix) };
        let mut rendered: Vec<(&str, String)> = DECLARED
            .iter()
            .filter(|prefix| wanted(prefix))
            .map(|prefix| {
                (
                    *prefix,
                    if prefix.is_empty() { " xmlns=\"urn:-\"".to_owned() } else { format!(" xmlns:{prefix}=\"urn:{prefix}\"") },
                )
            })
            .collect();
        rendered.push(("x", " xmlns:x=\"urn:x\"".to_owned()));
        rendered.sort();
        let rendered: String = rendered.into_iter().map(|(_, declaration)| declaration).collect();
        let found = Canonicalizer::new(Algorithm::Exclusive10).inclusive_prefixes(list.as_str()).to_vec(xml.as_bytes());
        assert_eq!(
            String::from_utf8(found.expect("canonical")).expect("text"),
            format!("<x:r{rendered}><x:e></x:e></x:r>"),
            "{list:?}"
        );
        let inner = canonicalize(xml.as_bytes(), Select::Path(&[1, 1]), None, Algorithm::Exclusive10, &list, &Limits::DEFAULT);
        assert_eq!(String::from_utf8(inner.expect("canonical")).expect("text"), format!("<x:e{rendered}></x:e>"), "{list:?}");
        listed += tokens.len();
    }
    assert!(listed > fewer(), "only {listed} prefixes");
}

// Percent-encoding

/// The octets of a value in a query; `None` where an escape is none.
fn unescaped(raw: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let mut characters = raw.bytes();
    while let Some(octet) = characters.next() {
        decoded.push(match octet {
            b'+' => b' ',
            b'%' => {
                let two = [characters.next()?, characters.next()?];
                if !two.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                u8::from_str_radix(std::str::from_utf8(&two).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    Some(decoded)
}

/// What a sender wrote is what is signed, and it is decoded once.
#[test]
fn the_values_of_a_query_are_decoded_once() {
    let idp = TestIdp::new("urn:idp");
    let connection = IdentityProvider::new("urn:idp", idp.trusted_keys()).expect("an identity provider");
    let method = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";
    let escaped = |octets: &[u8]| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(octets).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
    };
    // One stored block, RFC 1951 section 3.2.4: `<a/>`.
    let message = escaped(&[1, 4, 0, 0xFB, 0xFF, b'<', b'a', b'/', b'>']);
    let (mut random, mut read) = (Random(5), 0);
    for _ in 0..fewer() / 4 {
        let raw = random.pieces(
            &[
                "a", "%41", "%2B", "%2b", "+", "%25", "%2541", "%", "%4", "%zz", "%+1", "% 1", "é", "%C3%A9", "%00", "%26", "=",
                "%3D", "%0a", "ä%E4",
            ],
            5,
        );
        let octets = format!("SAMLRequest={message}&RelayState={raw}&SigAlg={method}");
        let query = format!("{octets}&Signature={}", escaped(&sign_octets(&idp, octets.as_bytes())));
        let found = connection.verify_redirect(&query, &Limits::DEFAULT);
        let told = found.as_ref().map(|message| message.relay_state().map(<[u8]>::to_vec)).map_err(|error| error.code());
        assert_eq!(told, unescaped(&raw).map(Some).ok_or("invalid_escape"), "{raw:?}");
        read += usize::from(found.is_ok());
    }
    assert!(read > fewer() / 40, "only {read} queries");
}

// PEM

/// Blocks of one label, base64 between; a block that is not closed, or closed by another label, is none.
#[test]
fn certificates_are_the_blocks_that_say_so() {
    let pem = read_text(&testdata("auth0/keys/idp-rsa2048.pem")).replace("\r\n", "\n");
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let one = TrustedKeys::from_pem(&pem).expect("a certificate");
    let (mut random, mut read) = (Random(6), 0);
    for _ in 0..fewer() {
        let label = random.pick(&[
            "CERTIFICATE",
            "CERTIFICATE",
            "CERTIFICATE",
            "X509 CERTIFICATE",
            "PUBLIC KEY",
            "certificate",
            "CERTIFICATE ",
        ]);
        let end = if random.below(4) == 0 { random.pick(&["CERTIFICATE", "PUBLIC KEY", "X509 CERTIFICATE", ""]) } else { label };
        let (open, close) = (
            random.pick(&["-----BEGIN ", "-----BEGIN ", "-----BEGIN ", "----BEGIN ", "-----begin ", "-----BEGIN"]),
            random.pick(&["-----END ", "-----END ", "-----END ", "----END ", "-----END"]),
        );
        let width = [64, 76, 1, 4000][random.below(4)];
        let mut lines: Vec<String> =
            body.as_bytes().chunks(width).map(|line| String::from_utf8(line.to_vec()).expect("ASCII")).collect();
        let spoilt = random.below(3) == 0;
        if spoilt {
            let at = random.below(lines.len());
            lines[at] = format!("{}{}", random.pick(&["*", "-", "_", "=", "é", "\0", "A", "AB=="]), lines[at]);
        }
        let (line_end, around) =
            (random.pick(&["\n", "\r\n", " \n\t", "\\n"]), random.pick(&["", "text\n", "Bag Attributes\n    friendlyName: x\n"]));
        let text = format!("{around}{open}{label}-----{line_end}{}{line_end}{close}{end}-----{line_end}", lines.join(line_end));
        let found = TrustedKeys::from_pem(&text);
        let well_formed =
            ["CERTIFICATE", "X509 CERTIFICATE"].contains(&label) && label == end && open == "-----BEGIN " && close == "-----END ";
        // Laxer readings are welcome, as long as what comes out is the certificate that went in, and nothing was wrong in it.
        assert!(found.is_ok() || !well_formed || spoilt, "{text}\n{found:?}");
        if let Ok(keys) = found {
            read += 1;
            assert!(keys == one && !spoilt, "{text}\n{keys:?}");
            let (label, end) = (label.trim(), end.trim());
            assert!(label == end && open.contains("-----BEGIN"), "{text}");
        }
    }
    assert!(read > fewer() / 20, "only {read} certificates");
}
