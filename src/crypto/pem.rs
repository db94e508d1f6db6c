//! Certificates and public keys in the shapes in which people have them: from bytes to DER.
//!
//! In goes the content of a file, of an environment variable or of a form; out comes the DER of each certificate and each public
//! key in it, not yet parsed, or a [`CertificateError`] that says what it was instead. Blocks of other kinds are passed over,
//! unread, where there is a certificate beside them.
//!
//! Laxer than RFC 7468: any line length, indentation, text around the blocks, the escapes that `pasted` undoes, base64 around
//! the whole, several certificates in one body, no armor at all. None of that can make one certificate look like another.
//! Stricter: a block that is not closed is an error wherever it stands; a public key behind a certificate, or under the label of one, is
//! an error; and so are certificates of which some are quoted or commented out and some are not.

use std::ops::Range;

use ::base64::engine::general_purpose::STANDARD;
use ::base64::{DecodeError, Engine};
use der::asn1::AnyRef;
use der::{Tag, TagNumber, Tagged};
use memchr::{memchr, memmem};

use super::elements::{self, SEQUENCE};
use super::pasted::{Text, typographic_dashes};
use super::public_key;
use crate::error::{CertificateError, FoundInstead, Shown};

/// The DER of every certificate and public key in `input`, at least one. The last may be damaged, or have bytes behind it.
///
/// # Errors
///
/// What `input` is instead, or where it is damaged.
pub(super) fn certificates(input: &[u8]) -> Result<Vec<Vec<u8>>, CertificateError> {
    unwrapped(input, LAYERS)
}

/// What an element is that is neither a certificate nor a public key, going by the tags of its first elements.
pub(super) fn other_than_certificate(whole: &[u8]) -> Option<CertificateError> {
    use FoundInstead::{CertificateRequest, Pkcs7, Pkcs12, PrivateKey};
    let found = match elements::within(whole).as_slice() {
        [version, ..] if version.tag() == Tag::Integer && version.value() == [3] => Pkcs12,
        [version, ..] if version.tag() == Tag::Integer && version.value().len() == 1 => PrivateKey,
        [kind, ..] if kind.tag() == Tag::ObjectIdentifier && kind.value().starts_with(PKCS7) => Pkcs7,
        [algorithm, key] if algorithm.tag() == Tag::Sequence && key.tag() == Tag::OctetString => PrivateKey,
        [request, _, _] if request.tag() == Tag::Sequence && is_request(*request) => CertificateRequest,
        _ => return None,
    };
    Some(CertificateError::NotACertificate { found })
}

/// RFC 2986 section 4.1: version, subject, public key, attributes.
fn is_request(content: AnyRef<'_>) -> bool {
    const ATTRIBUTES: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
    let tags: Vec<Tag> = elements::elements(content.value()).iter().map(Tagged::tag).collect();
    matches!(
        tags.as_slice(),
        [Tag::Integer, Tag::Sequence, Tag::Sequence] | [Tag::Integer, Tag::Sequence, Tag::Sequence, ATTRIBUTES]
    )
}

/// As [`certificates`], where `input` is within base64 that often.
fn unwrapped(input: &[u8], layers: u8) -> Result<Vec<Vec<u8>>, CertificateError> {
    if is_der(input) {
        return Ok(chain(input));
    }
    if is_utf16(input) {
        return Err(CertificateError::NotACertificate { found: FoundInstead::Utf16 });
    }
    let text = Text::new(input);
    if let Some(place) = typographic_dashes(text.octets()) {
        return Err(CertificateError::WrongDashes { offset: text.origin(place), typographic: true });
    }
    let blocks = blocks(&text)?;
    if blocks.is_empty() {
        return bare(&text, layers);
    }
    alike(&text, &blocks)?;
    let mut found = Vec::new();
    for block in blocks.iter().filter(|block| block.is_trusted()) {
        found.extend(block.certificates(&text)?);
    }
    if found.is_empty() { Err(CertificateError::NotACertificate { found: most_telling(&blocks) }) } else { Ok(found) }
}

