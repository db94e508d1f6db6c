//! What can be seen of an element, as a tree of its own: for comparing a view with a parse.

use crate::TrustedKeys;
use crate::base64;
use crate::canonical::Algorithm;
use crate::crypto::DigestAlgorithm;
use crate::crypto::algorithm::Digest;
use crate::departure::{Departure, Departures};
use crate::limits::Limits;
#[cfg(feature = "test-idp")]
use crate::test_idp::TestIdp;
#[cfg(feature = "test-idp")]
use crate::xml::SignatureForm;
use crate::xml::canonical::{Selection, write_selection};
use crate::xml::{Document, Namespace, Trust, View};

/// An element as its readers see it, by every question that they can ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The name as written.
    pub qualified_name: String,
    /// The namespace.
    pub namespace: SeenNamespace,
    /// Namespace, local name and value.
    pub attributes: Vec<(SeenNamespace, String, String)>,
    /// Whether it has child elements.
    pub has_elements: bool,
    /// The joined text; `None` where there is something else.
    pub text: Option<String>,
    /// The child elements; one `None` for what else stands between two of them and cannot be passed over.
    pub elements: Vec<Option<Self>>,
}

/// A namespace as readers tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeenNamespace {
    /// None.
    None,
    /// One that the crate knows, by name.
    Known(&'static str),
    /// Any other.
    Other,
}

impl SeenNamespace {
    /// What readers see of the namespace of that name.
    pub fn of(name: &str) -> Self {
        let known = KNOWN_NAMESPACES.iter().map(|namespace| namespace.name()).find(|known| *known == name);
        if name.is_empty() { Self::None } else { known.map_or(Self::Other, Self::Known) }
    }

    const fn seen(namespace: Namespace) -> Self {
        match namespace {
            Namespace::None => Self::None,
            Namespace::Other => Self::Other,
            known => Self::Known(known.name()),
        }
    }
}

const KNOWN_NAMESPACES: [Namespace; 10] = [
    Namespace::Xml,
    Namespace::Assertion,
    Namespace::Protocol,
    Namespace::Metadata,
    Namespace::Dsig,
    Namespace::Dsig11,
    Namespace::ExclusiveC14n,
    Namespace::Encryption,
    Namespace::Encryption11,
    Namespace::SchemaInstance,
];

/// The document element as readers see it; of its attributes, those with a local name of `vocabulary`.
///
/// # Errors
///
/// As the parser.
pub fn see(xml: &[u8], vocabulary: &[&str], limits: &Limits) -> Result<Seen, crate::XmlError> {
    Document::parse(xml, limits).map(|document| seen(document.root(), vocabulary))
}

fn seen<'d>(view: impl View<'d>, vocabulary: &[&str]) -> Seen {
    let namespaces = || [Namespace::None, Namespace::Other].into_iter().chain(KNOWN_NAMESPACES);
    let local_name = view.qualified_name().rsplit(':').next().unwrap_or_default();
    let namespace =
        namespaces().find(|namespace| view.is(*namespace, local_name)).map_or(SeenNamespace::Other, SeenNamespace::seen);
    let attribute = |namespace, name| match namespace {
        Namespace::None => view.attribute(name),
        namespace => view.attribute_ns(namespace, name),
    };
    let mut attributes: Vec<_> = vocabulary
        .iter()
        .flat_map(|name| namespaces().map(move |namespace| (namespace, *name)))
        .filter_map(|(namespace, name)| {
            Some((SeenNamespace::seen(namespace), name.to_owned(), attribute(namespace, name)?.to_owned()))
        })
        .collect();
    attributes.sort();
    let mut elements: Vec<_> = view.elements().map(|child| child.ok().map(|child| seen(child, vocabulary))).collect();
    elements.dedup_by(|one, other| one.is_none() && other.is_none());
    Seen {
        qualified_name: view.qualified_name().to_owned(),
        namespace,
        attributes,
        has_elements: view.has_elements(),
        text: view.text().ok().map(std::borrow::Cow::into_owned),
        elements,
    }
}

/// The element at `path` as its verified Signature lets readers see it, and the octets that were digested of it; `None` where it
/// has no Signature.
///
/// # Errors
///
/// As the parser, or as a login's signature.
pub fn see_signed(
    xml: &[u8],
    path: &[usize],
    keys: &TrustedKeys,
    vocabulary: &[&str],
    limits: &Limits,
) -> Result<Option<(Seen, Vec<u8>)>, crate::Error> {
    let document = Document::parse(xml, limits)?;
    let departures = Departure::ALL.into_iter().fold(Departures::default(), Departures::with);
    let Some(element) = document.root().at(path.get(1..).unwrap_or_default()) else { return Ok(None) };
    let verified = document.verify(element, "element", &Trust { keys, departures })?;
    Ok(verified.map(|(signed, _, _)| (seen(signed, vocabulary), digested(&document, path).unwrap_or_default())))
}

/// The canonical octets of the element at `path`, as the Reference of its Signature describes them, if they have its digest.
fn digested(document: &Document<'_>, path: &[usize]) -> Option<Vec<u8>> {
    let element = document.root().at(path.get(1..)?)?;
    let is_signature = |position: &usize| element.at(&[*position]).is_some_and(|child| child.is(Namespace::Dsig, "Signature"));
    let position = (1..).take_while(|position| element.at(&[*position]).is_some()).find(is_signature)?;
    let reference = element.at(&[position, 1, 3])?;
    let transform = reference.at(&[1, 2]);
    let algorithm = transform.map_or(Some(Algorithm::Inclusive10), |it| Algorithm::from_uri(it.attribute("Algorithm")?))?;
    let prefix_list = transform.and_then(|it| it.at(&[1])?.attribute("PrefixList")).unwrap_or_default();
    let method = DigestAlgorithm::from_uri(reference.at(&[2])?.attribute("Algorithm")?).ok()?;
    let value = base64::decode_whitespace(&reference.at(&[3])?.text().ok()?).ok()?;
    let signature: Vec<usize> = path.iter().copied().chain([position]).collect();
    let mut octets = Vec::new();
    let (apex, excluded) = (Selection::Path(path), Some(Selection::Path(&signature)));
    write_selection(document, apex, excluded, without_comments(algorithm), prefix_list, &mut octets).ok()?;
    Digest::of(method, &octets).matches(&value).then_some(octets)
}

/// No digest of a same-document reference covers comments. XMLDSig 4.4.3.3.
const fn without_comments(algorithm: Algorithm) -> Algorithm {
    match algorithm {
        Algorithm::Inclusive10WithComments => Algorithm::Inclusive10,
        Algorithm::Inclusive11WithComments => Algorithm::Inclusive11,
        Algorithm::Exclusive10WithComments => Algorithm::Exclusive10,
        algorithm => algorithm,
    }
}

/// The Signature of the element with that `ID`, for an algorithm without comments; to be put among its children.
#[cfg(feature = "test-idp")]
pub fn sign(idp: &TestIdp, xml: &str, id: &str, algorithm: Algorithm, prefix_list: &str) -> String {
    let form = SignatureForm { canonicalization: algorithm, prefix_list, ..idp.signature_form() };
    idp.signature(&form, xml, id)
}
