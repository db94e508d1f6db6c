//! What a certificate says (X.509, RFC 5280 section 4.1): the few fields that are shown, and the key, still in DER.
//!
//! In goes one element, out come slices of it. A certificate is a container here: whatever OpenSSL reads is read. Versions,
//! serial numbers of any length and sign, empty names, unique identifiers and extensions make no difference: they are shown or
//! passed over, and never judged. What a verifier depends on, the SubjectPublicKeyInfo, is judged in `public_key`, exactly.
//!
//! Deliberately absent: extensions. None of them has a say in what signs a message, so none is parsed.

use std::time::SystemTime;

use super::algorithm::upper_hex;
use super::ber::{self, Element, Elements};
use super::name;
use crate::error::CertificateError;
use crate::time::parse_rfc3339;

/// The fields of a certificate that somebody wants to see, and its key.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    serial: &'a [u8],
    signature_algorithm: &'a [u8],
    pub(super) issuer: Element<'a>,
    pub(super) subject: Element<'a>,
    pub(super) not_before: SystemTime,
    pub(super) not_after: SystemTime,
    /// The SubjectPublicKeyInfo, whole.
    pub(super) public_key: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Reads the content of a certificate's outer SEQUENCE.
    ///
    /// # Errors
    ///
    /// [`CertificateError::Malformed`] with the part that is not as it must be.
    pub(super) fn read(certificate: &'a [u8]) -> Result<Self, CertificateError> {
        let mut outer = Elements(certificate);
        let mut content = Elements(outer.tagged(ber::SEQUENCE).ok_or(malformed("its content"))?.content);
        let algorithm = outer.tagged(ber::SEQUENCE).ok_or(malformed("its signature algorithm"))?;
        // Nobody looks at the signature: the certificate is trusted because it was configured.
        outer.tagged(ber::BIT_STRING).filter(|_| outer.is_empty()).ok_or(malformed("its signature"))?;

        content.pass(&[ber::constructed(0)]); // the version
        let serial =
            content.tagged(ber::INTEGER).filter(|serial| !serial.content.is_empty()).ok_or(malformed("its serial number"))?;
        content.tagged(ber::SEQUENCE).ok_or(malformed("its signature algorithm"))?;
        let issuer = content.tagged(ber::SEQUENCE).ok_or(malformed("its issuer"))?;
        let validity = content.tagged(ber::SEQUENCE).ok_or(malformed("its validity"))?;
        let subject = content.tagged(ber::SEQUENCE).ok_or(malformed("its subject"))?;
        let public_key = content.tagged(ber::SEQUENCE).ok_or(malformed("its public key"))?.whole;
        content.pass(&[ber::implicit(1), ber::constructed(1)]); // the issuer's unique identifier
        content.pass(&[ber::implicit(2), ber::constructed(2)]); // the subject's
        content.pass(&[ber::constructed(3)]); // extensions
        if !content.is_empty() {
            return Err(malformed("what stands behind its public key"));
        }
        let (not_before, not_after) = times(validity).ok_or(malformed("its validity"))?;
        let signature_algorithm =
            Elements(algorithm.content).tagged(ber::OBJECT_IDENTIFIER).ok_or(malformed("its signature algorithm"))?.content;
        Ok(Self { serial: serial.content, signature_algorithm, issuer, subject, not_before, not_after, public_key })
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
        let familiar = SIGNATURE_ALGORITHMS.iter().find(|(oid, _)| *oid == self.signature_algorithm);
        familiar.map_or_else(|| name::dotted(self.signature_algorithm), |(_, name)| (*name).to_owned())
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

fn times(validity: Element<'_>) -> Option<(SystemTime, SystemTime)> {
    let mut times = Elements(validity.content);
    let pair = (time(times.next()?)?, time(times.next()?)?);
    times.is_empty().then_some(pair)
}

/// RFC 5280 section 4.1.2.5 wants seconds and `Z`. As OpenSSL, this reads the other forms of X.680 as well: no seconds, fractions,
/// and offsets.
fn time(element: Element<'_>) -> Option<SystemTime> {
    let text = str::from_utf8(element.content).ok()?;
    let (year, rest) = match element.tag {
        ber::UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            // RFC 5280 section 4.1.2.5.1: the years from 1950 to 2049.
            (format!("{}{year}", if year < "50" { "20" } else { "19" }), rest)
        }
        ber::GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.to_owned(), rest)
        }
        _ => return None,
    };
    let (month, rest) = rest.split_at_checked(2)?;
    let (day, rest) = rest.split_at_checked(2)?;
    let (hour, rest) = rest.split_at_checked(2)?;
    let (minute, rest) = rest.split_at_checked(2)?;
    let has_seconds = rest.starts_with(|first: char| first.is_ascii_digit());
    let (second, behind) = if has_seconds { rest.split_at_checked(2)? } else { ("00", rest) };
    let zone = behind.len().checked_sub(2).filter(|_| behind.contains(['+', '-'])).and_then(|end| behind.split_at_checked(end));
    let zone = zone.map_or_else(|| behind.to_owned(), |(start, minutes)| format!("{start}:{minutes}"));
    parse_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"))
}

