//! Keys that metadata writes out without a certificate. XMLDSig 1.1, 4.5.2.

use saml_verify::metadata::{MetadataReader, Vouched};
use saml_verify::time::parse_rfc3339;
use saml_verify::{TrustedKey, TrustedKeys};

/// What a document with that KeyInfo configures: the digests of the keys, or the error; and the codes of the warnings.
fn read(key_infos: &[&str]) -> (Result<Vec<String>, String>, Vec<&'static str>) {
    let descriptors: String = key_infos
        .iter()
        .map(|key_info| format!("<KeyDescriptor use='signing'><d:KeyInfo>{key_info}</d:KeyInfo></KeyDescriptor>"))
        .collect();
    let xml = format!(
        "<EntityDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata' xmlns:d='http://www.w3.org/2000/09/xmldsig#' \
         xmlns:d11='http://www.w3.org/2009/xmldsig11#' entityID='urn:idp'>\
         <IDPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'>{descriptors}\
         <SingleSignOnService Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST' Location='https://idp.example/sso'/>\
         </IDPSSODescriptor></EntityDescriptor>"
    );
    let reader = MetadataReader::new(Vouched::ByAuthenticatedChannel);
    match reader.read_idp(xml.as_bytes(), parse_rfc3339("2027-01-01T00:00:00Z").expect("a time")) {
        Ok(metadata) => {
            let keys = metadata.signing_keys().iter().map(|key| key.spki_sha256_fingerprint().to_owned()).collect();
            (Ok(keys), metadata.warnings().iter().map(|warning| warning.code()).collect())
        }
        Err(error) => (Err(error.to_string()), Vec::new()),
    }
}

/// The digest of the key of a certificate in `testdata`, which another reader took out of it.
fn key_of(file: &str) -> Vec<String> {
    let keys = TrustedKeys::from_pem(std::fs::read(format!("{}/testdata/{file}", env!("CARGO_MANIFEST_DIR"))).expect("a file"));
    keys.expect("a certificate").iter().map(|key: &TrustedKey| key.spki_sha256_fingerprint().to_owned()).collect()
}

fn rsa(modulus: &str, exponent: &str) -> String {
    format!(
        "<d:KeyValue><d:RSAKeyValue><d:Modulus>{modulus}</d:Modulus><d:Exponent>{exponent}</d:Exponent></d:RSAKeyValue></d:KeyValue>"
    )
}

fn point(curve: &str, point: &str) -> String {
    let curve = format!("<d11:NamedCurve URI='urn:oid:{curve}'/>");
    format!("<d:KeyValue><d11:ECKeyValue>{curve}<d11:PublicKey>{point}</d11:PublicKey></d11:ECKeyValue></d:KeyValue>")
}

fn der(spki: &str) -> String {
    format!("<d11:DEREncodedKeyValue>{spki}</d11:DEREncodedKeyValue>")
}

fn certificate(file: &str) -> String {
    let pem = std::fs::read_to_string(format!("{}/testdata/{file}", env!("CARGO_MANIFEST_DIR"))).expect("a file");
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    format!("<d:X509Data><d:X509Certificate>{body}</d:X509Certificate></d:X509Data>")
}

const MAIN: &str = "auth0/keys/idp-rsa2048.pem";
const NEXT: &str = "auth0/keys/idp-next-rsa2048.pem";

#[test]
fn keys_that_are_written_out_are_those_of_the_certificates() {
    let [before, behind] = [&MODULUS[..100], &MODULUS[100..]];
    for (key_info, file) in [
        (rsa(MODULUS, "AQAB"), MAIN),
        // CryptoBinary has no leading zeros (4.1), and some write the one of DER.
        (rsa(&format!("AAAA{MODULUS}"), "AAEAAQ=="), MAIN),
        (rsa(&format!("\n{before}\n  {behind}\n"), " AQAB "), MAIN),
        (point("1.2.840.10045.3.1.7", P256), "signing/p256.cert.pem"),
        (point("1.3.132.0.34", P384), "signing/p384.cert.pem"),
        (der(ED25519), "signing/ed25519.cert.pem"),
        (der(RSA_SPKI), MAIN),
        (format!("<d:KeyName>k</d:KeyName>{}", der(RSA_SPKI)), MAIN),
        (rsa(MODULUS, "AQAB") + &der(RSA_SPKI), MAIN),
        (rsa(MODULUS, "AQAB") + &certificate(MAIN), MAIN),
        (certificate(MAIN) + &der(RSA_SPKI), MAIN),
    ] {
        assert_eq!(read(&[&key_info]), (Ok(key_of(file)), vec![]), "{key_info}");
    }
}

