//! The one writer of our own messages: elements, attributes and text, escaped as canonical XML escapes them.

use std::fmt::Write;

/// An XML text that grows.
#[derive(Debug, Default)]
pub(crate) struct Writer(String);

impl Writer {
    /// An element with what `content` writes into it; `attributes` with a value are written, in the order given.
    pub(crate) fn element(&mut self, name: &str, attributes: &[(&str, Option<&str>)], content: impl FnOnce(&mut Self)) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes.iter().filter_map(|(name, value)| value.map(|value| (name, value))) {
            // Writing to a string does not fail.
            let _ = write!(self.0, " {name}=\"{}\"", escape(value, "&<\"\t\n\r"));
        }
        self.0.push('>');
        content(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// Character data.
    pub(crate) fn text(&mut self, text: &str) {
        self.0.push_str(&escape(text, "&<>\r"));
    }

    /// Markup that this writer made before.
    pub(crate) fn raw(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

fn escape(text: &str, special: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if !special.contains(c) => escaped.push(c),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => {
                let _ = write!(escaped, "&#x{:X};", u32::from(c));
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_escaped_as_canonical_xml() {
        let mut writer = Writer::default();
        writer.element("a", &[("b", Some("<&\"\t\n\r>'")), ("c", None)], |writer| writer.text("<&>\r\"'\t\n"));
        assert_eq!(writer.finish(), "<a b=\"&lt;&amp;&quot;&#x9;&#xA;&#xD;>'\">&lt;&amp;&gt;&#xD;\"'\t\n</a>");
    }
}