/// A SEQUENCE of 128 bytes or more, or a shorter one with an octet that no text has: the public key of a small curve.
fn is_der(input: &[u8]) -> bool {
    match input {
        [SEQUENCE, 0x80..=0xFF, ..] => true,
        [SEQUENCE, ..] => input.iter().take(16).any(|octet| *octet < b'\t'),
        _ => false,
    }
}

/// UTF-16 text, with a byte order mark or by its zeros.
fn is_utf16(input: &[u8]) -> bool {
    match input {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
        [first, 0, second, 0, ..] | [0, first, 0, second, ..] => first.is_ascii_graphic() && second.is_ascii_graphic(),
        _ => false,
    }
}

/// That all certificates and keys stand in the text in the same way: one that a mail quotes, or that a comment of HTML or XML holds, is
/// an old one as a rule, and whoever reads the text does not take it for one that counts.
fn alike(text: &Text, blocks: &[Block]) -> Result<(), CertificateError> {
    let comments = comments(text.octets());
    let commented = |block: &Block| {
        let before = comments.partition_point(|comment| comment.start <= block.begin);
        before.checked_sub(1).and_then(|last| comments.get(last)).is_some_and(|comment| comment.contains(&block.begin))
    };
    let mut ways = blocks.iter().filter(|block| block.is_trusted()).map(|block| {
        let way = (commented(block), text.quoting(block.begin));
        (way, block.begin)
    });
    let Some(((in_comment, quoting), first)) = ways.next() else { return Ok(()) };
    let Some((other, begin)) = ways.find(|(way, _)| *way != (in_comment, quoting)) else { return Ok(()) };
    // The one that is set aside further is the one to speak of.
    let aside = if other > (in_comment, quoting) { begin } else { first };
    Err(CertificateError::SetAside { offset: text.origin(aside), comment: other.0 != in_comment })
}

/// Where the comments of HTML and XML are. One that does not end is one to the end of the text.
fn comments(text: &[u8]) -> Vec<Range<usize>> {
    const OPEN: &[u8] = b"<!--";
    let mut comments = Vec::new();
    let mut position = 0_usize;
    while let Some(open) = text.get(position..).and_then(|rest| memmem::find(rest, OPEN)) {
        let start = position.saturating_add(open);
        let inside = start.saturating_add(OPEN.len());
        let length = text.get(inside..).and_then(|rest| memmem::find(rest, b"-->"));
        position = length.map_or(text.len(), |length| inside.saturating_add(length).saturating_add(3));
        comments.push(start..position);
    }
    comments
}

/// Takes apart elements that stand one behind the other: certificates of a chain, in one file or in one base64.
///
/// A public key stands alone: behind a certificate no viewer shows it. Where there is one, it and what follows stay with what is
/// before them, as bytes too many.
fn chain(der: &[u8]) -> Vec<Vec<u8>> {
    let mut chain = Vec::new();
    let mut rest = der;
    while let Ok((whole, behind @ [SEQUENCE, 0x80..=0xFF, ..])) = elements::first(rest) {
        if is_key(whole) || elements::first(behind).is_ok_and(|(next, _)| is_key(next)) {
            break;
        }
        chain.push(whole.to_vec());
        rest = behind;
    }
    chain.push(rest.to_vec());
    chain
}

/// Whether that is a public key without a certificate.
fn is_key(element: &[u8]) -> bool {
    public_key::spki(element).is_some()
}

/// A PEM block: `-----BEGIN label-----`, body, `-----END label-----`.
pub(super) struct Block {
    /// Without white space, which some forms take away.
    pub(super) label: Vec<u8>,
    /// As it stands there.
    written: Vec<u8>,
    /// Where its BEGIN line starts in the text.
    begin: usize,
    /// Where the body stands in the text.
    body: Range<usize>,
}

impl Block {
    /// The label as it is shown.
    pub(super) fn shown(&self) -> Shown {
        Shown::new(String::from_utf8_lossy(&self.written).trim())
    }

    pub(super) fn is_certificate(&self) -> bool {
        self.label == TRUSTED_CERTIFICATE || matches!(self.label.as_slice(), b"CERTIFICATE" | b"X509CERTIFICATE")
    }

    fn is_trusted(&self) -> bool {
        self.is_certificate() || matches!(self.label.as_slice(), b"PUBLICKEY" | b"RSAPUBLICKEY")
    }

