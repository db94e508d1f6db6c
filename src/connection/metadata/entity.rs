//! Finding an entity in a document that may describe thousands. SAML Metadata 2.3.
//!
//! Read through a view: of what was signed, only what was signed is found. A loop over a stack of groups, which the limit on depth
//! bounds; entities that were not chosen are passed over unread.

use crate::error::{MetadataError, MetadataErrorKind, Shown, StructureError};
use crate::xml::{Namespace, View};

/// An entity and the groups around it.
#[derive(Clone, Debug)]
pub(super) struct Path<V> {
    /// The `EntitiesDescriptor`s, outermost first.
    pub(super) groups: Vec<V>,
    /// The `EntityDescriptor`.
    pub(super) entity: V,
}

/// The entity of that ID, or the only one.
///
/// # Errors
///
/// Where there is none, or more than one.
pub(super) fn find<'d, V: View<'d>>(root: V, wanted: Option<&str>) -> Result<Path<V>, MetadataError> {
    let mut found = None;
    let mut several = false;
    let is_wanted = |entity: V| wanted.is_none_or(|wanted| entity.attribute("entityID") == Some(wanted));
    each_entity(root, |groups, entity| {
        if is_wanted(entity) {
            several = found.is_some();
            found.get_or_insert_with(|| Path { groups: groups.to_vec(), entity });
        }
        !several
    })?;
    match (found, wanted) {
        (Some(path), _) if !several => Ok(path),
        (Some(_), Some(wanted)) => Err(at(root, MetadataErrorKind::DuplicateEntity { entity_id: wanted.into() })),
        (_, Some(wanted)) => unknown(root, wanted),
        (_, None) => not_chosen(root),
    }
}

/// Calls `visit` with each entity, in the order of the document, and the groups around it, until that says that it has seen enough.
fn each_entity<'d, V: View<'d>>(root: V, mut visit: impl FnMut(&[V], V) -> bool) -> Result<(), MetadataError> {
    if root.is(Namespace::Metadata, "EntityDescriptor") {
        visit(&[], root);
        return Ok(());
    }
    let mut groups = vec![root];
    let mut open = vec![root.elements()];
    while let (Some(children), Some(&group)) = (open.last_mut(), groups.last()) {
        match children.next().transpose().map_err(|error| structure(group, error))? {
            None => {
                open.pop();
                groups.pop();
            }
            Some(child) if child.is(Namespace::Metadata, "EntityDescriptor") => {
                if !visit(&groups, child) {
                    return Ok(());
                }
            }
            Some(child) if child.is(Namespace::Metadata, "EntitiesDescriptor") => {
                groups.push(child);
                open.push(child.elements());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn unknown<'d, V: View<'d>, T>(root: V, wanted: &str) -> Result<T, MetadataError> {
    let alike = |id: &str| id.trim().trim_end_matches('/').eq_ignore_ascii_case(wanted.trim().trim_end_matches('/'));
    let mut first = Vec::new();
    let mut nearest = None;
    each_entity(root, |_, entity| {
        let id = entity.attribute("entityID").unwrap_or_default();
        if nearest.is_none() && alike(id) {
            nearest = Some(Shown::new(id));
        }
        if first.len() < MOST_NAMED {
            first.push(Shown::new(id));
        }
        nearest.is_none()
    })?;
    let received = nearest.map_or(first, |nearest| vec![nearest]);
    Err(at(root, MetadataErrorKind::UnknownEntity { expected: wanted.to_owned(), received }))
}

fn not_chosen<'d, V: View<'d>, T>(root: V) -> Result<T, MetadataError> {
    let mut entities: usize = 0;
    let mut identity_providers = Vec::new();
    each_entity(root, |_, entity| {
        entities = entities.saturating_add(1);
        if identity_providers.len() < MOST_NAMED && is_identity_provider(entity) {
            identity_providers.push(Shown::new(entity.attribute("entityID").unwrap_or_default()));
        }
        true
    })?;
    Err(at(root, MetadataErrorKind::EntityNotChosen { identity_providers, entities }))
}

fn is_identity_provider<'d>(entity: impl View<'d>) -> bool {
    entity.elements().map_while(Result::ok).any(|child| child.is(Namespace::Metadata, "IDPSSODescriptor"))
}

/// The child elements; what else stands between them is an error.
pub(super) fn children<'d, V: View<'d>>(element: V) -> impl Iterator<Item = Result<V, MetadataError>> {
    element.elements().map(move |child| child.map_err(|error| structure(element, error)))
}

pub(super) fn structure<'d>(element: impl View<'d>, error: StructureError) -> MetadataError {
    at(element, MetadataErrorKind::Structure(error))
}

/// The value of an attribute that has to be there.
pub(super) fn required<'d>(
    element: impl View<'d>,
    name: &'static str,
    attribute: &'static str,
) -> Result<&'d str, MetadataError> {
    let missing = || at(element, MetadataErrorKind::MissingAttribute { element: name, attribute });
    element.attribute(attribute).ok_or_else(missing)
}

pub(super) fn invalid<'d>(
    element: impl View<'d>,
    name: &'static str,
    attribute: &'static str,
    received: &str,
    expected: &'static str,
) -> MetadataError {
    at(element, MetadataErrorKind::InvalidValue { element: name, attribute, received: received.into(), expected })
}

pub(super) fn at<'d>(element: impl View<'d>, kind: MetadataErrorKind) -> MetadataError {
    MetadataError::new(kind, element.position())
}

/// An error is for a line of a log.
const MOST_NAMED: usize = 8;
