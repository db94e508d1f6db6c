//! Certificates in the shapes in which people have them: from bytes to DER.
//!
//! In goes the content of a file, of an environment variable or of a form; out comes the DER of each certificate in it, not yet
//! parsed, or a [`CertificateError`] that says what it was instead. Blocks of other kinds are passed over, unread, where
//! there is a certificate beside them.
//!
//! Laxer than RFC 7468: any line length, indentation, text around the blocks, line ends written as `\n`, no armor at all. None
//! of that can make one certificate look like another. Stricter: a block that is not closed is an error wherever it stands.

use ::base64::engine::general_purpose::STANDARD;
use ::base64::{DecodeError, Engine};
use memchr::memmem;
use x509_cert::der::asn1::AnyRef;
use x509_cert::der::{Decode, Tag, Tagged};

use crate::error::{CertificateError, FoundInstead, Shown};

/// The DER of every certificate in `input`, at least one, each a single complete element.
///
/// # Errors
///
/// What `input` is instead, or where it is damaged.
pub(super) fn certificates(input: &[u8]) -> Result<Vec<Vec<u8>>, CertificateError> {
    if let [0x30, 0x80..=0xFF, ..] = input {
        return Ok(vec![input.to_vec()]); // no text: its second byte is not ASCII
    }
    if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] = input {
        return Err(CertificateError::NotACertificate { found: FoundInstead::Utf16 });
    }
    let blocks = blocks(input)?;
    if blocks.is_empty() {
        return bare(input).map(|der| vec![der]);
    }
    let certificates: Vec<Vec<u8>> =
        blocks.iter().filter(|block| block.is_certificate()).map(Block::decode).collect::<Result<_, _>>()?;
    if certificates.is_empty() {
        Err(CertificateError::NotACertificate { found: most_telling(&blocks) })
    } else {
        Ok(certificates)
    }
}

/// What DER is that is no certificate, going by the tags of its first elements.
pub(super) fn other_than_certificate(der: &[u8]) -> CertificateError {
    use FoundInstead::{CertificateRequest, Pkcs7, Pkcs12, PrivateKey, PublicKey};
    let Ok(outer) = AnyRef::from_der(der) else {
        return CertificateError::Malformed;
    };
    let found = match elements(outer.value()).as_slice() {
        [version, ..] if version.tag() == Tag::Integer && version.value() == [3] => Pkcs12,
        [version, ..] if version.tag() == Tag::Integer && version.value().len() == 1 => PrivateKey,
        [modulus, exponent] if modulus.tag() == Tag::Integer && exponent.tag() == Tag::Integer => PublicKey,
        [kind, ..] if kind.tag() == Tag::ObjectIdentifier && kind.value().starts_with(PKCS7) => Pkcs7,
        [algorithm, key] if algorithm.tag() == Tag::Sequence && key.tag() == Tag::BitString => PublicKey,
        [algorithm, key] if algorithm.tag() == Tag::Sequence && key.tag() == Tag::OctetString => PrivateKey,
        [_, _, _] if x509_cert::request::CertReq::from_der(der).is_ok() => CertificateRequest,
        _ => return CertificateError::Malformed,
    };
    CertificateError::NotACertificate { found }
}

/// A PEM block: `-----BEGIN label-----`, body, `-----END label-----`.
pub(super) struct Block<'a> {
    pub(super) label: &'a [u8],
    pub(super) body: &'a [u8],
    /// Where the body starts in the input.
    pub(super) offset: usize,
}