#[test]
fn a_key_info_holds_one_key() {
    const REASON: &str = "its KeyInfo has a KeyValue that is not the key of its certificate or of another KeyValue";
    for key_info in [
        rsa(NEXT_MODULUS, "AQAB") + &certificate(MAIN),
        certificate(MAIN) + &rsa(NEXT_MODULUS, "AQAB"),
        certificate(MAIN) + &rsa(MODULUS, "Aw=="),
        certificate(MAIN) + &rsa(MODULUS, "AQAB") + &der(ED25519),
        rsa(MODULUS, "AQAB") + &rsa(NEXT_MODULUS, "AQAB"),
        der(RSA_SPKI) + &point("1.2.840.10045.3.1.7", P256),
    ] {
        let error = read(&[&key_info]).0.expect_err(&key_info);
        assert!(error.contains(REASON), "{error}");
        // Beside a descriptor that is right it is a warning.
        assert_eq!(read(&[&key_info, &certificate(NEXT)]), (Ok(key_of(NEXT)), vec!["unusable_key"]), "{key_info}");
    }
}

#[test]
fn a_key_that_is_written_out_is_judged_as_that_of_a_certificate() {
    let compressed = "Ag".to_owned() + &P256[2..44];
    for (key_info, reason) in [
        ("<d:KeyValue/>".to_owned(), "an empty KeyValue"),
        (format!("<d:KeyValue>{0}{0}</d:KeyValue>", "<x/>"), "a KeyValue holds one key"),
        ("<d:KeyValue><d:DSAKeyValue/></d:KeyValue>".to_owned(), "DSA"),
        ("<d:KeyValue><x/></d:KeyValue>".to_owned(), "\"x\""),
        (rsa("", "AQAB"), "not an RSA modulus and exponent"),
        (rsa(&MODULUS[..340], "AQAB"), "at least 2048"),
        (rsa(MODULUS, "AQ=="), "exponent"),
        (rsa("?", "AQAB"), "not in base64"),
        (rsa(MODULUS, "?"), "not in base64"),
        (rsa(MODULUS, "AQAB</d:Exponent><d:Exponent>AQAB"), "without one Modulus and one Exponent"),
        (rsa(MODULUS, "AQAB").replace("Modulus", "modulus"), "without one Modulus and one Exponent"),
        (rsa(&MODULUS.repeat(200).replace('=', "A"), "AQAB"), "at most 8192"),
        (point("1.2.840.10045.3.1.7", P384), "not a point of its curve"),
        (point("1.2.840.10045.3.1.7", &compressed), "compressed"),
        (point("1.3.132.0.35", P256), if cfg!(feature = "aws-lc-rs") { "not a point of its curve" } else { "P-521" }),
        (point("2.3", P256), "2.3"),
        (point("x", P256), "urn:oid:x"),
        (point("1.3.132.0.35", P256).replace("<d11:NamedCurve", "<d11:ECParameters/><d11:NamedCurve"), "explicit parameters"),
        (point("1.3.132.0.34", P384).replace("URI", "uri"), "without one NamedCurve and one PublicKey"),
        (der(&RSA_SPKI[..100]), "no SubjectPublicKeyInfo"),
        (der(""), "no SubjectPublicKeyInfo"),
        (certificate(MAIN) + &rsa("?", "AQAB"), "not in base64"),
    ] {
        let error = read(&[&key_info]).0.expect_err(&key_info);
        assert!(error.contains(reason), "{reason}: {error}");
        assert_eq!(read(&[&key_info, &certificate(NEXT)]).0, Ok(key_of(NEXT)), "{key_info}");
    }
    let many = der(RSA_SPKI).repeat(17);
    assert!(read(&[&many]).0.expect_err("too many").contains("more than 16 keys in one KeyDescriptor"));
}

