//! The steps that are counted: each prepares what comes before it, and takes one measured step.

use std::hint::black_box;

use saml_verify::internals::{Parsed, decode};
use saml_verify::{IdentityProvider, Limits};

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
}

impl Step {
    pub(crate) const ALL: [Self; 8] = [
        Self::Base64,
        Self::Parse,
        Self::Canonicalize,
        Self::Read,
        Self::Check,
        Self::Signature,
        Self::KeyOperation,
        Self::Whole,
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