impl Block<'_> {
    pub(super) fn is_certificate(&self) -> bool {
        matches!(self.label, b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE")
    }

    fn decode(&self) -> Result<Vec<u8>, CertificateError> {
        let der = decode_body(self.body, self.offset)?;
        Ok(if self.label == b"TRUSTED CERTIFICATE" { without_trust_settings(der) } else { der })
    }

    fn found(&self) -> FoundInstead {
        match self.label {
            label if label.ends_with(b"PRIVATE KEY") => FoundInstead::PrivateKey,
            label if label.ends_with(b"PUBLIC KEY") => FoundInstead::PublicKey,
            label if label.ends_with(b"CERTIFICATE REQUEST") => FoundInstead::CertificateRequest,
            b"PKCS7" | b"PKCS #7 SIGNED DATA" | b"CMS" => FoundInstead::Pkcs7,
            label => FoundInstead::PemBlock { label: Shown::new(&String::from_utf8_lossy(label)) },
        }
    }
}

/// All the blocks, in order. Five dashes inside of a block can only be the start of its END line.
pub(super) fn blocks(input: &[u8]) -> Result<Vec<Block<'_>>, CertificateError> {
    let mut blocks = Vec::new();
    let mut position = 0;
    while let Some(begin) = next_begin(input, position)? {
        let missing_end = CertificateError::MissingEnd { offset: begin };
        let Some((label, offset)) = until_dashes(input, begin.saturating_add(BEGIN.len())) else {
            return Err(missing_end);
        };
        let Some((body, end)) = until_dashes(input, offset) else {
            return Err(missing_end);
        };
        let closing = [b"END ", label, b"-----"].concat();
        if !input.get(end..).unwrap_or_default().starts_with(&closing) {
            return Err(missing_end);
        }
        position = end.saturating_add(closing.len());
        blocks.push(Block { label, body, offset });
    }
    Ok(blocks)
}

/// Where the next BEGIN line is, from `position` on. No END line may come first.
fn next_begin(input: &[u8], position: usize) -> Result<Option<usize>, CertificateError> {
    let rest = input.get(position..).unwrap_or_default();
    let begin = memmem::find(rest, BEGIN);
    let before = begin.and_then(|begin| rest.get(..begin)).unwrap_or(rest);
    match memmem::find(before, END) {
        Some(end) => Err(CertificateError::MissingBegin { offset: position.saturating_add(end) }),
        None => Ok(begin.map(|begin| position.saturating_add(begin))),
    }
}

/// What stands between `start` and the next five dashes, and the position behind these.
fn until_dashes(input: &[u8], start: usize) -> Option<(&[u8], usize)> {
    let rest = input.get(start..)?;
    let length = memmem::find(rest, DASHES)?;
    Some((rest.get(..length)?, start.saturating_add(length).saturating_add(DASHES.len())))
}

/// Base64 without armor, as it stands in metadata. Or what the text is instead.
fn bare(input: &[u8]) -> Result<Vec<u8>, CertificateError> {
    let text = input.strip_prefix(BYTE_ORDER_MARK).unwrap_or(input);
    if text.trim_ascii().is_empty() {
        return Err(CertificateError::Empty);
    }
    if let Some(found) = known_text(text.trim_ascii()) {
        return Err(CertificateError::NotACertificate { found });
    }
    decode_body(text, input.len().saturating_sub(text.len()))
}

/// Text that is known not to be base64 of a certificate: that starts with `MI`, the base64 of a SEQUENCE of 128 bytes or more.
fn known_text(text: &[u8]) -> Option<FoundInstead> {
    match text {
        [b'M', b'I', ..] => None,
        [b'<', ..] => Some(if is_html(text) { FoundInstead::Html } else { FoundInstead::Xml }),
        [b'{' | b'[', ..] => Some(FoundInstead::Json),
        _ if is_fingerprint(text) => Some(FoundInstead::Fingerprint),
        _ if text.is_ascii() && !text.contains(&0) => Some(FoundInstead::Text),
        _ => Some(FoundInstead::Bytes),
    }
}

fn is_html(text: &[u8]) -> bool {
    let start = text.get(..1024).unwrap_or(text).to_ascii_lowercase();
    memmem::find(&start, b"<!doctype html").is_some() || memmem::find(&start, b"<html").is_some()
}

