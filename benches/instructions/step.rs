//! The steps that are counted: each prepares what comes before it, and takes one measured step.

use std::hint::black_box;

use saml_verify::internals::{Parsed, decode};
use saml_verify::metadata::{MetadataReader, Vouched};
use saml_verify::{IdentityProvider, Limits, Registry, Verifier};

use crate::callgrind::counted;
use crate::workloads::{self, Workload, expect, now};

/// A step of a verification of a message of the shape of w1, or a whole one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Base64,
    Parse,
    Canonicalize,
    Read,
    Check,
    /// Structure, digest, SignedInfo and the key operation.
    Signature,
    KeyOperation,
    Whole,
    /// A whole verification by a registry of one connection.
    OneConnection,
    /// The same among 10,000.
    ManyConnections,
    /// The first identity provider out of an aggregate of metadata, which is the field.
    Metadata,
}

impl Step {
    pub(crate) const ALL: [Self; 11] = [
        Self::Base64,
        Self::Parse,
        Self::Canonicalize,
        Self::Read,
        Self::Check,
        Self::Signature,
        Self::KeyOperation,
        Self::Whole,
        Self::OneConnection,
        Self::ManyConnections,
        Self::Metadata,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Parse => "parse",
            Self::Canonicalize => "canonicalize",
            Self::Read => "read",
            Self::Check => "check",
            Self::Signature => "signature",
            Self::KeyOperation => "key operation",
            Self::Whole => "whole",
            Self::OneConnection => "one connection",
            Self::ManyConnections => "many connections",
            Self::Metadata => "metadata",
        }
    }

    /// Takes the step on the form field, counted.
    pub(crate) fn run(self, field: &str) {
        let workload = workloads::w1();
        match self {
            Self::KeyOperation => counted(|| workload.key_operations()),
            Self::Whole => {
                let verifier = workload.verifier();
                counted(|| verifier.verify_post(field, expect(), now()).is_ok());
            }
            Self::OneConnection => registered(&workload, 1, field),
            Self::ManyConnections => registered(&workload, 10_000, field),
            Self::Metadata => {
                let limits = Limits { document_bytes: 1 << 28, nodes: 1 << 22, ..Limits::METADATA };
                let reader = MetadataReader::new(Vouched::ByAuthenticatedChannel).limits(limits);
                let reader = reader.entity_id("https://member0.example/saml");
                counted(|| reader.read_idp(field.as_bytes(), now()).is_ok());
            }
            Self::Base64 => {
                counted(|| decode(field, &Limits::DEFAULT).is_ok());
            }
            _ => self.run_on_document(&workload, &decode(field, &Limits::DEFAULT).expect("base64")),
        }
    }

    fn run_on_document(self, workload: &Workload, xml: &[u8]) {
        let parse = || Parsed::parse(black_box(xml), &Limits::DEFAULT).expect("a document");
        if self == Self::Parse {
            return drop(counted(parse));
        }
        let parsed = parse();
        match self {
            Self::Canonicalize => {
                let mut buffer = Vec::with_capacity(2 * xml.len());
                for (path, place) in workload.signed() {
                    counted(|| {
                        buffer.clear();
                        parsed.canonicalize(path, *place, &mut buffer).expect("canonical");
                    });
                }
            }
            _ => self.run_on_parsed(&workload.identity_provider(), &parsed),
        }
    }

    fn run_on_parsed(self, idp: &IdentityProvider, parsed: &Parsed<'_>) {
        let verify = || parsed.verify(idp).expect("a valid signature");
        if self == Self::Signature {
            counted(verify);
            return;
        }
        let genuine = verify();
        if self == Self::Read {
            counted(|| genuine.read().expect("a message"));
            return;
        }
        let (sp, read) = (Workload::service_provider(), genuine.read().expect("a message"));
        counted(|| black_box(&read).check(&sp, idp, expect(), now()).expect("a login"));
    }
}

/// What the program does under callgrind: the step of that name on the form field in that file.
pub(crate) fn take(name: &str, file: &str) {
    let step = Step::ALL.into_iter().find(|step| step.name() == name).expect("a step");
    step.run(&std::fs::read_to_string(file).expect("a form field"));
}

/// A verification by a registry of so many connections, of which the workload's is one.
fn registered(workload: &Workload, connections: usize, field: &str) {
    let registry = Registry::default();
    let keys = workload.identity_provider().trusted_keys().clone();
    let other = |place: usize| {
        let idp = IdentityProvider::new(format!("urn:tenant-{place}.us.auth0.com"), keys.clone()).expect("an identity provider");
        (place, Verifier::new(Workload::service_provider(), idp))
    };
    let all = (1..connections).map(other).chain([(0, workload.verifier())]);
    registry.insert_all(all).expect("connections of different identity providers");
    assert_eq!(registry.len(), connections);
    counted(|| {
        let found = registry.verify_post(field, expect(), now()).map(|(connection, _)| *connection.key());
        assert_eq!(found.ok(), Some(0));
    });
}
