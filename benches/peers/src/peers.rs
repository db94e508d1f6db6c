//! One function for each peer: from a workload to what verifies its form field, over and over.

use std::fmt::Debug;
use std::hint::black_box;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::workloads::{ACS, IDP, Part, REQUEST, SP, Workload, now};

/// Verifies the message once.
pub(crate) type Run<'w> = Box<dyn Fn() -> Result<(), String> + 'w>;
/// Makes everything that a service would make once.
pub(crate) type Prepare = for<'w> fn(&'w Workload) -> Result<Run<'w>, String>;

pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) does: &'static str,
    pub(crate) prepare: Prepare,
}

#[rustfmt::skip] // a table
pub(crate) const PEERS: &[Peer] = &[
    Peer { name: if cfg!(feature = "aws-lc-rs") { "saml-verify, aws-lc-rs" } else { "saml-verify, ring" }, does: "bpsxc", prepare: saml_verify },
    Peer { name: "bergshamra 0.11.1", does: "bps", prepare: bergshamra },
    Peer { name: "xml-sec 0.4.1", does: "bps", prepare: xml_sec },
    Peer { name: "saml 0.1.0-alpha.1", does: "bpsxc", prepare: saml },
    Peer { name: "gamlastan 0.9.1", does: "bpsxc", prepare: gamlastan },
    Peer { name: "risaml 0.7.0", does: "bpsxc", prepare: risaml },
    Peer { name: "saml-rs 0.6.1", does: "bpsxc", prepare: saml_rs },
    #[cfg(feature = "samael")]
    Peer { name: "libxmlsec1, through samael 0.0.22", does: "bps", prepare: libxmlsec1 },
    #[cfg(feature = "samael")]
    Peer { name: "samael 0.0.22", does: "bpsxc", prepare: samael },
];

fn saml_verify(workload: &Workload) -> Result<Run<'_>, String> {
    let verifier = workload.verifier();
    Ok(Box::new(move || {
        workload.whole(&verifier);
        Ok(())
    }))
}

/// All of Response and Assertion that is signed; what is signed is not read.
fn bergshamra(workload: &Workload) -> Result<Run<'_>, String> {
    use bergshamra::{DsigContext, KeysManager, dsig, keys};
    let mut manager = KeysManager::new();
    manager.add_key(keys::loader::load_x509_cert_pem(&workload.pem).map_err(shown)?);
    let context = DsigContext::new(manager);
    Ok(Box::new(move || {
        let xml = decoded(workload)?;
        let results = dsig::verify::verify_all(&context, &xml).map_err(shown)?;
        let valid = results.iter().filter(|result| result.is_valid() && result.all_reference_digests_verified()).count();
        all_of(valid, workload, || results)
    }))
}

/// Through its interface for strings, which takes one signature.
fn xml_sec(workload: &Workload) -> Result<Run<'_>, String> {
    use xml_sec::xmldsig::{DsigStatus, SignatureAlgorithm, VerificationKey, VerifyContext};
    if workload.part == Part::Both {
        return Err("its interface for strings verifies one signature of a document".to_owned());
    }
    let algorithm = if workload.name == "w6" { SignatureAlgorithm::EcdsaSha256 } else { SignatureAlgorithm::RsaSha256 };
    let certificate = pem::parse(&workload.pem).map_err(shown)?;
    let public_key_bytes = spki(certificate.contents())?;
    let key = VerificationKey { algorithm, public_key_bytes, certificate_der: None, name: None };
    Ok(Box::new(move || {
        let xml = decoded(workload)?;
        let result = VerifyContext::new().key(&key).verify(&xml).map_err(shown)?;
        if matches!(result.status, DsigStatus::Valid) { Ok(()) } else { Err(shown(result.status)) }
    }))
}