/// The hexadecimal digits of a SHA-1, SHA-256 or SHA-512 digest at the end, behind an optional `… Fingerprint=`.
fn is_fingerprint(text: &[u8]) -> bool {
    let value = text.rsplit(|byte| *byte == b'=').next().unwrap_or_default();
    let digits = value.iter().filter(|byte| byte.is_ascii_hexdigit()).count();
    matches!(digits, 40 | 64 | 128) && value.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b' ' | b'-'))
}

/// Decodes base64, passing over white space and escapes. `offset` is where `body` starts in the input.
pub(super) fn decode_body(body: &[u8], offset: usize) -> Result<Vec<u8>, CertificateError> {
    let kept: Vec<u8> = base64_characters(body).map(|(_, character)| character).collect();
    STANDARD.decode(&kept).map_err(|error| {
        let wrong = match error {
            DecodeError::InvalidByte(index, _) | DecodeError::InvalidLastSymbol { offset: index, .. } => {
                base64_characters(body).nth(index).map(|(position, _)| position)
            }
            DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => None,
        };
        CertificateError::InvalidBase64 { offset: offset.saturating_add(wrong.unwrap_or(body.len())) }
    })
}

/// The characters of `body` and where they are, without white space, and without the escapes of JSON and shells: `\n`, `\r`,
/// `\t`, `\\n`, and the backslash of `\/`.
fn base64_characters(body: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let mut escaped = false;
    body.iter().copied().enumerate().filter(move |(_, byte)| {
        let behind_backslash = std::mem::replace(&mut escaped, *byte == b'\\');
        let letter_of_escape = behind_backslash && matches!(byte, b'n' | b'r' | b't');
        !(escaped || letter_of_escape || byte.is_ascii_whitespace())
    })
}

/// Takes away what OpenSSL writes behind a `TRUSTED CERTIFICATE`: a SEQUENCE of the purposes that a certificate of an authority
/// is good for. None of them is SAML; trust comes from the configuration that names the file.
fn without_trust_settings(mut der: Vec<u8>) -> Vec<u8> {
    if let Ok((_, settings)) = AnyRef::from_der_partial(&der)
        && AnyRef::from_der(settings).is_ok_and(|settings| settings.tag() == Tag::Sequence)
    {
        der.truncate(der.len().saturating_sub(settings.len()));
    }
    der
}

/// Of blocks without a certificate among them: a private key, which its owner should hear of first, or else the first.
fn most_telling(blocks: &[Block<'_>]) -> FoundInstead {
    let mut found = blocks.iter().map(Block::found);
    match found.clone().find(|found| *found == FoundInstead::PrivateKey) {
        Some(private_key) => private_key,
        None => found.next().unwrap_or(FoundInstead::Text),
    }
}

/// The elements that stand one behind the other in `der`, as far as they are DER.
pub(super) fn elements(mut der: &[u8]) -> Vec<AnyRef<'_>> {
    let mut elements = Vec::new();
    while let Ok((element, rest)) = AnyRef::from_der_partial(der) {
        elements.push(element);
        der = rest;
    }
    elements
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
const DASHES: &[u8] = b"-----";
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
/// 1.2.840.113549.1.7, under which PKCS #7 names its kinds of content.
const PKCS7: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07];

#[cfg(test)]
mod tests {
    use super::*;

    const DER: &[u8] = include_bytes!("../../testdata/auth0/keys/formats/certificate.cer");
    const PEM: &str = include_str!("../../testdata/auth0/keys/formats/lf.pem");
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----\n"; // no key, only its armor

    fn not_a_certificate(found: FoundInstead) -> Result<Vec<Vec<u8>>, CertificateError> {
        Err(CertificateError::NotACertificate { found })
    }

    fn body() -> String {
        PEM.lines().filter(|line| !line.starts_with('-')).collect()
    }

