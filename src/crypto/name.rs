//! Names in a certificate, written for people: distinguished names (RFC 4514) and object identifiers.
//!
//! In go elements, out comes text. Nothing is compared and nothing depends on it, so that nothing is refused: what cannot be read
//! as text is shown in hexadecimal, as RFC 4514 section 2.4 has it.

use super::algorithm::lower_hex;
use super::ber::{self, Element, Elements};

/// A distinguished name, its last part first: `CN=acme.us.auth0.com,O=Acme\, Inc.`. RFC 4514 section 2.1.
pub(super) fn distinguished(name: Element<'_>) -> String {
    let mut parts: Vec<String> = Elements(name.content).map(relative).collect();
    parts.reverse();
    parts.join(",")
}

/// An object identifier in dotted numbers; in hexadecimal where a number exceeds 128 bits (as many as a UUID has) or is cut.
pub(super) fn dotted(oid: &[u8]) -> String {
    let Some((&first, others)) =
        arcs(oid).as_deref().and_then(<[u128]>::split_first).map(|(first, others)| (first, others.to_vec()))
    else {
        return format!("#{}", lower_hex(oid));
    };
    // The first two numbers are one: 40 times the first and the second. X.690 8.19.4.
    let root = (first / 40).min(2);
    let numbers = [root, first - root * 40].into_iter().chain(others);
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(".")
}

/// RFC 4514 section 2.2: several attributes have plus signs between them.
fn relative(set: Element<'_>) -> String {
    Elements(set.content).map(attribute).collect::<Vec<_>>().join("+")
}

/// RFC 4514 sections 2.3 and 2.4: the short name and the text, or the dotted numbers and the octets.
fn attribute(element: Element<'_>) -> String {
    let mut content = Elements(element.content);
    let (Some(kind), Some(value)) = (content.tagged(ber::OBJECT_IDENTIFIER), content.next()) else {
        return format!("#{}", lower_hex(element.whole));
    };
    let short = SHORT_NAMES.iter().find(|(oid, _)| *oid == kind.content).map(|(_, name)| *name);
    match (short, text(value)) {
        (Some(short), Some(text)) => format!("{short}={}", escaped(&text)),
        _ => format!("{}=#{}", dotted(kind.content), lower_hex(value.whole)),
    }
}

/// The text of a string type. T.61 is read as Latin-1: so it is written, whatever the standard says.
fn text(value: Element<'_>) -> Option<String> {
    let content = value.content;
    let replaced = char::REPLACEMENT_CHARACTER;
    match value.tag {
        ber::UTF8_STRING | ber::PRINTABLE_STRING | ber::NUMERIC_STRING | ber::IA5_STRING | ber::VISIBLE_STRING => {
            Some(String::from_utf8_lossy(content).into_owned())
        }
        ber::TELETEX_STRING => Some(content.iter().copied().map(char::from).collect()),
        ber::BMP_STRING => {
            let (units, []) = content.as_chunks::<2>() else { return None };
            let units = units.iter().copied().map(u16::from_be_bytes);
            Some(char::decode_utf16(units).map(|decoded| decoded.unwrap_or(replaced)).collect())
        }
        ber::UNIVERSAL_STRING => {
            let (units, []) = content.as_chunks::<4>() else { return None };
            Some(units.iter().copied().map(u32::from_be_bytes).map(|unit| char::from_u32(unit).unwrap_or(replaced)).collect())
        }
        _ => None,
    }
}

/// RFC 4514 section 2.4. Control characters are escaped as well: a name must not move the cursor of a terminal.
fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut written = String::with_capacity(text.len());
    for (place, character) in text.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => written.extend(['\\', character]),
            '#' if place == 0 => written.push_str("\\#"),
            ' ' if place == 0 || place == last => written.push_str("\\ "),
            control if control.is_control() => {
                for octet in control.encode_utf8(&mut [0; 4]).bytes() {
                    written.push_str(&format!("\\{octet:02x}"));
                }
            }
            other => written.push(other),
        }
    }
    written
}

/// The numbers of an object identifier, each in octets of seven bits, of which all but the last have the highest bit set.
fn arcs(oid: &[u8]) -> Option<Vec<u128>> {
    let mut arcs = Vec::new();
    let mut number: u128 = 0;
    for octet in oid {
        number = number.checked_mul(128)?.checked_add((octet & 0x7F).into())?;
        if octet & 0x80 == 0 {
            arcs.push(std::mem::take(&mut number));
        }
    }
    oid.last().is_some_and(|last| last & 0x80 == 0).then_some(arcs)
}