fn saml(workload: &Workload) -> Result<Run<'_>, String> {
    use saml::{
        Binding, ConsumeResponse, DigestAlgorithm, IdpDescriptor, LoginTracker, PeerCryptoPolicy, ReplayMode, ServiceProvider,
        ServiceProviderConfig, SignatureAlgorithm, SpLogoutSigning, SpLogoutWantSigned, SpWantSigned, SsoResponseBinding,
        SsoResponseEndpoint, StartLogin,
    };
    let sp = ServiceProvider::new(ServiceProviderConfig {
        entity_id: SP.to_owned(),
        acs: vec![SsoResponseEndpoint::post(ACS, 0, true)],
        slo: Vec::new(),
        name_id_formats: Vec::new(),
        signing_key: None,
        decryption_key: None,
        sign_authn_requests: false,
        want_signed: SpWantSigned { response: workload.part != Part::Assertion, assertions: workload.part != Part::Response },
        allow_unsolicited: false,
        logout_signing: SpLogoutSigning { sign_requests: false, sign_responses: false },
        logout_want_signed: SpLogoutWantSigned { requests: false, responses: false },
        default_peer_crypto_policy: PeerCryptoPolicy::strong_defaults(),
        outbound_signature_algorithm: SignatureAlgorithm::RsaSha256,
        outbound_digest_algorithm: DigestAlgorithm::Sha256,
    })
    .map_err(shown)?;
    let idp = IdpDescriptor::from_metadata_xml(metadata(workload).as_bytes()).map_err(shown)?;
    let start = StartLogin {
        relay_state: None,
        binding: Binding::HttpPost,
        force_authn: false,
        is_passive: false,
        requested_name_id_format: None,
        requested_authn_context: None,
        acs_index: None,
        acs_url: None,
        response_binding: Some(SsoResponseBinding::HttpPost),
    };
    // The login that the message answers.
    let mut payload = sp.start_login(&idp, start).map_err(shown)?.tracker.to_payload();
    payload.request_id = REQUEST.to_owned();
    payload.issued_at = now();
    let sealed = payload.seal(&[7; 32]).map_err(shown)?;
    let tracker = LoginTracker::open(&sealed, &[7; 32], now(), Duration::from_secs(60)).map_err(shown)?;
    Ok(Box::new(move || {
        let xml = STANDARD.decode(black_box(&workload.field)).map_err(shown)?;
        let consumed = sp.consume_response(ConsumeResponse {
            idp: &idp,
            peer_crypto_policy: None,
            saml_response: &xml,
            binding: SsoResponseBinding::HttpPost,
            relay_state: None,
            tracker: Some(&tracker),
            expected_destination: ACS,
            now: now(),
            clock_skew: Duration::from_secs(180),
            replay_cache: None,
            replay_mode: ReplayMode::All,
            holder_of_key_cert: None,
        });
        consumed.map(|identity| drop(black_box(identity))).map_err(shown)
    }))
}

/// As its handler does: verify, parse, then the profile with the identifiers that were verified.
fn gamlastan(workload: &Workload) -> Result<Run<'_>, String> {
    use gamlastan::core::protocol::response::ResponseRef;
    use gamlastan::crypto::keys::loader;
    use gamlastan::crypto::{KeyUsage, KeysManager, SamlVerifier, VerifyResult};
    use gamlastan::profiles::sso::sp::process_response_with_verified_signatures;
    use gamlastan::security::config::SecurityConfig;
    use gamlastan::xml::{parse_saml, parse_secure};
    let mut key = loader::load_pem_auto(&workload.pem, None).map_err(shown)?;
    key.usage = KeyUsage::Verify;
    let mut manager = KeysManager::new();
    manager.add_key(key);
    let verifier = SamlVerifier::new(manager);
    let config = SecurityConfig { require_signed_assertions: workload.part != Part::Response, ..SecurityConfig::default() };
    let now = chrono::DateTime::<chrono::Utc>::from(now());
    Ok(Box::new(move || {
        let xml = decoded(workload)?;
        let results = verifier.verify_all_enveloped(&xml).map_err(shown)?;
        let mut verified = Vec::new();
        for result in &results {
            let VerifyResult::Valid { references, .. } = result else { return Err(shown(result)) };
            verified.extend(references.iter().map(|reference| reference.uri.trim_start_matches('#')));
        }
        let document = parse_secure(&xml).map_err(shown)?;
        let response: ResponseRef<'_> = parse_saml(&document).map_err(shown)?;
        let (response, replay) = (response.to_owned(), AcceptsEverything);
        let processed =
            process_response_with_verified_signatures(&response, &config, &replay, SP, ACS, Some(REQUEST), IDP, &verified, now);
        processed.map(|result| drop(black_box(result))).map_err(shown)
    }))
}

/// The same message is verified over and over.
struct AcceptsEverything;

impl gamlastan::security::replay::ReplayCache for AcceptsEverything {
    fn check_and_insert(&self, _: &str, _: chrono::DateTime<chrono::Utc>) -> bool {
        true
    }

    fn cleanup(&self) {}
}

