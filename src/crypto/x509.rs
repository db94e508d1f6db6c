//! What a certificate says (X.509, RFC 5280 section 4.1): the few fields that are shown, and the key, still in DER.
//!
//! In goes one element, out come slices of it and the values of the library `x509-cert`. A certificate is a container here:
//! versions, serial numbers of any length and sign, unique identifiers and extensions make no difference. They are shown or passed
//! over, and never judged. What a verifier depends on, the SubjectPublicKeyInfo, is judged in `public_key`, exactly.
//!
//! Own code reads the outline alone. The library's `Certificate` would read the extensions as well, and refuses object identifiers
//! with numbers above 32 bits in them, and serial numbers above 21 octets.
//!
//! Deliberately absent: extensions. None of them has a say in what signs a message, so none is parsed.

use std::time::SystemTime;

use der::asn1::{Any, AnyRef, BmpString};
use der::{Decode, Encode, ErrorKind, Reader, SliceReader, Tag, TagNumber, Tagged};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::Name;
use x509_cert::time::Validity;

use super::algorithm::{lower_hex, upper_hex};
use super::elements::reader;
use super::public_key::name_of;
use crate::error::CertificateError;

pub(super) const OUTERMOST: &str = "its outermost element";
/// As the library reads it, and RFC 5280 section 4.1.2.5 prescribes, but for years before 1970.
const VALIDITY: &str = "its validity (two times in UTC with seconds, from 1970 on)";

/// The fields of a certificate that somebody wants to see, and its key.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    serial: &'a [u8],
    signature_algorithm: AnyRef<'a>,
    issuer: AnyRef<'a>,
    validity: Validity,
    subject: AnyRef<'a>,
    /// The SubjectPublicKeyInfo, whole.
    pub(super) public_key: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Reads a certificate that is given with all of its octets.
    ///
    /// # Errors
    ///
    /// [`CertificateError::Malformed`] with the part that is not as it must be.
    pub(super) fn read(certificate: &'a [u8]) -> Result<Self, CertificateError> {
        let mut part = OUTERMOST;
        let fields = reader(certificate).and_then(|mut reader| reader.sequence(|outer| Self::read_parts(outer, &mut part)));
        fields.map_err(|error| malformed(part, error))
    }

    /// As [`read`](Self::read), with `part` naming what is being read.
    fn read_parts(outer: &mut SliceReader<'a>, part: &mut &'static str) -> der::Result<Self> {
        *part = "its content";
        let fields = outer.sequence(|content| Self::read_content(content, part))?;
        *part = "its signature algorithm";
        algorithm(outer)?;
        // Nobody looks at the signature: the certificate is trusted because it was configured.
        *part = "its signature";
        tagged(outer, Tag::BitString)?;
        Ok(fields)
    }

    fn read_content(content: &mut SliceReader<'a>, part: &mut &'static str) -> der::Result<Self> {
        pass(content, 0)?; // the version
        *part = "its serial number";
        let serial = tagged(content, Tag::Integer)?.value();
        if serial.is_empty() {
            return Err(Tag::Integer.value_error().into());
        }
        *part = "its signature algorithm";
        let signature_algorithm = algorithm(content)?;
        *part = "its issuer";
        let issuer = tagged(content, Tag::Sequence)?;
        *part = VALIDITY;
        let validity = content.decode()?;
        *part = "its subject";
        let subject = tagged(content, Tag::Sequence)?;
        *part = "its public key";
        let start = content.clone();
        tagged(content, Tag::Sequence)?;
        let public_key = start.clone().read_slice((content.position() - start.position())?)?;
        *part = "what stands behind its public key";
        pass(content, 1)?; // the issuer's unique identifier
        pass(content, 2)?; // the subject's
        pass(content, 3)?; // extensions
        Ok(Self { serial, signature_algorithm, issuer, validity, subject, public_key })
    }

    /// The subject, as [`distinguished`] writes it.
    pub(super) fn subject(&self) -> String {
        distinguished(self.subject)
    }

    pub(super) fn issuer(&self) -> String {
        distinguished(self.issuer)
    }

    pub(super) fn not_before(&self) -> SystemTime {
        self.validity.not_before.to_system_time()
    }

    pub(super) fn not_after(&self) -> SystemTime {
        self.validity.not_after.to_system_time()
    }

    /// The serial number in hexadecimal, with its sign: certificates with negative ones exist.
    pub(super) fn serial_hex(&self) -> String {
        let negative = self.serial.first().is_some_and(|first| first & 0x80 != 0);
        let magnitude = if negative { negated(self.serial) } else { self.serial.to_vec() };
        let significant = match magnitude.as_slice() {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        format!("{}{}", if negative { "-" } else { "" }, upper_hex(significant))
    }

    /// What the certificate itself was signed with: a familiar name or dotted numbers.
    pub(super) fn signature_algorithm_name(&self) -> String {
        self.signature_algorithm.decode_as().map_or_else(|_| hexadecimal(self.signature_algorithm), |oid| name_of(&oid))
    }
}

