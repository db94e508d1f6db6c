//! What a message may cost before anything in it is trusted.

/// Upper bounds on a message. Each is checked before the work that it bounds.
///
/// The largest genuine messages seen, with 1,900 groups, have 209 kB, 8 levels, 2,000 attributes, at most 5 of them and 3 namespace
/// declarations on an element.
///
/// No work grows with the product of two of these. A name costs the logarithm of `prefixes`, a declaration that of `namespaces`,
/// and each canonical form two bytes for each prefix of the document. The numbers behind `attributes_per_element`, `prefixes` and
/// `namespaces` have 16 bits: a larger value counts as [`Limits::MOST_NAMES`], and that is what the error names.
///
/// An element or attribute of four bytes costs as much as one of a hundred. So `document_bytes` alone does not bound the work:
/// `nodes` and `attributes` do, for messages of nothing but short ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the XML document; of its base64 text, four thirds of that and a quarter for white space.
    pub document_bytes: usize,
    /// Levels of elements.
    pub depth: usize,
    /// Elements, runs of text, comments and processing instructions together.
    pub nodes: usize,
    /// Attributes of all elements together, namespace declarations included.
    pub attributes: usize,
    /// Attributes of one element, namespace declarations included; [`Limits::MOST_NAMES`] at most.
    pub attributes_per_element: usize,
    /// Distinct prefixes in the document, the empty one and `xml` included; [`Limits::MOST_NAMES`] at most.
    pub prefixes: usize,
    /// Distinct namespace names in the document, the empty one and that of `xml` included; [`Limits::MOST_NAMES`] at most.
    pub namespaces: usize,
    /// Bytes of a namespace name.
    pub namespace_bytes: usize,
}

impl Limits {
    /// The bounds that a `Verifier` starts with.
    pub const DEFAULT: Self = Self {
        document_bytes: 1 << 20,    // five times the largest message seen; 5,000 groups still fit
        depth: 64,                  // eight times the deepest; extensions and advice nest a little
        nodes: 1 << 14,             // four times the largest message seen; 5,000 groups make 10,000, indented 15,000
        attributes: 1 << 14,        // eight times the most seen; 5,000 groups make 15,000 if each declares two prefixes
        attributes_per_element: 64, // twelve times the widest; SAML defines no element with more than 8
        prefixes: 64,               // messages use up to 8; the canonicalizer keeps one slot for each
        namespaces: 64,             // messages use up to 8; 64 of the longest names have 64 KiB
        namespace_bytes: 1024,      // the longest in use has 51; SAML Core 8.3.6 gives its own identifiers 1,024
    };

    /// The largest number of attributes of an element, of prefixes and of namespaces that a document can have, whatever is set.
    pub const MOST_NAMES: usize = 0xFFFF;

    /// The bounds that are met: none of them is beyond what a document can have.
    pub(crate) fn met(&self) -> Self {
        Self {
            attributes_per_element: self.attributes_per_element.min(Self::MOST_NAMES),
            prefixes: self.prefixes.min(Self::MOST_NAMES),
            namespaces: self.namespaces.min(Self::MOST_NAMES),
            ..*self
        }
    }
}

impl Limits {
    /// The bounds that a `MetadataReader` starts with.
    ///
    /// Enough for the document of any one entity, and for an aggregate of some thousand. A federation's aggregate can be larger
    /// (10,000 entities take 20 to 100 MB): whoever reads one raises `document_bytes` and `nodes` knowingly, and `attributes` where even
    /// more of them are in it. Reading takes two to eight times the document in memory.
    pub const METADATA: Self = Self {
        document_bytes: 1 << 24,    // the document of one entity has 2 to 100 kB; 16 MiB hold some 3,000 of them
        depth: 64,                  // metadata nests to 10 levels, groups of entities and extensions included
        nodes: 1 << 20,             // an indented entity has 100 to 300 nodes: as many as 16 MiB hold
        attributes: 1 << 20,        // an entity has 10 to 80: enough for 10,000 of them
        attributes_per_element: 64, // the widest element of metadata has 8, and declarations of all namespaces at the root
        prefixes: 256,              // each entity of an aggregate may bring extensions with prefixes of its own
        namespaces: 256,            // as prefixes
        namespace_bytes: 1024,      // as in messages
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