    /// The characters of the body.
    pub(super) fn body<'t>(&self, text: &'t Text) -> &'t [u8] {
        text.octets().get(self.body.clone()).unwrap_or_default()
    }

    /// What the body holds.
    pub(super) fn decode(&self, text: &Text) -> Result<Vec<u8>, CertificateError> {
        decode(text, self.body.clone())
    }

    fn certificates(&self, text: &Text) -> Result<Vec<Vec<u8>>, CertificateError> {
        let der = self.decode(text)?;
        if self.is_certificate() && is_key(&der) {
            return Err(CertificateError::NotACertificate { found: FoundInstead::PublicKey });
        }
        Ok(if self.label == TRUSTED_CERTIFICATE { vec![without_trust_settings(der)] } else { chain(&der) })
    }

    fn found(&self) -> FoundInstead {
        match self.label.as_slice() {
            compact if compact.ends_with(b"PRIVATEKEY") => FoundInstead::PrivateKey,
            compact if compact.ends_with(b"PUBLICKEY") => FoundInstead::PublicKey,
            compact if compact.ends_with(b"CERTIFICATEREQUEST") => FoundInstead::CertificateRequest,
            b"PKCS7" | b"PKCS#7SIGNEDDATA" | b"CMS" => FoundInstead::Pkcs7,
            b"PKCS12" => FoundInstead::Pkcs12,
            _ => FoundInstead::PemBlock { label: self.shown() },
        }
    }
}

/// All the blocks, in order. Five dashes inside of a block can only be the start of its END line.
pub(super) fn blocks(text: &Text) -> Result<Vec<Block>, CertificateError> {
    let octets = text.octets();
    let mut blocks = Vec::new();
    let mut position = 0;
    while let Some(begin) = next_begin(text, position)? {
        let (block, end) = block(octets, begin).ok_or_else(|| CertificateError::MissingEnd { offset: text.origin(begin) })?;
        blocks.push(block);
        position = end;
    }
    Ok(blocks)
}

/// The block that begins at `begin`, and where it ends; none where it is not closed.
fn block(octets: &[u8], begin: usize) -> Option<(Block, usize)> {
    let (label, body) = until_dashes(octets, begin.checked_add(BEGIN.len())?)?;
    let (_, end) = until_dashes(octets, body)?;
    octets.get(end..)?.strip_prefix(b"END")?;
    let (closing, behind) = until_dashes(octets, end.checked_add(3)?)?;
    let body = body..end.checked_sub(DASHES.len())?;
    let block = Block { label: compact(label), written: label.to_vec(), begin, body };
    (compact(closing) == block.label).then_some((block, behind))
}

/// Where the next BEGIN line is, from `position` on. No END line may come first.
fn next_begin(text: &Text, position: usize) -> Result<Option<usize>, CertificateError> {
    let rest = text.octets().get(position..).unwrap_or_default();
    let begin = memmem::find(rest, BEGIN);
    let before = begin.and_then(|begin| rest.get(..begin)).unwrap_or(rest);
    match memmem::find(before, END) {
        Some(end) => Err(CertificateError::MissingBegin { offset: text.origin(position.saturating_add(end)) }),
        None => Ok(begin.map(|begin| position.saturating_add(begin))),
    }
}

/// What stands between `start` and the next five dashes, and the position behind these.
fn until_dashes(octets: &[u8], start: usize) -> Option<(&[u8], usize)> {
    let rest = octets.get(start..)?;
    let length = memmem::find(rest, DASHES)?;
    Some((rest.get(..length)?, start.saturating_add(length).saturating_add(DASHES.len())))
}

fn compact(label: &[u8]) -> Vec<u8> {
    label.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect()
}