/// The next element, which must have that tag.
fn tagged<'a>(content: &mut SliceReader<'a>, tag: Tag) -> der::Result<AnyRef<'a>> {
    let element = AnyRef::decode(content)?;
    element.tag().assert_eq(tag)?;
    Ok(element)
}

/// The object identifier of an AlgorithmIdentifier, whatever its parameters are.
fn algorithm<'a>(content: &mut SliceReader<'a>) -> der::Result<AnyRef<'a>> {
    content.sequence(|algorithm| {
        let identifier = tagged(algorithm, Tag::ObjectIdentifier)?;
        algorithm.drain(algorithm.remaining_len())?;
        Ok(identifier)
    })
}

/// Passes over the next element, if it has that context-specific tag.
fn pass(content: &mut SliceReader<'_>, wanted: u32) -> der::Result<()> {
    if matches!(Tag::peek(content), Ok(Tag::ContextSpecific { number: TagNumber(number), .. }) if number == wanted) {
        AnyRef::decode(content)?;
    }
    Ok(())
}

/// The error for a part that the library does not read.
pub(super) fn malformed(part: &'static str, error: der::Error) -> CertificateError {
    match error.kind() {
        ErrorKind::Length { .. } | ErrorKind::Overlength => {
            CertificateError::Malformed { part: "a length in more octets than it needs" }
        }
        _ => CertificateError::Malformed { part },
    }
}

/// The number with the other sign, in two's complement.
fn negated(number: &[u8]) -> Vec<u8> {
    let mut octets: Vec<u8> = number.iter().map(|octet| !octet).collect();
    for octet in octets.iter_mut().rev() {
        let (sum, carried) = octet.overflowing_add(1);
        *octet = sum;
        if !carried {
            break;
        }
    }
    octets
}

/// A distinguished name as RFC 4514 writes it, its last part first: `CN=acme.us.auth0.com,O=Acme\, Inc.`.
///
/// No signature depends on what it says, so that none is refused: what the library does not read, a UniversalString or an attribute
/// whose object identifier has a number above 32 bits, is shown in hexadecimal, the name as a whole. So is a name longer than anybody
/// reads: to look its attributes up in the library's table takes time, and a certificate in a message is nobody's yet.
fn distinguished(element: AnyRef<'_>) -> String {
    const OCTETS: usize = 4096;
    const ATTRIBUTES: usize = 32;
    let name = if element.value().len() <= OCTETS { element.decode_as::<Name>().ok() } else { None };
    let Some(name) = name.filter(|name| name.iter().count() <= ATTRIBUTES) else { return hexadecimal(element) };
    let mut parts: Vec<String> = name.iter_rdn().map(|part| part.iter().map(attribute).collect::<Vec<_>>().join("+")).collect();
    parts.reverse();
    parts.join(",")
}