const fn malformed(part: &'static str) -> CertificateError {
    CertificateError::Malformed { part }
}

/// RFC 8017 appendix A.2.4, RFC 5758, RFC 8410.
const SIGNATURE_ALGORITHMS: [(&[u8], &str); 13] = [
    (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 4], "md5WithRSAEncryption"),
    (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 5], "sha1WithRSAEncryption"),
    (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10], "RSASSA-PSS"),
    (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11], "sha256WithRSAEncryption"),
    (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 12], "sha384WithRSAEncryption"),
    (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 13], "sha512WithRSAEncryption"),
    (&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1], "ecdsa-with-SHA1"),
    (&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2], "ecdsa-with-SHA256"),
    (&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 3], "ecdsa-with-SHA384"),
    (&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 4], "ecdsa-with-SHA512"),
    (&[0x2A, 0x86, 0x48, 0xCE, 0x38, 4, 3], "dsa-with-SHA1"),
    (&[0x2B, 0x65, 0x70], "Ed25519"),
    (&[0x2B, 0x65, 0x71], "Ed448"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::format_rfc3339;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    /// The elements of a TBSCertificate, small and complete.
    fn parts() -> Vec<Vec<u8>> {
        let validity = [element(ber::UTC_TIME, b"250303100000Z"), element(ber::GENERALIZED_TIME, b"20500303100000Z")].concat();
        vec![
            element(0xA0, &[2, 1, 2]),
            element(ber::INTEGER, &[7]),
            element(ber::SEQUENCE, &[6, 1, 0x2A]),
            element(ber::SEQUENCE, &[]),
            element(ber::SEQUENCE, &validity),
            element(ber::SEQUENCE, &[]),
            element(ber::SEQUENCE, b"key"),
        ]
    }

    fn certificate(parts: &[Vec<u8>]) -> Vec<u8> {
        let signature = element(ber::BIT_STRING, &[0]);
        [element(ber::SEQUENCE, &parts.concat()), element(ber::SEQUENCE, &[6, 1, 0x2A]), signature].concat()
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
        let extension = element(0xA3, &element(ber::SEQUENCE, b"whatever it holds"));
        for (name, behind) in [
            ("nothing", vec![]),
            ("unique identifiers", vec![element(0x81, &[0, 1]), element(0x82, &[0, 1])]),
            ("extensions", vec![extension.clone()]),
            ("all of it", vec![element(0x81, &[0, 1]), element(0x82, &[0, 1]), extension]),
        ] {
            let all = [parts(), behind].concat();
            assert_eq!(fault(&certificate(&all)), None, "{name}");
            assert_eq!(fault(&certificate(&all[1..])), None, "{name}, version 1");
            assert_eq!(Fields::read(&certificate(&all)).unwrap().public_key, element(ber::SEQUENCE, b"key"), "{name}");
        }
    }

    #[test]
    fn what_is_needed_must_stand_in_its_place() {
        let extensions = element(0xA3, &[]);
        for (input, part) in [
            (with(1, element(ber::INTEGER, &[])), "its serial number"),
            (with(1, element(4, &[7])), "its serial number"),
            (with(2, element(ber::INTEGER, &[7])), "its signature algorithm"),
            (with(3, element(4, &[])), "its issuer"),
            (with(4, element(ber::SEQUENCE, &[])), "its validity"),
            (with(4, element(4, &[])), "its validity"),
            (with(5, element(4, &[])), "its subject"),
            (with(6, element(4, &[])), "its public key"),
            (certificate(&parts()[..6]), "its public key"),
            (certificate(&[parts(), vec![extensions.clone(), extensions]].concat()), "what stands behind its public key"),
            (certificate(&[parts(), vec![element(4, &[])]].concat()), "what stands behind its public key"),
            ([certificate(&parts()), vec![5, 0]].concat(), "its signature"),
            (element(ber::SEQUENCE, &parts().concat()), "its signature algorithm"),
            ([element(ber::SEQUENCE, &parts().concat()), vec![0x30, 0, 4, 0]].concat(), "its signature"),
            ([element(ber::SEQUENCE, &parts().concat()), vec![0x30, 0, 3, 1, 0]].concat(), "its signature algorithm"),
            (vec![], "its content"),
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
            assert_eq!(Fields::read(&with(1, element(ber::INTEGER, number))).unwrap().serial_hex(), shown);
        }
    }

    #[test]
    fn times_are_read_as_openssl_reads_them() {
        for (tag, text, instant) in [
            (ber::UTC_TIME, "250303100000Z", Some("2025-03-03T10:00:00.000Z")),
            (ber::UTC_TIME, "491231235959Z", Some("2049-12-31T23:59:59.000Z")),
            (ber::UTC_TIME, "500101000000Z", Some("1950-01-01T00:00:00.000Z")),
            (ber::UTC_TIME, "2503031000Z", Some("2025-03-03T10:00:00.000Z")),
            (ber::UTC_TIME, "250303100000+0130", Some("2025-03-03T08:30:00.000Z")),
            (ber::UTC_TIME, "2503031000-0130", Some("2025-03-03T11:30:00.000Z")),
            (ber::GENERALIZED_TIME, "99991231235959Z", Some("9999-12-31T23:59:59.000Z")),
            (ber::GENERALIZED_TIME, "20250303100000Z", Some("2025-03-03T10:00:00.000Z")),
            (ber::GENERALIZED_TIME, "202503031000Z", Some("2025-03-03T10:00:00.000Z")),
            (ber::GENERALIZED_TIME, "20250303100000.25Z", Some("2025-03-03T10:00:00.250Z")),
            (ber::GENERALIZED_TIME, "20250303100000.25+0100", Some("2025-03-03T09:00:00.250Z")),
            (ber::UTC_TIME, "250230100000Z", None),
            (ber::UTC_TIME, "250303100060Z", None),
            (ber::UTC_TIME, "250303100000", None),
            (ber::UTC_TIME, "250303100000+01:30", None),
            (ber::UTC_TIME, "25030310000Z", None),
            (ber::UTC_TIME, "25-303100000Z", None),
            (ber::UTC_TIME, "25030\u{FC}", None),
            (ber::UTC_TIME, "", None),
            (ber::UTC_TIME, "Z", None),
            (ber::GENERALIZED_TIME, "2025030310Z", None),
            (ber::GENERALIZED_TIME, "20250303100000+01", None),
            (ber::UTF8_STRING, "250303100000Z", None),
        ] {
            let value = element(tag, text.as_bytes());
            let (value, _) = ber::read(&value).unwrap();
            assert_eq!(time(value).map(format_rfc3339).as_deref(), instant, "{text}");
        }
    }

    #[test]
    fn algorithms_have_familiar_names_or_numbers() {
        assert_eq!(Fields::read(&certificate(&parts())).unwrap().signature_algorithm_name(), "1.2");
    }
}