/// Base64 without armor: of DER, as it stands in metadata, or of another text. Or what the text is instead.
fn bare(text: &Text, layers: u8) -> Result<Vec<Vec<u8>>, CertificateError> {
    let octets = text.octets();
    let range = value(octets);
    let value = octets.get(range.clone()).unwrap_or_default();
    if value.is_empty() {
        return Err(CertificateError::Empty);
    }
    if value.starts_with(b"MI") {
        return decode(text, range).map(|der| chain(&der)); // a SEQUENCE of 128 bytes or more, whatever else
    }
    let decoded = decode(text, range).unwrap_or_default();
    if is_der(&decoded) && elements::first(&decoded).is_ok() {
        return Ok(chain(&decoded));
    }
    if let Some(layers) = layers.checked_sub(1) {
        match unwrapped(&decoded, layers) {
            Err(CertificateError::Empty) => {}
            Err(CertificateError::NotACertificate { found: FoundInstead::Text | FoundInstead::Bytes }) => {}
            within => return within,
        }
    }
    match damaged_armor(octets) {
        Some(place) => Err(CertificateError::WrongDashes { offset: text.origin(place), typographic: false }),
        None => Err(CertificateError::NotACertificate { found: known_text(octets.trim_ascii()) }),
    }
}

/// Where the value stands in a text: without quotes, the name of a variable or of a field before it, or the head of a data URL.
fn value(text: &[u8]) -> Range<usize> {
    let mut range = trimmed(text, 0..text.len());
    let all = text.get(range.clone()).unwrap_or_default();
    let name = all.iter().take(64).position(|octet| matches!(octet, b':' | b'='));
    let is_name = |octet: &u8| octet.is_ascii_alphanumeric() || b"_-. \"'".contains(octet);
    if all.starts_with(b"data:") {
        let head = memmem::find(all, b";base64,").map_or(0, |head| head.saturating_add(8));
        range.start = range.start.saturating_add(head);
    } else if let Some((name, _)) = name.and_then(|end| all.split_at_checked(end))
        && name.iter().all(is_name)
    {
        let behind = trimmed(text, range.start.saturating_add(name.len()).saturating_add(1)..range.end);
        if STARTS.iter().any(|start| text.get(behind.clone()).is_some_and(|value| value.starts_with(start))) {
            return behind;
        }
    }
    range
}

/// The range without white space, quotes, and what separates values, at both ends.
fn trimmed(text: &[u8], range: Range<usize>) -> Range<usize> {
    let around = |octet: &u8| octet.is_ascii_whitespace() || b"\"'`,;".contains(octet);
    let all = text.get(range.clone()).unwrap_or_default();
    let before = all.iter().take_while(|octet| around(octet)).count();
    let behind = all.iter().skip(before).rev().take_while(|octet| around(octet)).count();
    range.start.saturating_add(before)..range.end.saturating_sub(behind)
}

/// What text is known to be that is no base64 of a certificate.
fn known_text(text: &[u8]) -> FoundInstead {
    let has = |word: &[u8]| memmem::find(text, word).is_some();
    match text {
        [b'<', ..] if is_html(text) => FoundInstead::Html,
        [b'<', ..] if METADATA.into_iter().any(has) => FoundInstead::Metadata,
        [b'<', ..] => FoundInstead::Xml,
        [b'{' | b'[', ..] if has(b"\"kty\"") || has(b"\"x5c\"") => FoundInstead::KeySet,
        [b'{' | b'[', ..] => FoundInstead::Json,
        _ if is_fingerprint(text) => FoundInstead::Fingerprint,
        _ if text.is_ascii() && !text.contains(&0) => FoundInstead::Text,
        _ => FoundInstead::Bytes,
    }
}

fn is_html(text: &[u8]) -> bool {
    let start = text.get(..1024).unwrap_or(text).to_ascii_lowercase();
    memmem::find(&start, b"<!doctype html").is_some() || memmem::find(&start, b"<html").is_some()
}

/// The hexadecimal digits of an MD5, SHA-1, SHA-256 or SHA-512 digest, and what tools write around them.
fn is_fingerprint(text: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(text) else { return false };
    if text.len() > 1024 {
        return false;
    }
    let words = ["fingerprint", "thumbprint", "sha-256", "sha256", "sha-512", "sha512", "sha-1", "sha1", "md5"];
    let digest = words.into_iter().fold(text.to_ascii_lowercase(), |text, word| text.replace(word, ""));
    let digits = digest.bytes().filter(u8::is_ascii_hexdigit).count();
    let between = |octet: u8| octet.is_ascii_whitespace() || b":-=()#".contains(&octet);
    matches!(digits, 32 | 40 | 64 | 128) && digest.bytes().all(|octet| octet.is_ascii_hexdigit() || between(octet))
}

