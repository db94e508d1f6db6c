//! `canonicalize`: the octets that a digest is made over.

use clap::Args;
use saml_verify::canonical::{Algorithm, Canonicalizer};

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
}

pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let canonicalizer = options.canonicalizer()?;
    let octets = match options.source.read()?.and_then(|message| message.into_xml()) {
        Ok(xml) => canonicalizer.to_vec(&xml).map_err(|error| error.to_string()),
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

impl Options {
    fn canonicalizer(&self) -> Result<Canonicalizer, Failure> {
        if !self.algorithm.is_exclusive() && !self.inclusive_prefixes.trim().is_empty() {
            return Err(Failure::of("--inclusive-prefixes", "only the exclusive forms have such a list"));
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
