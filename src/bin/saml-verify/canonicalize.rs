//! `canonicalize`: the octets that a digest is made over.

use clap::Args;
use saml_verify::canonical::{Algorithm, Canonicalizer, Error};
use saml_verify::{Limits, XmlErrorKind};

use crate::exit::{Failure, Outcome};
use crate::input::Source;
use crate::terminal::{diagnose, print_bytes};

/// Write the canonical form of a document, or of one element of it
///
/// The octets go to standard output, and nothing else does. A message as posted is decoded first.
#[derive(Args)]
#[command(after_help = crate::EXIT_CODES)]
pub(crate) struct Options {
    #[command(flatten)]
    source: Source,
    #[arg(long, value_name = "NAME|URI", value_parser = algorithm, help = algorithm_help())]
    algorithm: Algorithm,
    /// Prefixes that an exclusive form treats as an inclusive one does: "a b #default"
    #[arg(long, value_name = "PREFIXES", default_value = "", hide_default_value = true)]
    inclusive_prefixes: String,
    /// The element whose ID, Id, id or xml:id attribute has this value, instead of the document
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    limits: LimitOptions,
}

/// Bounds on the document. Nobody attacks this command: they only keep a mistake from taking all the memory.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
struct LimitOptions {
    /// Bytes of the document
    #[arg(long, value_name = "N", default_value_t = 256 << 20)]
    max_bytes: usize,
    /// Levels of elements
    #[arg(long, value_name = "N", default_value_t = 1 << 16)]
    max_depth: usize,
    /// Elements, runs of text, comments and processing instructions together
    #[arg(long, value_name = "N", default_value_t = 1 << 24)]
    max_nodes: usize,
    /// Attributes of all elements together, namespace declarations included
    #[arg(long, value_name = "N", default_value_t = 1 << 24)]
    max_attributes_in_all: usize,
    /// Attributes of one element, namespace declarations included
    #[arg(long, value_name = "N", default_value_t = 1 << 14)]
    max_attributes: usize,
    /// Distinct prefixes
    #[arg(long, value_name = "N", default_value_t = 1 << 12)]
    max_prefixes: usize,
    /// Distinct namespace names
    #[arg(long, value_name = "N", default_value_t = 1 << 12)]
    max_namespaces: usize,
    /// Bytes of a namespace name
    #[arg(long, value_name = "N", default_value_t = 1 << 16)]
    max_namespace_bytes: usize,
}

impl From<&LimitOptions> for Limits {
    fn from(options: &LimitOptions) -> Self {
        Self {
            document_bytes: options.max_bytes,
            depth: options.max_depth,
            nodes: options.max_nodes,
            attributes: options.max_attributes_in_all,
            attributes_per_element: options.max_attributes,
            prefixes: options.max_prefixes,
            namespaces: options.max_namespaces,
            namespace_bytes: options.max_namespace_bytes,
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let limits = Limits::from(&options.limits);
    let canonicalizer = options.canonicalizer()?.limits(limits);
    let octets = match options.source.read(&limits)?.and_then(|message| message.into_xml(&limits)) {
        Ok(xml) => canonicalizer.to_vec(&xml).map_err(|error| reason(&error)),
        Err(refusal) if refusal.code == "redirect_binding" => {
            Err("a redirect message is compressed; canonicalize takes XML or base64".to_owned())
        }
        Err(refusal) => Err(refusal.message),
    };
    match octets {
        Ok(octets) => print_bytes(&octets).map(|()| Outcome::Done),
        Err(reason) => {
            diagnose(&format!("refused: {reason}"));
            Ok(Outcome::Refused)
        }
    }
}

/// What is wrong, and of a limit that it can be raised.
fn reason(error: &Error) -> String {
    use XmlErrorKind::{DocumentTooLarge, LimitExceeded};
    let raise = match error {
        Error::Xml(error) if matches!(error.kind, DocumentTooLarge { .. } | LimitExceeded { .. }) => {
            "; the options --max-… raise the limits"
        }
        _ => "",
    };
    format!("{error}{raise}")
}

impl Options {
    fn canonicalizer(&self) -> Result<Canonicalizer, Failure> {
        if !self.algorithm.is_exclusive() && !self.inclusive_prefixes.trim().is_empty() {
            return Err(Failure::usage("--inclusive-prefixes: only the exclusive forms have such a list"));
        }
        let canonicalizer = Canonicalizer::new(self.algorithm).inclusive_prefixes(&self.inclusive_prefixes);
        Ok(match &self.id {
            Some(id) => canonicalizer.element(id),
            None => canonicalizer,
        })
    }
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    let found = Algorithm::from_name(text).or_else(|| Algorithm::from_uri(text));
    found.ok_or_else(|| format!("the names are {}, or the algorithm's URI", algorithm_names()))
}

fn algorithm_names() -> String {
    Algorithm::ALL.map(Algorithm::name).join(", ")
}

fn algorithm_help() -> String {
    format!("The algorithm: {}, or its URI", algorithm_names())
}