/// RFC 4514 section 2.3. More control characters are escaped than the library does: a name must not move the cursor of a terminal.
fn attribute(attribute: &AttributeTypeAndValue) -> String {
    let readable = text(&attribute.value).and_then(|text| Any::new(Tag::Utf8String, text.into_bytes()).ok());
    let value = readable.unwrap_or_else(|| attribute.value.clone());
    let written = AttributeTypeAndValue { oid: attribute.oid, value }.to_string();
    let octets = |control: char| control.to_string().bytes().map(|octet| format!("\\{octet:02x}")).collect();
    written.chars().map(|one| if one.is_control() { octets(one) } else { one.to_string() }).collect()
}

/// The text of the string types that the library takes for octets. T.61 is read as Latin-1: so it is written, whatever the
/// standard says.
fn text(value: &Any) -> Option<String> {
    match value.tag() {
        Tag::TeletexString => Some(value.value().iter().copied().map(char::from).collect()),
        Tag::BmpString => Some(value.decode_as::<BmpString>().ok()?.to_string()),
        Tag::NumericString | Tag::VisibleString => Some(str::from_utf8(value.value()).ok()?.to_owned()),
        _ => None,
    }
}

/// RFC 4514 section 2.4: `#`, and all octets of the element.
fn hexadecimal(element: AnyRef<'_>) -> String {
    format!("#{}", lower_hex(&element.to_der().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use der::asn1::ObjectIdentifier;
    use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

    use super::*;
    use crate::time::format_rfc3339;

    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn validity(tag: u8, from: &str) -> Vec<u8> {
        element(SEQUENCE, &[element(tag, from.as_bytes()), element(GENERALIZED_TIME, b"20500303100000Z")].concat())
    }

    /// The elements of a TBSCertificate, small and complete.
    fn parts() -> Vec<Vec<u8>> {
        vec![
            element(0xA0, &[2, 1, 2]),
            element(INTEGER, &[7]),
            element(SEQUENCE, &[6, 1, 0x2A]),
            element(SEQUENCE, &[]),
            validity(UTC_TIME, "250303100000Z"),
            element(SEQUENCE, &[]),
            element(SEQUENCE, b"\x04\x03key"),
        ]
    }

    /// The content of a certificate.
    fn content(parts: &[Vec<u8>]) -> Vec<u8> {
        [element(SEQUENCE, &parts.concat()), element(SEQUENCE, &[6, 1, 0x2A, 5, 0]), element(3, &[0])].concat()
    }

    fn certificate(parts: &[Vec<u8>]) -> Vec<u8> {
        element(SEQUENCE, &content(parts))
    }

    fn with(place: usize, part: Vec<u8>) -> Vec<u8> {
        let mut all = parts();
        all[place] = part;
        certificate(&all)
    }

    fn fault(certificate: &[u8]) -> Option<&'static str> {
        match Fields::read(certificate) {
            Ok(_) => None,
            Err(CertificateError::Malformed { part }) => Some(part),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn what_is_not_needed_makes_no_difference() {
        let extension = element(0xA3, &element(SEQUENCE, b"whatever it holds"));
        for (name, behind) in [
            ("nothing", vec![]),
            ("unique identifiers", vec![element(0x81, &[0, 1]), element(0x82, &[0, 1])]),
            ("extensions", vec![extension.clone()]),
            ("all of it", vec![element(0x81, &[0, 1]), element(0x82, &[0, 1]), extension]),
        ] {
            let all = [parts(), behind].concat();
            assert_eq!(fault(&certificate(&all)), None, "{name}");
            assert_eq!(fault(&certificate(&all[1..])), None, "{name}, version 1");
            assert_eq!(Fields::read(&certificate(&all)).unwrap().public_key, parts()[6], "{name}");
        }
    }

    #[test]
    fn what_is_needed_must_stand_in_its_place() {
        let extensions = element(0xA3, &[]);
        let whole = element(SEQUENCE, &parts().concat());
        let long = [&[SEQUENCE, 0x81, 2][..], &[5, 0]].concat();
        for (input, part) in [
            (with(1, element(INTEGER, &[])), "its serial number"),
            (with(1, element(4, &[7])), "its serial number"),
            (with(2, element(INTEGER, &[7])), "its signature algorithm"),
            (with(3, element(4, &[])), "its issuer"),
            (with(3, long), "a length in more octets than it needs"),
            (with(4, element(4, &[])), VALIDITY),
            (with(5, element(4, &[])), "its subject"),
            (with(6, element(4, &[])), "its public key"),
            (certificate(&parts()[..6]), "its public key"),
            (certificate(&[parts(), vec![extensions.clone(), extensions]].concat()), "what stands behind its public key"),
            (certificate(&[parts(), vec![element(4, &[])]].concat()), "what stands behind its public key"),
            (element(SEQUENCE, &[content(&parts()), vec![5, 0]].concat()), "its signature"),
            (element(SEQUENCE, &whole), "its signature algorithm"),
            (element(SEQUENCE, &[&whole[..], &[0x30, 3, 6, 1, 0x2A, 4, 0]].concat()), "its signature"),
            (element(SEQUENCE, &[&whole[..], &[0x30, 0, 3, 1, 0]].concat()), "its signature algorithm"),
            (element(SEQUENCE, &[]), "its content"),
            (element(4, &[]), "its outermost element"),
        ] {
            assert_eq!(fault(&input), Some(part), "{input:02X?}");
        }
        assert_eq!(fault(&certificate(&parts())), None);
    }

    #[test]
    fn serial_numbers_have_any_length_and_sign() {
        for (number, shown) in [
            (&[0][..], "00"),
            (&[7], "07"),
            (&[0, 0xFF], "FF"),
            (&[0x7F; 25], &"7F".repeat(25)),
            (&[0xFB], "-05"),
            (&[0x80, 0], "-8000"),
            (&[0xFF, 0], "-0100"),
        ] {
            assert_eq!(Fields::read(&with(1, element(INTEGER, number))).unwrap().serial_hex(), shown);
        }
    }

    #[test]
    fn times_are_those_of_rfc_5280() {
        for (tag, text, instant) in [
            (UTC_TIME, "250303100000Z", Some("2025-03-03T10:00:00.000Z")),
            (UTC_TIME, "491231235959Z", Some("2049-12-31T23:59:59.000Z")),
            (UTC_TIME, "700101000000Z", Some("1970-01-01T00:00:00.000Z")),
            (GENERALIZED_TIME, "20250303100000Z", Some("2025-03-03T10:00:00.000Z")),
            (GENERALIZED_TIME, "99991231235959Z", Some("9999-12-31T23:59:59.000Z")),
            (UTC_TIME, "691231235959Z", None),
            (UTC_TIME, "2503031000Z", None),
            (UTC_TIME, "250303100000+0130", None),
            (UTC_TIME, "250230100000Z", None),
            (GENERALIZED_TIME, "20250303100000.25Z", None),
            (0x0C, "250303100000Z", None),
        ] {
            let certificate = with(4, validity(tag, text));
            let times = Fields::read(&certificate).map(|fields| (fields.not_before(), fields.not_after()));
            let shown = times.map(|(from, until)| (format_rfc3339(from), format_rfc3339(until)));
            let expected = instant.map(|instant| (instant.to_owned(), "2050-03-03T10:00:00.000Z".to_owned()));
            assert_eq!(shown, expected.ok_or(CertificateError::Malformed { part: VALIDITY }), "{text}");
        }
    }

    #[test]
    fn algorithms_have_familiar_names_or_numbers() {
        for (oid, name) in [
            (&[0x2A][..], "1.2"),
            (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11], "sha256WithRSAEncryption"),
            (&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2], "ecdsa-with-SHA256"),
            (&[0x2B, 0x65, 0x70], "Ed25519"),
            (&[0x2B, 0x90, 0x80, 0x80, 0x80, 0], "#06062b9080808000"),
            (&[0x2A, 0x86], "#06022a86"),
            (&[], "#0600"),
        ] {
            let certificate = with(2, element(SEQUENCE, &element(6, oid)));
            assert_eq!(Fields::read(&certificate).unwrap().signature_algorithm_name(), name);
        }
    }

    const COMMON_NAME: &[u8] = &[0x55, 4, 3];

    fn attribute_of(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        element(SEQUENCE, &[element(6, oid), element(tag, value)].concat())
    }

    /// How the name of these sets is written.
    fn shown(sets: &[Vec<u8>]) -> String {
        let name = Any::new(Tag::Sequence, sets.iter().flat_map(|set| element(0x31, set)).collect::<Vec<_>>()).unwrap();
        distinguished(AnyRef::from(&name))
    }

    #[test]
    fn every_string_type_is_text_or_hexadecimal() {
        for (tag, value, text) in [
            (0x0C, "Zürich".as_bytes(), "CN=Zürich"),
            (0x0C, b"Z\xFCrich", "2.5.4.3=#0c065afc72696368"),
            (0x13, b"Acme", "CN=Acme"),
            (0x16, b"a@b", "CN=a@b"),
            (0x12, b"12", "CN=12"),
            (0x1A, b"v", "CN=v"),
            (0x14, b"Z\xFCrich", "CN=Zürich"),
            (0x1E, b"\0Z\0\xFC", "CN=Zü"),
            (0x1E, b"\0Z\0", "2.5.4.3=#1e03005a00"),
            (0x04, b"x", "2.5.4.3=#040178"),
            (0x1C, b"\0\0\0Z", "#300f310d300b06035504031c040000005a"),
        ] {
            assert_eq!(shown(&[attribute_of(COMMON_NAME, tag, value)]), text);
        }
    }

    #[test]
    fn names_are_written_as_rfc_4514_prescribes() {
        let name = |oid: &[u8], value: &[u8]| attribute_of(oid, 0x0C, value);
        let organization = &[0x55, 4, 10][..];
        for (sets, text) in [
            (vec![], ""),
            (vec![name(organization, b"O"), name(COMMON_NAME, b"C")], "CN=C,O=O"),
            (vec![[name(organization, b"O"), name(COMMON_NAME, b"C")].concat()], "CN=C+O=O"),
            (vec![name(COMMON_NAME, b" #a, b+c;<d>=\"\\ ")], "CN=\\ #a\\, b\\+c\\;\\<d\\>=\\\"\\\\\\ "),
            (vec![name(COMMON_NAME, b"# a")], "CN=\\# a"),
            (vec![name(COMMON_NAME, b"a\0\x1B[2J\x7F\xC2\x9B")], "CN=a\\00\\1b[2J\\7f\\c2\\9b"),
            (vec![name(COMMON_NAME, b"")], "CN="),
            (vec![name(&[0x2A, 3, 4], b"x")], "1.2.3.4=#0c0178"),
            (vec![name(&[0x2B, 0x90, 0x80, 0x80, 0x80, 0], b"x")], "#300f310d300b06062b90808080000c0178"),
            (vec![vec![5, 0]], "#300431020500"),
        ] {
            assert_eq!(shown(&sets), text);
        }
    }

    #[test]
    fn names_that_nobody_reads_are_not_looked_up() {
        let one = attribute_of(COMMON_NAME, 0x13, b"a");
        assert_eq!(shown(&vec![one.clone(); 32]), ["CN=a"; 32].join(","));
        assert!(shown(&vec![one; 33]).starts_with("#3082"));
        let long = |length: usize| {
            let value = Any::new(Tag::PrintableString, vec![b'a'; length]).unwrap();
            let set = [AttributeTypeAndValue { oid: ObjectIdentifier::new_unwrap("2.5.4.3"), value }];
            let name = RdnSequence::from(vec![RelativeDistinguishedName::try_from(set.to_vec()).unwrap()]);
            distinguished(AnyRef::from_der(&name.to_der().unwrap()).unwrap())
        };
        assert_eq!((&long(4000)[..4], &long(4100)[..5]), ("CN=a", "#3082"));
    }
}
