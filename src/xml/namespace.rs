//! The namespaces that the crate knows by name.

/// Declares the known namespaces once: their variants, and the mapping from names.
macro_rules! namespaces {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// The namespace of an element or attribute.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Namespace {
            /// No namespace.
            None,
            /// A namespace that the crate has no name for.
            Other,
            $($(#[$doc])* $variant,)+
        }

        impl Namespace {
            /// Exact comparison: namespace names are identical or different, Namespaces in XML 1.0 section 2.3.
            pub(super) fn of(name: &str) -> Self {
                match name {
                    "" => Self::None,
                    $($name => Self::$variant,)+
                    _ => Self::Other,
                }
            }

            /// The name, empty for none and for unknown ones.
            #[cfg_attr(not(test), allow(dead_code, reason = "the writers of our own messages need it"))]
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    Self::None | Self::Other => "",
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

namespaces! {
    /// Bound to the prefix `xml`, Namespaces in XML 1.0 section 3.
    Xml = "http://www.w3.org/XML/1998/namespace",
    /// SAML 2.0 assertions.
    Assertion = "urn:oasis:names:tc:SAML:2.0:assertion",
    /// SAML 2.0 protocol.
    Protocol = "urn:oasis:names:tc:SAML:2.0:protocol",
    /// SAML 2.0 metadata.
    Metadata = "urn:oasis:names:tc:SAML:2.0:metadata",
    /// XML Signature.
    Dsig = "http://www.w3.org/2000/09/xmldsig#",
    /// XML Signature 1.1: the keys that 1.0 has no elements for.
    Dsig11 = "http://www.w3.org/2009/xmldsig11#",
    /// Exclusive XML Canonicalization: `InclusiveNamespaces`.
    ExclusiveC14n = "http://www.w3.org/2001/10/xml-exc-c14n#",
    /// XML Encryption.
    Encryption = "http://www.w3.org/2001/04/xmlenc#",
    /// XML Encryption 1.1.
    Encryption11 = "http://www.w3.org/2009/xmlenc11#",
    /// XML Schema instance: `xsi:type`, `xsi:nil`.
    SchemaInstance = "http://www.w3.org/2001/XMLSchema-instance",
}

/// The name bound to the prefix `xmlns`, which no declaration may name. Namespaces in XML 1.0 section 3.
pub(super) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Whether a namespace name is a relative reference: it has no scheme (RFC 3986 section 3.1).
pub(super) fn is_relative(name: &str) -> bool {
    let scheme = name.split(':').next().unwrap_or_default();
    let legal = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let absolute = legal && scheme.len() < name.len();
    !name.is_empty() && !absolute
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_map_both_ways() {
        for namespace in [Namespace::Xml, Namespace::Assertion, Namespace::Protocol, Namespace::Dsig] {
            assert_eq!(Namespace::of(namespace.name()), namespace);
        }
        assert_eq!(Namespace::of("urn:oasis:names:tc:SAML:2.0:assertion "), Namespace::Other);
        assert_eq!(Namespace::of(""), Namespace::None);
    }

    #[test]
    fn a_name_without_a_scheme_is_relative() {
        for (name, relative) in [
            ("urn:a", false),
            ("http://x", false),
            ("a+b-c.1:", false),
            ("", false),
            ("a/b", true),
            ("#a", true),
            ("1a:b", true),
            ("a/b:c", true),
            (":a", true),
        ] {
            assert_eq!(is_relative(name), relative, "{name}");
        }
    }
}