/// Where an armor line starts that has another number of hyphens than five.
fn damaged_armor(text: &[u8]) -> Option<usize> {
    let word = [&b"BEGIN CERTIFICATE"[..], b"BEGIN PUBLIC KEY"].into_iter().find_map(|word| memmem::find(text, word))?;
    let hyphens = text.get(..word)?.iter().rev().take_while(|octet| **octet == b'-').count();
    word.checked_sub(hyphens)
}

/// Octets that may be those of a private key. With the feature `decrypt`, whose keys open what is secret for years, they are overwritten
/// when they are dropped.
#[cfg(feature = "decrypt")]
pub(super) type Secret = zeroize::Zeroizing<Vec<u8>>;
#[cfg(not(feature = "decrypt"))]
pub(super) type Secret = Vec<u8>;

/// Decodes base64, passing over white space. Padding ends one value and may be followed by another: bodies that were joined.
fn decode(text: &Text, body: Range<usize>) -> Result<Vec<u8>, CertificateError> {
    let octets = text.octets().get(body.clone()).unwrap_or_default();
    let (positions, characters): (Vec<usize>, Vec<u8>) =
        body.clone().zip(octets.iter().copied()).filter(|(_, octet)| !octet.is_ascii_whitespace()).unzip();
    let characters = Secret::from(characters);
    let wrong = |index: usize| {
        let position = positions.get(index).copied().unwrap_or(body.end);
        CertificateError::InvalidBase64 { offset: text.origin(position) }
    };
    let mut decoded = Vec::with_capacity(characters.len());
    let mut start = 0_usize;
    while let Some(rest) = characters.get(start..).filter(|rest| !rest.is_empty()) {
        let data = memchr(b'=', rest).unwrap_or(rest.len());
        let padding = rest.iter().skip(data).take_while(|octet| **octet == b'=').count();
        let length = data.saturating_add(padding);
        let value = STANDARD.decode(rest.get(..length).unwrap_or_default()).map_err(|error| match error {
            DecodeError::InvalidByte(index, _) | DecodeError::InvalidLastSymbol { offset: index, .. } => {
                wrong(start.saturating_add(index))
            }
            DecodeError::InvalidLength(_) | DecodeError::InvalidPadding if length < rest.len() => {
                wrong(start.saturating_add(data))
            }
            DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => wrong(characters.len()),
        })?;
        decoded.extend_from_slice(&Secret::from(value));
        start = start.saturating_add(length);
    }
    Ok(decoded)
}

/// Takes away what OpenSSL writes behind a `TRUSTED CERTIFICATE`: a SEQUENCE of the purposes that a certificate of an authority
/// is good for. None of them is SAML; trust comes from the configuration that names the file.
fn without_trust_settings(mut der: Vec<u8>) -> Vec<u8> {
    if let Ok((_, settings)) = elements::first(&der)
        && let Ok(([SEQUENCE, ..], [])) = elements::first(settings)
    {
        der.truncate(der.len().saturating_sub(settings.len()));
    }
    der
}

/// Of blocks without a certificate among them: a private key, which its owner should hear of first, or else the first.
fn most_telling(blocks: &[Block]) -> FoundInstead {
    let mut found = blocks.iter().map(Block::found);
    match found.clone().find(|found| *found == FoundInstead::PrivateKey) {
        Some(private_key) => private_key,
        None => found.next().unwrap_or(FoundInstead::Text),
    }
}