/// Two crates with one ancestor and, as far as this goes, one interface.
macro_rules! descendant_of_samlify {
    ($name:ident, $krate:ident) => {
        fn $name(workload: &Workload) -> Result<Run<'_>, String> {
            use $krate::{
                AcsEndpoint, AssertionSignaturePolicy, AudienceValidationPolicy, AuthnRequestSigningPolicy, BrowserInput,
                EntityId, FormField, IdpDescriptor, MetadataTrustPolicy, PendingAuthnRequest, PendingSnapshot, RelayStateParam,
                ReplayPolicy, Saml, SamlValidationContext, SpConfig, SpValidationPolicy, SsoResponse,
            };
            $krate::initialize_crypto_provider().map_err(shown)?;
            let mut validation = SpValidationPolicy::compatibility();
            validation.audience = AudienceValidationPolicy::Validate;
            validation.authn_requests = AuthnRequestSigningPolicy::DoNotSignForCompatibility;
            if workload.part != Part::Response {
                validation.assertions = AssertionSignaturePolicy::RequireSigned;
            }
            let config = SpConfig::builder(EntityId::try_new(SP).map_err(shown)?)
                .acs_endpoint(AcsEndpoint::post(ACS).map_err(shown)?)
                .validation(validation)
                .build()
                .map_err(shown)?;
            let sp = Saml::sp(config).map_err(shown)?;
            let idp = IdpDescriptor::from_metadata_xml_for(
                EntityId::try_new(IDP).map_err(shown)?,
                &metadata(workload),
                MetadataTrustPolicy::UnsignedForCompatibility,
            )
            .map_err(shown)?;
            let relay_state = || RelayStateParam::absent();
            let snapshot = PendingSnapshot::authn_request(REQUEST, relay_state(), IDP, "post", ACS, "post");
            let pending = PendingAuthnRequest::from_snapshot(snapshot).map_err(shown)?;
            Ok(Box::new(move || {
                let fields = vec![FormField::new("SAMLResponse", black_box(&workload.field).clone())];
                let context = SamlValidationContext::new(now(), ReplayPolicy::DisabledForCompatibility);
                let session = sp.finish_sso(&idp, &pending, BrowserInput::<SsoResponse>::post(fields), context);
                session.map(|session| drop(black_box(session))).map_err(shown)
            }))
        }
    };
}

descendant_of_samlify!(risaml, risaml);
descendant_of_samlify!(saml_rs, saml_rs);

/// The C library alone: what samael asks it for.
#[cfg(feature = "samael")]
fn libxmlsec1(workload: &Workload) -> Result<Run<'_>, String> {
    use samael::crypto::{CertificateDer, Crypto, CryptoProvider};
    if workload.part == Part::Both {
        return Err("that function verifies one signature of a document".to_owned());
    }
    let certificate = CertificateDer::from(pem::parse(&workload.pem).map_err(shown)?.into_contents());
    Ok(Box::new(move || {
        let xml = STANDARD.decode(black_box(&workload.field)).map_err(shown)?;
        Crypto::verify_signed_xml(&xml, &certificate, Some("ID")).map_err(shown)
    }))
}

/// Compares with the clock of the machine, so that the age of the message has to be allowed.
#[cfg(feature = "samael")]
fn samael(workload: &Workload) -> Result<Run<'_>, String> {
    use samael::service_provider::ServiceProviderBuilder;
    if workload.xml.len() > 500_000 {
        return Err("left out: it takes time and memory that grow with the square of the message, here gigabytes".to_owned());
    }
    let ages = chrono::Duration::days(36_500);
    let sp = ServiceProviderBuilder::default()
        .entity_id(SP.to_owned())
        .acs_url(ACS.to_owned())
        .idp_metadata(metadata(workload).parse::<samael::metadata::EntityDescriptor>().map_err(shown)?)
        .max_issue_delay(ages)
        .max_clock_skew(ages)
        .build()
        .map_err(shown)?;
    Ok(Box::new(move || {
        let parsed = sp.parse_base64_response(black_box(&workload.field), Some(&[REQUEST]));
        parsed.map(|assertion| drop(black_box(assertion))).map_err(shown)
    }))
}

fn decoded(workload: &Workload) -> Result<String, String> {
    String::from_utf8(STANDARD.decode(black_box(&workload.field)).map_err(shown)?).map_err(shown)
}

fn all_of<T: Debug>(valid: usize, workload: &Workload, results: impl FnOnce() -> T) -> Result<(), String> {
    if valid == workload.signatures.len() { Ok(()) } else { Err(shown(results())) }
}

/// For the peers that take metadata.
fn metadata(workload: &Workload) -> String {
    let pem = String::from_utf8_lossy(&workload.pem);
    let certificate: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{IDP}\"><IDPSSODescriptor \
         WantAuthnRequestsSigned=\"false\" protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><KeyDescriptor \
         use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data><X509Certificate>{certificate}\
         </X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://idp.example.com/sso\"/></IDPSSODescriptor>\
         </EntityDescriptor>"
    )
}

/// The SubjectPublicKeyInfo of a certificate.
fn spki(certificate: &[u8]) -> Result<Vec<u8>, String> {
    use x509_cert::der::{Decode, Encode};
    let certificate = x509_cert::Certificate::from_der(certificate).map_err(shown)?;
    certificate.tbs_certificate().subject_public_key_info().to_der().map_err(shown)
}

fn shown(error: impl Debug) -> String {
    let mut shown = format!("{error:?}");
    shown.truncate(shown.floor_char_boundary(300));
    shown
}