const MODULUS: &str = "wdwI1JNvGoombzgarjb2GPmhmJniKLHu+ELM9xsPHDFpsQDjh2uNHmDLwhTsSjSMLxIzp8ptUcArc2jtz1mi81sC4SjjDhPBYc0XSJxatiXkfB\
    eBN0UXeuAFAlPaDsXodEL9c4jRqg0rv3AA5HfXSzASBGBqxuilYeIrZoFi6aEyXBHKjHpgY/hdRCny5Zh87hXE1r3e5xkijxfy9bwryFRu4se1\
    Lv0azSsXqVvLTZNAV/lki3ceIhcws7YJ5WLg/a65lh6E1HDYG/apnBHoTLFNAAwXLIhw0GYNE7Z8XEtxM01xJXymDqijSzvrTRFoJBr4PzvwdJ\
    R479c7nR22wQ==";
const NEXT_MODULUS: &str = "tcK32C4H30dY3s6uWTK44mWRUPVhUlnxWc2BCdk46mxxAgZm4K1YtTlKVW+OHk2xCl9SAlYbTFkxd2x+REHDUt39mzVilXGTBpl4VbTzf2jNmA\
    DhDsmoH8gQxfAeyBVwBniwcn+vxgSavPLxjppc/V+xx0Peg/RrQByqUNxOsmC6ppcmEvhWFsnK38L4MwqhzvGB5TgdlxGnsGrtJa1NdhBtP1EL\
    /7QhyzvogRNjENRTzloMO5gMRMzo9uyCtH0E4yb3AnO6EzgwxNAUI47GQ7gY1FmJzZ044zOUPSLf/RJwCq3eYfLCrMPitvBmiSNF7kGonm4yMN\
    WNRjGgLrdahw==";
const P256: &str = "BJvolcW6X+O6eHeWB8odeK3IitiOugtSqEaba/AR8VTec5CruQ0r/5k4z8fwYQpwyAhtZr4AlGhbas0gQRqd1+Y=";
const P384: &str = "BDfChZZ1gzg2ocyBRKMDix1IRyGh+MlIkGn4q2Hbmr4qK8GY53VGGdY2pez6u1+9WBa9g/BlwQfb8ISGXDl54TOetiHaDpTi18oya9W22PGzeS\
    5cb4t4Q8iT85Sxvc8MPA==";
const ED25519: &str = "MCowBQYDK2VwAyEArtliCCCGEytQ6wolKrivhp15DmRbHNXszj0rqTtDsIE=";
const RSA_SPKI: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwdwI1JNvGoombzgarjb2GPmhmJniKLHu+ELM9xsPHDFpsQDjh2uNHmDLwhTsSjSMLx\
    Izp8ptUcArc2jtz1mi81sC4SjjDhPBYc0XSJxatiXkfBeBN0UXeuAFAlPaDsXodEL9c4jRqg0rv3AA5HfXSzASBGBqxuilYeIrZoFi6aEyXBHK\
    jHpgY/hdRCny5Zh87hXE1r3e5xkijxfy9bwryFRu4se1Lv0azSsXqVvLTZNAV/lki3ceIhcws7YJ5WLg/a65lh6E1HDYG/apnBHoTLFNAAwXLI\
    hw0GYNE7Z8XEtxM01xJXymDqijSzvrTRFoJBr4PzvwdJR479c7nR22wQIDAQAB";

/// Each KeyDescriptor has a key of its own, of one kind or not, bare or beside a certificate, and in any order.
#[test]
fn keys_without_certificates_are_as_many_as_there_are() {
    let keys = [
        (der(RSA_SPKI), key_of(MAIN)),
        (rsa(NEXT_MODULUS, "AQAB"), key_of(NEXT)),
        (der(ED25519), key_of("signing/ed25519.cert.pem")),
        (point("1.2.840.10045.3.1.7", P256), key_of("signing/p256.cert.pem")),
    ];
    for (one, of_one) in &keys {
        for (other, of_other) in &keys {
            let expected = if of_one == of_other { of_one.clone() } else { [of_one.clone(), of_other.clone()].concat() };
            assert_eq!(read(&[one, other]), (Ok(expected), vec![]));
        }
    }
    let (texts, digests): (Vec<_>, Vec<_>) = keys.iter().map(|(text, digest)| (text.as_str(), digest.clone())).unzip();
    assert_eq!(read(&texts), (Ok(digests.concat()), vec![]));
}
