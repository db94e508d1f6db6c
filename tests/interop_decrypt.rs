//! What others encrypt for us: npm `xml-encryption` and `saml`, and xmlsec1.
//!
//! Ignored, for it needs node, what `npm ci` installs in `tests/interop`, xmlsec1 and OpenSSL; `.ci/run interop` installs and runs it.
//! Times of the assertions of `saml` are those of the clock.

#![cfg(all(feature = "decrypt", feature = "internals", feature = "test-idp"))]

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use common::sealed::{CERTIFICATE, key, response_with, signed_assertion, signed_response_with, verifier_of, verify_with};
use common::signed::{ACS, IDP, REQUEST, SP};
use common::{read_text, testdata};
use saml_verify::canonical::Algorithm;
use saml_verify::internals::sign;
use saml_verify::test_idp::TestIdp;
use saml_verify::time::format_rfc3339;
use saml_verify::{Departure, Error, Expect, IdentityProvider, Login, ServiceProvider, Verifier};
use serde_json::{Value, json};

const CBC: [Departure; 2] = [Departure::AesCbc, Departure::AesCbcUnderAssertionSignature];

fn verifier() -> Verifier {
    verifier_of(common::sealed::service().decrypting_with(key()).expect("a key"), &CBC)
}

fn interop(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(file)
}

fn keys(file: &str) -> PathBuf {
    testdata("auth0").join("keys").join(file)
}

fn run(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut process =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    process.stdin.take().expect("a pipe").write_all(input).expect("it reads");
    let output = process.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    output.stdout
}

/// The assertion by itself, with the namespace that its place in the message declares.
fn declared(assertion: &str) -> String {
    assertion.replacen("<saml:Assertion", "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"", 1)
}

/// What the packages of npm make of a plaintext, each with a name.
fn made_by_npm(plaintext: &str) -> Vec<(String, String)> {
    let public_key =
        run(Command::new("openssl").args(["x509", "-pubkey", "-noout", "-in"]).arg(keys("sp-encrypt-rsa2048.pem")), b"");
    let input = json!({
        "plaintext": plaintext,
        "certificate": CERTIFICATE,
        "publicKey": String::from_utf8(public_key).expect("PEM"),
        "saml": {
            "key": read_text(&keys("idp-rsa2048.key")),
            "cert": read_text(&keys("idp-rsa2048.pem")),
            "signatureAlgorithm": "rsa-sha256",
            "digestAlgorithm": "sha256",
            "issuer": IDP,
            "lifetimeInSeconds": 600,
            "audiences": SP,
            "recipient": ACS,
            "inResponseTo": REQUEST,
            "nameIdentifier": "ada@example.com",
            "attributes": { "role": ["admin", "author"] },
        },
    });
    let answer = run(Command::new("node").arg("--no-deprecation").arg(interop("encrypt.js")), input.to_string().as_bytes());
    let answers: Vec<Value> = serde_json::from_slice(&answer).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    answers.iter().map(|answer| (text(&answer["name"]), text(&answer["xml"]))).collect()
}

#[test]
#[ignore = "needs node and `npm ci` in tests/interop; `.ci/run interop` runs it"]
fn what_xml_encryption_encrypts_is_read_or_refused_by_name() {
    let verifier = verifier();
    let mut read = 0;
    for (name, data) in made_by_npm(&declared(&signed_assertion("", ""))) {
        if !name.starts_with("xml-encryption ") {
            continue;
        }
        let xml = response_with(&format!("<saml:EncryptedAssertion>{data}</saml:EncryptedAssertion>"));
        let expected = if name.contains("tripledes") {
            Some("content_encryption_refused")
        } else if name.contains("rsa-1_5") || name.contains("sha512") {
            Some("key_transport_refused")
        } else {
            read += 1;
            None
        };
        assert_eq!(verify_with(&verifier, &xml).map_err(|error| error.code()).err(), expected, "{name}");
    }
    assert_eq!(read, 8, "four ciphers with two digests");
}

#[test]
#[ignore = "needs node and `npm ci` in tests/interop; `.ci/run interop` runs it"]
fn what_saml_encrypts_is_a_login() {
    let sp = ServiceProvider::new(SP, ACS).expect("a service provider").decrypting_with(key()).expect("a key");
    let idp = IdentityProvider::new(IDP, TestIdp::new(IDP).trusted_keys()).expect("an identity provider");
    let verifier = Verifier::new(sp, CBC.into_iter().fold(idp, IdentityProvider::allow));
    let clock = SystemTime::now();
    let verify = |xml: &str| -> Result<Login, Error> {
        let verified = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), clock);
        verified.map(|verified| verified.without_replay_protection())
    };
    let mut read = 0;
    for (name, encrypted) in made_by_npm("<x/>") {
        if !name.starts_with("saml ") {
            continue;
        }
        let encrypted = encrypted.replacen("<?xml version=\"1.0\"?>", "", 1);
        let unsigned = issued(&response_with(&encrypted), clock);
        if name.contains("tripledes") {
            assert_eq!(verify(&unsigned).unwrap_err().code(), "content_encryption_refused", "{name}");
            continue;
        }
        let login = if name.ends_with("unsigned") {
            // Auth0's `signResponse`: signed around the cipher text, at the time of the message.
            let cbc = name.contains("cbc");
            let bare = verify(&unsigned).unwrap_err();
            assert_eq!(bare.code(), if cbc { "decryption_failed" } else { "unsigned" }, "{name}");
            verify(&issued_and_signed(&encrypted, clock))
        } else {
            verify(&unsigned)
        };
        let login = login.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(login.name_id().value, "ada@example.com");
        assert_eq!(login.attributes().all("role").collect::<Vec<_>>(), ["admin", "author"]);
        read += 1;
    }
    assert_eq!(read, 8, "four ciphers, signed inside or around");
}