    fn armored(label: &str, body: &str) -> String {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    #[test]
    fn every_file_shape_is_the_same_certificate() {
        for (name, input) in [
            ("bare base64", &include_bytes!("../../testdata/auth0/keys/formats/bare-base64.txt")[..]),
            ("byte order mark", include_bytes!("../../testdata/auth0/keys/formats/bom.pem")),
            ("DER", DER),
            ("CRLF", include_bytes!("../../testdata/auth0/keys/formats/crlf.pem")),
            ("escaped newlines", include_bytes!("../../testdata/auth0/keys/formats/escaped-newlines.txt")),
            ("leading text", include_bytes!("../../testdata/auth0/keys/formats/leading-text.pem")),
            ("LF", PEM.as_bytes()),
            ("no final newline", include_bytes!("../../testdata/auth0/keys/formats/no-final-newline.pem")),
            ("one-line body", include_bytes!("../../testdata/auth0/keys/formats/one-line-body.pem")),
        ] {
            assert_eq!(certificates(input), Ok(vec![DER.to_vec()]), "{name}");
        }
    }

    #[test]
    fn every_text_shape_is_the_same_certificate() {
        let wide: String = body().as_bytes().chunks(76).map(|line| format!("{}\n", str::from_utf8(line).unwrap())).collect();
        for (name, input) in [
            ("CR", PEM.replace('\n', "\r")),
            ("76 columns", armored("CERTIFICATE", &wide)),
            ("old label", armored("X509 CERTIFICATE", &body())),
            ("trusted label without settings", armored("TRUSTED CERTIFICATE", &body())),
            ("indented", PEM.lines().map(|line| format!("    {line}\n")).collect()),
            ("trailing spaces", PEM.lines().map(|line| format!("{line} \t\n")).collect()),
            ("blank lines", PEM.replace('\n', "\n\n")),
            ("one line with spaces", PEM.replace('\n', " ")),
            ("one line with nothing", PEM.replace('\n', "")),
            ("CRLF escapes", PEM.replace('\n', "\\r\\n")),
            ("tab escapes", PEM.replace('\n', "\\n\\t")),
            ("escaped escapes", PEM.replace('\n', "\\\\n")),
            ("JSON", format!("{{\"cert\":\"{}\"}}", PEM.replace('\n', "\\n").replace('/', "\\/"))),
            ("HTML around", format!("<html><pre>{PEM}</pre>")),
            ("text behind", format!("{PEM}\n  issued for us  \n")),
            ("key before", format!("{KEY}{PEM}")),
            ("key behind", format!("{PEM}{KEY}")),
            ("Latin-1 around", format!("M\u{FC}nchen\n{PEM}")),
            ("bare, wrapped", format!("\n  {wide}  \n")),
            ("bare, escapes", wide.replace('\n', "\\n")),
            ("bare, byte order mark", format!("\u{FEFF}{}", body())),
        ] {
            assert_eq!(certificates(input.as_bytes()), Ok(vec![DER.to_vec()]), "{name}");
        }
        let latin1 = [b"M\xFCnchen\n", PEM.as_bytes()].concat();
        assert_eq!(certificates(&latin1), Ok(vec![DER.to_vec()]));
    }

    #[test]
    fn several_certificates_come_in_order() {
        let bundle = certificates(include_bytes!("../../testdata/auth0/keys/formats/bundle-current-and-next.pem")).unwrap();
        assert_eq!((bundle.len(), bundle[0].as_slice()), (2, DER));
        for between in ["", "# the next one\n", "\r\n\r\n", KEY] {
            let input = format!("{}{between}{PEM}", PEM.trim_end());
            assert_eq!(certificates(input.as_bytes()), Ok(vec![DER.to_vec(), DER.to_vec()]), "{between:?}");
        }
    }

    #[test]
    fn trust_settings_are_cut_off_where_their_label_announces_them() {
        let trusted = include_str!("../../testdata/keys/verify/trusted-certificate.pem");
        let plain = certificates(include_bytes!("../../testdata/keys/verify/p256.pem")).unwrap();
        assert_eq!(certificates(trusted.as_bytes()), Ok(plain.clone()));

        let relabelled = certificates(trusted.replace("TRUSTED ", "").as_bytes()).unwrap();
        assert!(relabelled[0].len() > plain[0].len(), "elsewhere they are trailing data");

        let other_tail = armored("TRUSTED CERTIFICATE", &STANDARD.encode([DER, &[5, 0]].concat()));
        assert_eq!(certificates(other_tail.as_bytes()), Ok(vec![[DER, &[5, 0]].concat()]));
    }

    #[test]
    fn something_else_has_a_name() {
        use FoundInstead::{
            Bytes, CertificateRequest, Fingerprint, Html, Json, PemBlock, Pkcs7, PrivateKey, PublicKey, Text, Utf16, Xml,
        };
        let request = include_str!("../../testdata/keys/refused/request.pem");
        let public_key = include_str!("../../testdata/keys/refused/public-key.pem");
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(PEM.bytes().flat_map(|byte| [byte, 0])).collect();
        for (input, found) in [
            (KEY.as_bytes(), PrivateKey),
            (KEY.replace("PRIVATE", "RSA PRIVATE").as_bytes(), PrivateKey),
            (KEY.replace("PRIVATE", "ENCRYPTED PRIVATE").as_bytes(), PrivateKey),
            (KEY.replace("PRIVATE", "OPENSSH PRIVATE").as_bytes(), PrivateKey),
            (format!("{public_key}{KEY}").as_bytes(), PrivateKey),
            (request.as_bytes(), CertificateRequest),
            (format!("{request}{public_key}").as_bytes(), CertificateRequest),
            (public_key.as_bytes(), PublicKey),
            (include_bytes!("../../testdata/keys/refused/rsa-public-key.pem"), PublicKey),
            (include_bytes!("../../testdata/keys/refused/pkcs7.pem"), Pkcs7),
            (armored("X509 CRL", "MIIB").as_bytes(), PemBlock { label: Shown::new("X509 CRL") }),
            (armored("X509 CRL", "not even base64").as_bytes(), PemBlock { label: Shown::new("X509 CRL") }),
            (include_bytes!("../../testdata/auth0/keys/formats/fingerprint-sha1.txt"), Fingerprint),
            (include_bytes!("../../testdata/auth0/keys/formats/fingerprint-sha256.txt"), Fingerprint),
            (b"SHA1 Fingerprint=A2:A1:59:4C:10:F9:98:CC:1C:AC:B9:EB:1E:9F:02:A5:95:D1:A4:67", Fingerprint),
            (b"a2a1594c10f998cc1cacb9eb1e9f02a595d1a467", Fingerprint),
            (b"a2a1594c10f998cc1cacb9eb1e9f02a595d1a4", Text),
            (b"a2a1594c10f998cc1cacb9eb1e9f02a595d1a467 or so", Text),
            (b"\n<!DOCTYPE HTML><title>Log in</title>", Html),
            (b"<html lang=\"en\">", Html),
            (b"\xEF\xBB\xBF<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"/>", Xml),
            (b"{\"keys\":[]}", Json),
            (&utf16, Utf16),
            (b"\xFE\xFF\0M", Utf16),
            (b"idp.pem", Text),
            (b"https://acme.us.auth0.com/pem", Text),
            (b"hello", Text),
            (b"\0\0\0\0", Bytes),
            (b"\xFE\xED\xFE\xED\0\0\0\x02", Bytes),
        ] {
            assert_eq!(certificates(input), not_a_certificate(found), "{}", String::from_utf8_lossy(input));
        }
    }

    #[test]
    fn damage_has_a_place() {
        use CertificateError::{Empty, InvalidBase64, MissingBegin, MissingEnd};
        let end = PEM.find("-----END").unwrap();
        let second = PEM.len();
        for (input, error) in [
            (String::new(), Empty),
            ("\u{FEFF} \r\n".to_owned(), Empty),
            (PEM[..end].to_owned(), MissingEnd { offset: 0 }),
            (PEM[..end + 10].to_owned(), MissingEnd { offset: 0 }),
            (PEM[..20].to_owned(), MissingEnd { offset: 0 }),
            (PEM.replace("-----END CERTIFICATE-----", "----END CERTIFICATE----"), MissingEnd { offset: 0 }),
            (PEM.replace("END CERTIFICATE", "END X509 CERTIFICATE"), MissingEnd { offset: 0 }),
            (format!("{PEM}{}", &PEM[..end]), MissingEnd { offset: second }),
            (format!("{}{PEM}", &PEM[..end]), MissingEnd { offset: 0 }),
            (format!("{PEM}-----BEGIN PRIVATE KEY-----\n"), MissingEnd { offset: second }),
            (PEM[28..].to_owned(), MissingBegin { offset: end - 28 }),
            (format!("{}{PEM}", &PEM[28..]), MissingBegin { offset: end - 28 }),
            (format!("{PEM}{}", &PEM[28..]), MissingBegin { offset: second + end - 28 }),
            (PEM.replacen("MIID", "MI!D", 1), InvalidBase64 { offset: 30 }),
            (PEM.replacen("MIID", "MI D", 1), InvalidBase64 { offset: end }),
            (PEM.replacen("MIID", "M\\nID", 1), InvalidBase64 { offset: end + 1 }),
            (PEM.replacen("MIID", "MI=D", 1), InvalidBase64 { offset: 30 }),
            (PEM.replacen("MIID", "> MIID", 1), InvalidBase64 { offset: 28 }),
            (body().replacen("MIID", "MI-D", 1), InvalidBase64 { offset: 2 }),
            (format!("\u{FEFF}  {}", body().replacen("MIID", "MI-D", 1)), InvalidBase64 { offset: 7 }),
            (body()[..body().len() - 1].to_owned(), InvalidBase64 { offset: body().len() - 1 }),
            (armored("CERTIFICATE", "Proc-Type: 4,CLEAR\n\nMIID"), InvalidBase64 { offset: 32 }),
        ] {
            assert_eq!(certificates(input.as_bytes()), Err(error), "{input}");
        }
    }

    #[test]
    fn der_of_other_kinds_is_told_by_its_first_elements() {
        let decode = |pem: &str| STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
        let found = |found| CertificateError::NotACertificate { found };
        for (der, error) in [
            (include_bytes!("../../testdata/keys/refused/pkcs7.der").to_vec(), found(FoundInstead::Pkcs7)),
            (include_bytes!("../../testdata/keys/refused/certificates.p12").to_vec(), found(FoundInstead::Pkcs12)),
            (decode(include_str!("../../testdata/keys/refused/request.pem")), found(FoundInstead::CertificateRequest)),
            (decode(include_str!("../../testdata/keys/refused/public-key.pem")), found(FoundInstead::PublicKey)),
            (decode(include_str!("../../testdata/keys/refused/rsa-public-key.pem")), found(FoundInstead::PublicKey)),
            (vec![0x30, 5, 2, 1, 0, 0x30, 0], found(FoundInstead::PrivateKey)), // PKCS #8 starts so, and PKCS #1 nearly
            (vec![0x30, 6, 0x30, 2, 6, 0, 4, 0], found(FoundInstead::PrivateKey)), // encrypted PKCS #8
            (vec![0x30, 0], CertificateError::Malformed),
            (vec![0x30, 3, 6, 1, 0x2A], CertificateError::Malformed),
            (vec![0x30, 2, 0x30, 9], CertificateError::Malformed),
            (vec![0x30, 6, 2, 2, 1, 0, 5, 0], CertificateError::Malformed),
            (vec![0x30, 5, 5, 0, 2, 1, 0], CertificateError::Malformed),
            (vec![0x30, 4, 0x30, 0, 5, 0], CertificateError::Malformed),
            (vec![0x30, 4, 5, 0, 4, 0], CertificateError::Malformed),
            (vec![], CertificateError::Malformed),
        ] {
            assert_eq!(other_than_certificate(&der), error, "{der:02X?}");
        }
    }
}
