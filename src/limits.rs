//! What a message may cost before anything in it is trusted.

/// Upper bounds on a message. Each is checked before the work that it bounds.
///
/// The largest genuine messages seen, with 1,900 groups, have 209 kB, 8 levels, 5 attributes and 3 namespace declarations on
/// an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the XML document; of its base64 text, four thirds of that and a quarter for white space.
    pub document_bytes: usize,
    /// Levels of elements.
    pub depth: usize,
    /// Elements, runs of text, comments and processing instructions together.
    pub nodes: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes_per_element: usize,
    /// Distinct prefixes in the document.
    pub prefixes: usize,
    /// Distinct namespace names in the document.
    pub namespaces: usize,
    /// Bytes of a namespace name.
    pub namespace_bytes: usize,
}

impl Limits {
    /// The bounds that a `Verifier` starts with.
    pub const DEFAULT: Self = Self {
        document_bytes: 1 << 20,    // five times the largest message seen; 5,000 groups still fit
        depth: 64,                  // eight times the deepest; extensions and advice nest a little
        nodes: 1 << 16,             // 5,000 groups make 10,000 nodes; bounds the tree at a few MB whatever the markup
        attributes_per_element: 64, // twelve times the widest; SAML defines no element with more than 8
        prefixes: 64,               // messages use up to 8; the canonicalizer keeps one slot for each
        namespaces: 64,             // messages use up to 8; compared with each declaration
        namespace_bytes: 1024,      // the longest in use has 51; SAML Core 8.3.6 gives its own identifiers 1,024
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