/// The Response, issued at that time.
fn issued(response: &str, at: SystemTime) -> String {
    let start = response.find("IssueInstant=\"").expect("an instant") + "IssueInstant=\"".len();
    let end = start + response[start..].find('"').expect("its end");
    [&response[..start], &format_rfc3339(at), &response[end..]].concat()
}

/// The same with something in place of its Assertion, signed.
fn issued_and_signed(content: &str, at: SystemTime) -> String {
    let plain = issued(&response_with(content), at);
    let signature = sign(&TestIdp::new(IDP), &plain, "_response", Algorithm::Exclusive10, "");
    plain.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
}

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";

/// What xmlsec1 is to fill in.
struct Template {
    cipher: String,
    session_key: &'static str,
    digest: Option<&'static str>,
    certificate: bool,
}

impl Template {
    fn xml(&self) -> String {
        let Self { cipher, digest, .. } = self;
        let digest = digest.map_or_else(String::new, |uri| format!("<ds:DigestMethod Algorithm=\"{uri}\"/>"));
        let certificate = if self.certificate { "<ds:KeyInfo><ds:X509Data/></ds:KeyInfo>" } else { "" };
        format!(
            "<?xml version=\"1.0\"?>\n<xenc:EncryptedData xmlns:xenc=\"{XENC}\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
             Type=\"{XENC}Element\">\n<xenc:EncryptionMethod Algorithm=\"{cipher}\"/>\n<ds:KeyInfo>\n<xenc:EncryptedKey Id=\"_key\">\n\
             <xenc:EncryptionMethod Algorithm=\"{XENC}rsa-oaep-mgf1p\">{digest}</xenc:EncryptionMethod>\n{certificate}\
             <xenc:CipherData><xenc:CipherValue/></xenc:CipherData>\n</xenc:EncryptedKey>\n</ds:KeyInfo>\n\
             <xenc:CipherData><xenc:CipherValue/></xenc:CipherData>\n</xenc:EncryptedData>\n"
        )
    }

