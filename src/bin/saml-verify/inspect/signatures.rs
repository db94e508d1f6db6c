//! The signature map: where Signatures stand, what they point at, and what none of them covers.

use std::collections::HashMap;

use saml_verify::TrustedKeys;
use saml_verify::inspect::UnverifiedElement;
use serde::Serialize;

use super::elements::{ASSERTION, MOST, SIGNATURE, all, child, children, is, shown};
use super::keys::{Key, keys_of};
use super::show_keys;
use crate::terminal::Screen;

/// A Signature, as far as it can be seen without checking it.
#[derive(Serialize)]
pub(super) struct Signature {
    /// The element in which it stands.
    element: String,
    element_id: Option<String>,
    /// What it points at.
    references: Vec<Option<String>>,
    /// What it covers, if it holds.
    covers: String,
    /// Whether that is the element in which it stands, as SAML Core 5.4.2 demands.
    covers_its_element: bool,
    signature_algorithm: Option<String>,
    digest_algorithms: Vec<String>,
    canonicalization: Option<String>,
    transforms: Vec<String>,
    certificates: Vec<Key>,
}

/// The first Signatures of a document, and how many there are.
pub(super) fn signatures(root: UnverifiedElement<'_>, given: Option<&TrustedKeys>) -> (Vec<Signature>, usize) {
    let mut ids: HashMap<&str, (UnverifiedElement<'_>, usize)> = HashMap::new();
    let mut found = 0_usize;
    let mut first = Vec::new();
    for (parent, element) in all(root) {
        if let Some(id) = element.attribute("ID") {
            let count = &mut ids.entry(id).or_insert((element, 0)).1;
            *count = count.saturating_add(1);
        }
        if is(element, SIGNATURE, "Signature") {
            found = found.saturating_add(1);
            first.extend((first.len() < MOST).then_some((parent, element)));
        }
    }
    let signatures = first.into_iter().map(|(parent, element)| Signature::new(root, parent, element, &ids, given));
    (signatures.collect(), found)
}

impl Signature {
    fn new(
        root: UnverifiedElement<'_>,
        parent: Option<UnverifiedElement<'_>>,
        element: UnverifiedElement<'_>,
        ids: &HashMap<&str, (UnverifiedElement<'_>, usize)>,
        given: Option<&TrustedKeys>,
    ) -> Self {
        let info = child(element, SIGNATURE, "SignedInfo");
        let algorithm = |parent: UnverifiedElement<'_>, name| {
            child(parent, SIGNATURE, name).and_then(|method| method.attribute("Algorithm")).map(shown)
        };
        let references: Vec<_> = info.into_iter().flat_map(|info| children(info, SIGNATURE, "Reference")).take(MOST).collect();
        let transforms = references.iter().filter_map(|reference| child(*reference, SIGNATURE, "Transforms"));
        let transforms = transforms.flat_map(|list| children(list, SIGNATURE, "Transform"));
        let uris: Vec<_> = references.iter().map(|reference| reference.attribute("URI")).collect();
        let covers_its_element = parent.is_some_and(|parent| covers(parent, element));
        Self {
            element: parent.map_or_else(|| "the document".to_owned(), |parent| shown(parent.qualified_name())),
            element_id: parent.and_then(|parent| parent.attribute("ID")).map(shown),
            covers: match uris.as_slice() {
                [] => "nothing: it has no Reference".to_owned(),
                [uri] => covered(root, *uri, covers_its_element, ids),
                _ => "several things: a verification takes one Reference alone".to_owned(),
            },
            covers_its_element,
            signature_algorithm: info.and_then(|info| algorithm(info, "SignatureMethod")),
            digest_algorithms: references.iter().filter_map(|reference| algorithm(*reference, "DigestMethod")).collect(),
            canonicalization: info.and_then(|info| algorithm(info, "CanonicalizationMethod")),
            transforms: transforms.filter_map(|one| one.attribute("Algorithm")).take(MOST).map(shown).collect(),
            references: uris.into_iter().map(|uri| uri.map(shown)).collect(),
            certificates: keys_of(element, given),
        }
    }

    pub(super) fn show(&self, screen: &mut Screen) {
        let id = self.element_id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
        screen.field("in", &format!("{}{id}", self.element));
        screen.field("covers", &self.covers);
        screen.field("algorithm", self.signature_algorithm.as_deref().unwrap_or("none named"));
        screen.field("digest", &self.digest_algorithms.join(", "));
        screen.field("canonical form", self.canonicalization.as_deref().unwrap_or("none named"));
        for transform in &self.transforms {
            screen.field("transform", transform);
        }
        show_keys(&self.certificates, screen);
        if self.certificates.is_empty() {
            screen.field("shows", "no certificate");
        }
    }
}

/// Whether a Signature has one Reference, and that to the element in which it stands. SAML Core 5.4.2.
fn covers(parent: UnverifiedElement<'_>, signature: UnverifiedElement<'_>) -> bool {
    let info = child(signature, SIGNATURE, "SignedInfo");
    let mut references = info.into_iter().flat_map(|info| children(info, SIGNATURE, "Reference"));
    let (Some(reference), None) = (references.next(), references.next()) else { return false };
    let id = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
    id.is_some_and(|id| !id.is_empty() && parent.attribute("ID") == Some(id))
}

fn covered(
    root: UnverifiedElement<'_>,
    uri: Option<&str>,
    its_own: bool,
    ids: &HashMap<&str, (UnverifiedElement<'_>, usize)>,
) -> String {
    let Some(uri) = uri else { return "nothing: its Reference has no URI".to_owned() };
    if uri.is_empty() {
        return format!(
            "the whole document, {}: verified only under `--allow whole-document-reference`",
            shown(root.qualified_name())
        );
    }
    match uri.strip_prefix('#').and_then(|id| ids.get(id)) {
        Some((element, 1)) if its_own => format!("the {} in which it stands", shown(element.qualified_name())),
        Some((element, 1)) => {
            format!("another element, {}: a verification refuses it", shown(element.qualified_name()))
        }
        Some((_, count)) => format!("one of {count} elements with the same ID: a verification refuses them"),
        None => "nothing in this document".to_owned(),
    }
}

/// What is covered by no signature that a verification would look at: one of the document element, or of an Assertion in it.
pub(super) fn not_signed(root: UnverifiedElement<'_>) -> Vec<String> {
    if is_signed(root) {
        return Vec::new();
    }
    let unsigned = |child: &UnverifiedElement<'_>| {
        !(is(*child, SIGNATURE, "Signature") || is(*child, ASSERTION, "Assertion") && is_signed(*child))
    };
    let own = format!("{}: its attributes", shown(root.qualified_name()));
    let children = root.elements().filter(unsigned).map(|child| format!("{} and all in it", shown(child.qualified_name())));
    // Of thousands nobody reads more.
    std::iter::once(own).chain(children.take(4 * MOST)).collect()
}

fn is_signed(element: UnverifiedElement<'_>) -> bool {
    children(element, SIGNATURE, "Signature").any(|signature| covers(element, signature))
}