/// RFC 4514 section 3, RFC 4519, and what else stands in the names of identity providers.
const SHORT_NAMES: [(&[u8], &str); 21] = [
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 4], "SN"),
    (&[0x55, 4, 5], "SERIALNUMBER"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 12], "TITLE"),
    (&[0x55, 4, 13], "DESCRIPTION"),
    (&[0x55, 4, 15], "BUSINESSCATEGORY"),
    (&[0x55, 4, 17], "POSTALCODE"),
    (&[0x55, 4, 42], "GIVENNAME"),
    (&[0x55, 4, 43], "INITIALS"),
    (&[0x55, 4, 46], "DNQUALIFIER"),
    (&[0x55, 4, 65], "PSEUDONYM"),
    (&[0x55, 4, 97], "ORGANIZATIONIDENTIFIER"),
    (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 1], "EMAILADDRESS"),
    (&[9, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 1], "UID"),
    (&[9, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 25], "DC"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn attribute_of(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        element(ber::SEQUENCE, &[element(ber::OBJECT_IDENTIFIER, oid), element(tag, value)].concat())
    }

    fn shown(sets: &[Vec<u8>]) -> String {
        let name = element(ber::SEQUENCE, &sets.iter().flat_map(|set| element(0x31, set)).collect::<Vec<_>>());
        distinguished(ber::read(&name).unwrap().0)
    }

    #[test]
    fn every_string_type_is_text() {
        let common_name = &[0x55, 4, 3][..];
        for (tag, value, text) in [
            (ber::UTF8_STRING, "Zürich".as_bytes(), "CN=Zürich"),
            (ber::UTF8_STRING, b"Z\xFCrich", "CN=Z\u{FFFD}rich"),
            (ber::PRINTABLE_STRING, b"Acme", "CN=Acme"),
            (ber::IA5_STRING, b"a@b", "CN=a@b"),
            (ber::NUMERIC_STRING, b"12", "CN=12"),
            (ber::VISIBLE_STRING, b"v", "CN=v"),
            (ber::TELETEX_STRING, b"Z\xFCrich", "CN=Zürich"),
            (ber::BMP_STRING, b"\0Z\0\xFC", "CN=Zü"),
            (ber::BMP_STRING, b"\xD8\x3D\xDD\x11", "CN=🔑"),
            (ber::BMP_STRING, b"\xD8\x3D\0a", "CN=\u{FFFD}a"),
            (ber::BMP_STRING, b"\0Z\0", "2.5.4.3=#1e03005a00"),
            (ber::UNIVERSAL_STRING, b"\0\0\0Z\0\x01\xF5\x11", "CN=Z🔑"),
            (ber::UNIVERSAL_STRING, b"\0\x11\0\0", "CN=\u{FFFD}"),
            (ber::UNIVERSAL_STRING, b"\0\0\0", "2.5.4.3=#1c03000000"),
            (ber::OCTET_STRING, b"x", "2.5.4.3=#040178"),
        ] {
            assert_eq!(shown(&[attribute_of(common_name, tag, value)]), text);
        }
    }

    #[test]
    fn names_are_written_as_rfc_4514_prescribes() {
        let name = |oid: &[u8], value: &[u8]| attribute_of(oid, ber::UTF8_STRING, value);
        let (common, organization) = (&[0x55, 4, 3][..], &[0x55, 4, 10][..]);
        for (sets, text) in [
            (vec![], ""),
            (vec![name(organization, b"O"), name(common, b"C")], "CN=C,O=O"),
            (vec![[name(organization, b"O"), name(common, b"C")].concat()], "O=O+CN=C"),
            (vec![name(common, b" #a, b+c;<d>=\"\\ ")], "CN=\\ #a\\, b\\+c\\;\\<d\\>=\\\"\\\\\\ "),
            (vec![name(common, b"# a")], "CN=\\# a"),
            (vec![name(common, b"a\0\x1B[2J\x7F\xC2\x9B")], "CN=a\\00\\1b[2J\\7f\\c2\\9b"),
            (vec![name(common, b"")], "CN="),
            (vec![name(&[0x2A, 3, 4], b"x")], "1.2.3.4=#0c0178"),
            (vec![vec![5, 0]], "#0500"),
        ] {
            assert_eq!(shown(&sets), text);
        }
    }

    #[test]
    fn object_identifiers_have_numbers_of_any_size() {
        let uuid = [&[0x69, 0x83][..], &[0xFF; 17], &[0x7F]].concat();
        for (oid, text) in [
            (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D][..], "1.2.840.113549"),
            (&[0x88, 0x37, 3], "2.999.3"),
            (&[0x55, 4, 3], "2.5.4.3"),
            (&[9, 0x92, 0x26], "0.9.2342"),
            (&[0x2B, 0x90, 0x80, 0x80, 0x80, 0], "1.3.4294967296"),
            (&uuid, "2.25.340282366920938463463374607431768211455"),
            (&[&[0x69, 0x84][..], &[0x80; 17], &[0]].concat(), &format!("#6984{}00", "80".repeat(17))),
            (&[0x2A, 0x86], "#2a86"),
            (&[], "#"),
        ] {
            assert_eq!(dotted(oid), text);
        }
    }
}