    /// The whole document with its Assertion encrypted in its place.
    fn encrypted(&self, document: &str, folder: &Path) -> String {
        let (template, plain) = (folder.join("template.xml"), folder.join("plain.xml"));
        fs::write(&template, self.xml()).expect("room");
        fs::write(&plain, document).expect("room");
        let mut command = Command::new("xmlsec1");
        command.args(["--encrypt", "--pubkey-cert-pem"]).arg(keys("sp-encrypt-rsa2048.pem"));
        command.args(["--session-key", self.session_key, "--node-name", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"]);
        command.arg("--xml-data").arg(&plain).arg(&template);
        String::from_utf8(run(&mut command, b"")).expect("UTF-8")
    }
}

/// The assertion is serialized as it stands in the document: its prefixes are declared outside. Debian's xmlsec1 has SHA-1 alone for OAEP.
#[test]
#[ignore = "needs xmlsec1; `.ci/run interop` runs it"]
fn what_xmlsec1_encrypts_is_read() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop_decrypt");
    fs::create_dir_all(&folder).expect("a folder");
    let verifier = verifier();
    let document = response_with(&format!("<saml:EncryptedAssertion>{}</saml:EncryptedAssertion>", signed_assertion("", "")));
    let mut read = 0;
    for (namespace, mode) in [(XENC11, "gcm"), (XENC, "cbc")] {
        for (bits, session_key) in [(128, "aes-128"), (192, "aes-192"), (256, "aes-256")] {
            for digest in [None, Some("http://www.w3.org/2000/09/xmldsig#sha1")] {
                let template =
                    Template { cipher: format!("{namespace}aes{bits}-{mode}"), session_key, digest, certificate: read % 2 == 0 };
                let xml = template.encrypted(&document, &folder);
                let login =
                    verify_with(&verifier, &xml).unwrap_or_else(|error| panic!("{} {digest:?}: {error}\n{xml}", template.cipher));
                assert_eq!(login.name_id().value, "ada@example.com");
                // The EncryptedKey moves behind the EncryptedData, pointed at and not.
                let (start, end) =
                    (xml.find("<xenc:EncryptedKey").expect("a key"), xml.find("</xenc:EncryptedKey>").expect("its end"));
                let end = end + "</xenc:EncryptedKey>".len();
                let key = xml[start..end].replacen(
                    "<xenc:EncryptedKey",
                    &format!("<xenc:EncryptedKey xmlns:xenc=\"{XENC}\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\""),
                    1,
                );
                for pointer in ["", "<ds:RetrievalMethod Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\" URI=\"#_key\"/>"]
                {
                    let beside = [&xml[..start], pointer, &xml[end..]].concat();
                    let beside = beside.replacen("</xenc:EncryptedData>", &format!("</xenc:EncryptedData>{key}"), 1);
                    assert!(verify_with(&verifier, &beside).is_ok(), "{beside}");
                }
                read += 1;
            }
        }
    }
    assert_eq!(read, 12, "six ciphers, with a DigestMethod and without");

    // Under a signed Response: xmlsec1 leaves the declaration of `saml` outside, where the signature covers it.
    let plain =
        response_with(&format!("<saml:EncryptedAssertion>{}</saml:EncryptedAssertion>", common::sealed::plain_assertion()));
    let template = Template { cipher: format!("{XENC11}aes256-gcm"), session_key: "aes-256", digest: None, certificate: false };
    let encrypted = template.encrypted(&plain, &folder);
    let start = encrypted.find("<saml:EncryptedAssertion>").expect("a start");
    let end = encrypted.find("</saml:EncryptedAssertion>").expect("an end") + "</saml:EncryptedAssertion>".len();
    assert!(verify_with(&verifier, &signed_response_with(&encrypted[start..end])).is_ok());
}