const DASHES: &[u8] = b"-----";
const BEGIN: &[u8] = b"-----BEGIN";
const END: &[u8] = b"-----END";
/// Its label, without the space.
const TRUSTED_CERTIFICATE: &[u8] = b"TRUSTEDCERTIFICATE";
/// The root elements of metadata, and the role that an identity provider has. SAML Metadata 2.3.
const METADATA: [&[u8]; 3] = [b"EntityDescriptor", b"EntitiesDescriptor", b"IDPSSODescriptor"];
/// How base64 starts: of a SEQUENCE of 128 bytes or more, of that base64 again, and of dashes.
const STARTS: [&[u8]; 3] = [b"MI", b"TUl", b"LS0t"];
/// How often base64 may stand within base64: a file of base64, kept by a system that encodes every value.
const LAYERS: u8 = 2;
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

    /// What a form or a URL makes of it.
    fn percent(text: &str) -> String {
        let kept = |byte: u8| byte.is_ascii_alphanumeric();
        text.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
    }

    fn armored(label: &str, body: &str) -> String {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    /// A mail with the new certificate in the answer, and the old one in what is quoted.
    #[test]
    fn what_is_quoted_or_commented_out_is_not_trusted_beside_another() {
        let other = include_str!("../../testdata/auth0/keys/idp-next-rsa2048.pem");
        let mark = |mark: &str, pem: &str| pem.lines().map(|line| format!("{mark}{line}\n")).collect::<String>();
        let hidden = |pem: &str| format!("<!-- the old one:\n{pem}-->\n");
        let quoted = |offset| Err(CertificateError::SetAside { offset, comment: false });
        let comment = |offset| Err(CertificateError::SetAside { offset, comment: true });
        for (input, outcome) in [
            (format!("{PEM}{}", mark("> ", other)), quoted(PEM.len() + 2)),
            (format!("{}{PEM}", mark("> ", other)), quoted(2)),
            (format!("{}{}", mark("> ", PEM), mark("> > ", other)), quoted(mark("> ", PEM).len() + 4)),
            (format!("{}{}", mark("> ", PEM), mark(">", other)), Ok(2)),
            (format!("{}{}", mark(">> ", PEM), mark("> >", other)), Ok(2)),
            (format!("> they wrote:\n>\n{PEM}> and\n{other}"), Ok(2)),
            (format!("{PEM}{KEY}{}", mark("> ", KEY)), Ok(1)),
            (format!("{PEM}{}", hidden(other)), comment(PEM.len() + 18)),
            (format!("{}{PEM}", hidden(other)), comment(18)),
            (format!("{PEM}<!-- {other}"), comment(PEM.len() + 5)),
            (format!("{}{}", mark("> ", PEM), hidden(other)), comment(mark("> ", PEM).len() + 18)),
            (format!("{}{}", hidden(PEM), hidden(other)), Ok(2)),
            (format!("<!-- old --> {PEM}<!-- new -->{other}"), Ok(2)),
            (format!("<!--{PEM}{other}-->"), Ok(2)),
            (hidden(PEM), Ok(1)),
        ] {
            assert_eq!(certificates(input.as_bytes()).map(|found| found.len()), outcome, "{input}");
        }
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
            ("bare, quotes", format!("\"{}\",", body())),
            ("bare, variable", format!("SAML_IDP_CERT='{}'", body())),
            ("bare, YAML", format!("x509: \"{}\"", wide.replace('\n', "\\n"))),
            ("bare, data URL", format!("data:application/x-x509-ca-cert;base64,{}", body())),
            ("quotes and escapes", format!("\"{}\"", PEM.replace('\n', "\\n"))),
            ("base64 of PEM", STANDARD.encode(PEM)),
            (
                "base64 of PEM, wrapped",
                STANDARD.encode(PEM).as_bytes().chunks(76).map(|line| format!("{}\n", str::from_utf8(line).unwrap())).collect(),
            ),
            ("base64 of PEM, Kubernetes", format!("  tls.crt: {}\n", STANDARD.encode(PEM))),
            ("base64 of base64", STANDARD.encode(body())),
            ("base64 of base64 of PEM", STANDARD.encode(STANDARD.encode(PEM))),
            ("percent-encoded", percent(PEM).replace("%2D", "-")),
            ("percent-encoded dashes", percent(PEM)),
            ("percent-encoded as a form", percent(PEM).replace("%20", "+")),
            ("percent-encoded in lower case", percent(PEM).replace("%2B", "%2b").replace("%0A", "%0a")),
            ("bare, percent-encoded", percent(&body())),
            ("no-break spaces", PEM.replace(' ', "\u{A0}").replace('\n', "\n\u{A0}")),
            ("zero-width spaces", PEM.replace("MIID", "\u{200B}MI\u{FEFF}ID\u{200B}")),
            ("mail", PEM.lines().map(|line| format!("> {line}\n")).collect()),
            ("mail, answered twice", PEM.lines().map(|line| format!(">> {line}\r\n")).collect()),
            ("XML's references", PEM.replace('\n', "&#13;\n").replace('+', "&#x2B;")),
            ("JSON's escapes", PEM.replace('\n', "\\u000A").replace('+', "\\u002B").replace('/', "\\u002f")),
            ("no space in the label", PEM.replace("N C", "NC").replace("D C", "DC").replace('\n', "")),
        ] {
            assert_eq!(certificates(input.as_bytes()), Ok(vec![DER.to_vec()]), "{name}");
        }
        let latin1 = [b"M\xFCnchen\n", PEM.as_bytes()].concat();
        assert_eq!(certificates(&latin1), Ok(vec![DER.to_vec()]));
    }

    #[test]
    fn a_chain_in_one_body_is_taken_apart() {
        let next = include_str!("../../testdata/auth0/keys/idp-next-rsa2048.pem");
        let next = certificates(next.as_bytes()).unwrap().remove(0);
        let p256 = certificates(include_bytes!("../../testdata/keys/verify/p256.pem")).unwrap().remove(0);
        let chain = [DER.to_vec(), p256.clone(), next.clone()];
        let joined = chain.concat();
        // Each body with padding of its own: 773 and 362 octets are no multiple of three.
        let bodies: String = chain.iter().map(|der| STANDARD.encode(der)).collect();
        assert!(bodies.trim_end_matches('=').contains('='));
        for (name, input) in [
            ("DER", joined.clone()),
            ("base64", STANDARD.encode(&joined).into_bytes()),
            ("one body", armored("CERTIFICATE", &STANDARD.encode(&joined)).into_bytes()),
            ("bodies", bodies.clone().into_bytes()),
            ("bodies in one block", armored("CERTIFICATE", &bodies).into_bytes()),
            ("bodies on lines", chain.iter().map(|der| STANDARD.encode(der) + "\n\n").collect::<String>().into_bytes()),
            (
                "base64 of PEM",
                STANDARD
                    .encode(chain.iter().map(|der| armored("CERTIFICATE", &STANDARD.encode(der))).collect::<String>())
                    .into_bytes(),
            ),
        ] {
            assert_eq!(certificates(&input), Ok(chain.to_vec()), "{name}");
        }
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
            Bytes, CertificateRequest, Fingerprint, Html, Json, KeySet, Metadata, PemBlock, Pkcs7, Pkcs12, PrivateKey, PublicKey,
            Text, Utf16, Xml,
        };
        let request = include_str!("../../testdata/keys/refused/request.pem");
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(PEM.bytes().flat_map(|byte| [byte, 0])).collect();
        for (input, found) in [
            (KEY.as_bytes(), PrivateKey),
            (KEY.replace("PRIVATE", "RSA PRIVATE").as_bytes(), PrivateKey),
            (KEY.replace("PRIVATE", "ENCRYPTED PRIVATE").as_bytes(), PrivateKey),
            (KEY.replace("PRIVATE", "OPENSSH PRIVATE").as_bytes(), PrivateKey),
            (format!("{request}{KEY}").as_bytes(), PrivateKey),
            (STANDARD.encode(KEY.repeat(2)).as_bytes(), PrivateKey),
            (request.as_bytes(), CertificateRequest),
            (format!("{request}{}", armored("X509 CRL", "MIIB")).as_bytes(), CertificateRequest),
            (armored("SSH2 PUBLIC KEY", "MIIB").as_bytes(), PublicKey),
            (armored("PKCS12", "MIIB").as_bytes(), Pkcs12),
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
            (
                b"SHA-256: 53:3E:20:CF:6C:1B:B1:9D:7B:F6:F3:2F:80:39:8E:F9:F0:11:86:3A:35:39:FC:91:E7:EC:4A:04:5D:AB:98:83",
                Fingerprint,
            ),
            ("\u{200E}a2 a1 59 4c 10 f9 98 cc 1c ac b9 eb 1e 9f 02 a5 95 d1 a4 67".as_bytes(), Fingerprint),
            (b"MD5 Fingerprint=0123456789abcdef0123456789ABCDEF", Fingerprint),
            (b"\xEF\xBB\xBF<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"/>", Metadata),
            (b"<?xml version='1.0'?>\n<md:EntitiesDescriptor/>", Metadata),
            (STANDARD.encode("<md:EntityDescriptor entityID='urn:acme'/>").as_bytes(), Metadata),
            (b"<samlp:Response/>", Xml),
            (STANDARD.encode("<samlp:Response xmlns:samlp='urn:x'/>").as_bytes(), Xml),
            (b"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"0vx7\",\"e\":\"AQAB\"}]}", KeySet),
            (b"{\"kty\": \"EC\"}", KeySet),
            (b"{\"cert\":\"MIID\"}", Json),
            (b"[\"MIID\"]", Json),
            (&utf16, Utf16),
            (b"\xFE\xFF\0M", Utf16),
            (&utf16[2..], Utf16),
            (b"\0M\0I\0I", Utf16),
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
        use CertificateError::{Empty, InvalidBase64, MissingBegin, MissingEnd, WrongDashes};
        let end = PEM.find("-----END").unwrap();
        let second = PEM.len();
        let escaped = percent(PEM).replacen("MIID", "MI%21D", 1);
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
            (PEM.replacen("MIID", "MI>D", 1), InvalidBase64 { offset: 30 }),
            (escaped.clone(), InvalidBase64 { offset: escaped.find("%21").unwrap() }),
            (format!("{}{}", body(), "=MIID"), InvalidBase64 { offset: body().len() }),
            (body().replacen("MIID", "MI-D", 1), InvalidBase64 { offset: 2 }),
            (format!("\u{FEFF}  {}", body().replacen("MIID", "MI-D", 1)), InvalidBase64 { offset: 7 }),
            (body()[..body().len() - 1].to_owned(), InvalidBase64 { offset: body().len() - 1 }),
            (PEM.replace("-----", "—–"), WrongDashes { offset: 0, typographic: true }),
            (format!("\u{FEFF}text\n{}", PEM.replacen("-----BEGIN", "–-BEGIN", 1)), WrongDashes { offset: 8, typographic: true }),
            (PEM.replace("-----END", "\u{2011}----END"), WrongDashes { offset: end, typographic: true }),
            (PEM.replace("-----", "----"), WrongDashes { offset: 0, typographic: false }),
            (format!("\"{}", PEM.replace("-----", "--")), WrongDashes { offset: 1, typographic: false }),
            (armored("CERTIFICATE", "Proc-Type: 4,CLEAR\n\nMIID"), InvalidBase64 { offset: 32 }),
        ] {
            assert_eq!(certificates(input.as_bytes()), Err(error), "{input}");
        }
    }

    #[test]
    fn der_of_other_kinds_is_told_by_its_first_elements() {
        let decode = |pem: &str| STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
        let found = |found| Some(CertificateError::NotACertificate { found });
        for (der, error) in [
            (include_bytes!("../../testdata/keys/refused/pkcs7.der").to_vec(), found(FoundInstead::Pkcs7)),
            (include_bytes!("../../testdata/keys/refused/certificates.p12").to_vec(), found(FoundInstead::Pkcs12)),
            (decode(include_str!("../../testdata/keys/refused/request.pem")), found(FoundInstead::CertificateRequest)),
            (vec![0x30, 0x80, 2, 1, 3, 0x30, 0x80, 0, 0, 0, 0], found(FoundInstead::Pkcs12)), // as Java writes it
            (vec![0x30, 5, 2, 1, 0, 0x30, 0], found(FoundInstead::PrivateKey)), // PKCS #8 starts so, and PKCS #1 nearly
            (vec![0x30, 6, 0x30, 2, 6, 0, 4, 0], found(FoundInstead::PrivateKey)), // encrypted PKCS #8
            (vec![0x30, 0], None),
            (vec![0x30, 3, 6, 1, 0x2A], None),
            (vec![0x30, 2, 0x30, 9], None),
            (vec![0x30, 6, 2, 2, 1, 0, 5, 0], None),
            (vec![0x30, 5, 5, 0, 2, 1, 0], None),
            (vec![0x30, 4, 0x30, 0, 5, 0], None),
            (vec![0x30, 4, 5, 0, 4, 0], None),
            (DER.to_vec(), None),
        ] {
            assert_eq!(other_than_certificate(&der), error, "{der:02X?}");
        }
    }
}
