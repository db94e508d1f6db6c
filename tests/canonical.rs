//! Canonical XML: what goes wrong in implementations, case by case, and what has to hold for every document.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::generate::{Attribute, Document, Element, Entropy, Node, Scope, Unused, bound};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use saml_verify::canonical::Algorithm::{
    Exclusive10, Exclusive10WithComments, Inclusive10, Inclusive10WithComments, Inclusive11, Inclusive11WithComments,
};
use saml_verify::canonical::{Algorithm, Canonicalizer, Error};

const EVERY: &[Algorithm] = &Algorithm::ALL;
const INCLUSIVE: &[Algorithm] = &[Inclusive10, Inclusive10WithComments, Inclusive11, Inclusive11WithComments];
const VERSION_10: &[Algorithm] = &[Inclusive10, Inclusive10WithComments];
const VERSION_11: &[Algorithm] = &[Inclusive11, Inclusive11WithComments];
const EXCLUSIVE: &[Algorithm] = &[Exclusive10, Exclusive10WithComments];
const WITH_COMMENTS: &[Algorithm] = &[Inclusive10WithComments, Inclusive11WithComments, Exclusive10WithComments];
const WITHOUT_COMMENTS: &[Algorithm] = &[Inclusive10, Inclusive11, Exclusive10];

/// A document, and its canonical forms. "C14N" is Canonical XML 1.0, "C14N11" 1.1, "exc-c14n" the exclusive one.
struct Case {
    section: &'static str,
    name: &'static str,
    xml: &'static str,
    /// The value of the `ID` of the apex; empty for the document.
    apex: &'static str,
    prefix_list: &'static str,
    forms: &'static [(&'static [Algorithm], &'static str)],
}

/// Of a whole document.
const fn document(
    section: &'static str,
    name: &'static str,
    xml: &'static str,
    forms: &'static [(&'static [Algorithm], &'static str)],
) -> Case {
    Case { section, name, xml, apex: "", prefix_list: "", forms }
}

/// Of the element with the `ID` `x`.
const fn element(
    section: &'static str,
    name: &'static str,
    xml: &'static str,
    forms: &'static [(&'static [Algorithm], &'static str)],
) -> Case {
    Case { section, name, xml, apex: "x", prefix_list: "", forms }
}

impl Case {
    const fn listing(self, prefix_list: &'static str) -> Self {
        Self { prefix_list, ..self }
    }

    fn canonical(&self, algorithm: Algorithm) -> Result<Vec<u8>, Error> {
        let canonicalizer = Canonicalizer::new(algorithm).inclusive_prefixes(self.prefix_list);
        if self.apex.is_empty() { canonicalizer } else { canonicalizer.element(self.apex) }.to_vec(self.xml.as_bytes())
    }
}

#[test]
fn cases_have_the_forms_that_the_specifications_give_them() {
    let mut wrong = Vec::new();
    for table in [LEXICAL, AROUND_THE_ROOT, ORDER, NAMESPACES, PREFIX_LISTS, XML_ATTRIBUTES] {
        for case in table {
            for (algorithm, expected) in case.forms.iter().flat_map(|(forms, text)| forms.iter().map(move |form| (*form, *text)))
            {
                let got = case.canonical(algorithm).map(|octets| String::from_utf8(octets).expect("canonical form is UTF-8"));
                if got.as_deref() != Ok(expected) {
                    wrong.push(format!("{}, {}, {}:\n {expected:?}\n {got:?}", case.section, case.name, algorithm.name()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const LEXICAL: &[Case] = &[
    document("C14N 1.1", "the XML declaration goes", "<?xml version=\"1.0\"?><a/>", &[(EVERY, "<a></a>")]),
    document("C14N 1.1", "the byte order mark goes", "\u{FEFF}<a/>", &[(EVERY, "<a></a>")]),
    document("C14N 2.3", "empty tags become pairs", "<a><b/><b></b></a>", &[(EVERY, "<a><b></b><b></b></a>")]),
    document("C14N 2.3", "white space inside tags", "<a \n b = '1'\t><c  /></a\n>", &[(EVERY, "<a b=\"1\"><c></c></a>")]),
    document("C14N 3.2", "white space between tags stays", "<a> <b/>\n\t</a>", &[(EVERY, "<a> <b></b>\n\t</a>")]),
    document(
        "C14N 2.3",
        "text: what is escaped",
        "<a>&lt;&gt;&amp;&quot;&apos;\"'></a>",
        &[(EVERY, "<a>&lt;&gt;&amp;\"'\"'&gt;</a>")],
    ),
    document("C14N 2.3", "text: references to white space", "<a>&#9;&#10;&#13;&#x20;</a>", &[(EVERY, "<a>\t\n&#xD; </a>")]),
    document("C14N 2.3", "text: any other character is itself", "<a>&#233;&#x1F600;&#133;</a>", &[(EVERY, "<a>é😀\u{85}</a>")]),
    document("C14N 2.3", "values: what is escaped", "<a b='&lt;>&amp;\"&apos;'/>", &[(EVERY, "<a b=\"&lt;>&amp;&quot;'\"></a>")]),
    document(
        "C14N 2.3",
        "values: references to white space",
        "<a b='&#9;&#10;&#13;'/>",
        &[(EVERY, "<a b=\"&#x9;&#xA;&#xD;\"></a>")],
    ),
    document("C14N 2.3", "values that look canonical and are not: `&gt;`", "<a b=\"&gt;\"/>", &[(EVERY, "<a b=\">\"></a>")]),
    document("C14N 2.3", "values that look canonical and are not: `&apos;`", "<a b=\"&apos;\"/>", &[(EVERY, "<a b=\"'\"></a>")]),
    document(
        "C14N 2.3",
        "values that look canonical and are not: a lower-case digit",
        "<a b=\"&#xa;\"/>",
        &[(EVERY, "<a b=\"&#xA;\"></a>")],
    ),
    document(
        "C14N 2.3",
        "values that look canonical and are not: a decimal number",
        "<a b=\"&#38;\"/>",
        &[(EVERY, "<a b=\"&amp;\"></a>")],
    ),
    document(
        "C14N 2.3",
        "values that look canonical and are not: a leading zero",
        "<a b=\"&#x09;\"/>",
        &[(EVERY, "<a b=\"&#x9;\"></a>")],
    ),
    document("C14N 2.3", "text that looks canonical and is not: `&quot;`", "<a>&quot;</a>", &[(EVERY, "<a>\"</a>")]),
    document("C14N 2.3", "text that looks canonical and is not: `&#xA;`", "<a>&#xA;</a>", &[(EVERY, "<a>\n</a>")]),
    document("C14N 2.3", "text that looks canonical and is not: a lower-case digit", "<a>&#xd;</a>", &[(EVERY, "<a>&#xD;</a>")]),
    document("C14N 2.3", "text that looks canonical and is not: a decimal number", "<a>&#62;</a>", &[(EVERY, "<a>&gt;</a>")]),
    document(
        "C14N 2.3",
        "values that are canonical",
        "<a b=\"&#x9;&#xA;&#xD;&lt;&amp;&quot;>'\"></a>",
        &[(EVERY, "<a b=\"&#x9;&#xA;&#xD;&lt;&amp;&quot;>'\"></a>")],
    ),
    document(
        "C14N 2.3",
        "text that is canonical",
        "<a>&lt;&gt;&amp;&#xD;\"'\t\n</a>",
        &[(EVERY, "<a>&lt;&gt;&amp;&#xD;\"'\t\n</a>")],
    ),
    document(
        "XML 3.3.3",
        "values: white space as written",
        "<a b='1\t2\n3\r\n4\r5  '/>",
        &[(EVERY, "<a b=\"1 2 3 4 5  \"></a>")],
    ),
    document("XML 2.11", "line ends", "<a>1\r\n2\r3\n\r4\r\r\n</a>", &[(EVERY, "<a>1\n2\n3\n\n4\n\n</a>")]),
    document("XML 2.11", "a reference after a line end", "<a>1\r&#10;2&#13;\n</a>", &[(EVERY, "<a>1\n\n2&#xD;\n</a>")]),
    document("C14N 2.3", "CDATA sections are text", "<a>1<![CDATA[<&>\"]]>2</a>", &[(EVERY, "<a>1&lt;&amp;&gt;\"2</a>")]),
    document("C14N 2.3", "CDATA sections in a row", "<a><![CDATA[]]]]><![CDATA[>]]></a>", &[(EVERY, "<a>]]&gt;</a>")]),
    document("C14N 2.3", "an empty CDATA section is nothing", "<a><![CDATA[]]></a>", &[(EVERY, "<a></a>")]),
    document(
        "C14N 2.3",
        "no reference in a CDATA section",
        "<a><![CDATA[&#65;&lt;]]></a>",
        &[(EVERY, "<a>&amp;#65;&amp;lt;</a>")],
    ),
    document("XML 2.11", "line ends in a CDATA section", "<a><![CDATA[1\r\n2\r3]]></a>", &[(EVERY, "<a>1\n2\n3</a>")]),
    document("C14N 2.3", "processing instructions", "<a><?p   q  ?><?r?><?s ?></a>", &[(EVERY, "<a><?p q  ?><?r?><?s?></a>")]),
    document("C14N 2.3", "what is markup elsewhere", "<a><?p <b>&amp;\"?></a>", &[(EVERY, "<a><?p <b>&amp;\"?></a>")]),
    document("XML 2.11", "line ends in instructions", "<a><?p\r\nq\rr?></a>", &[(EVERY, "<a><?p q\nr?></a>")]),
    document(
        "C14N 2.1",
        "comments are kept or dropped, and split no text",
        "<a>1<!-- <&amp;\r\n>-->2</a>",
        &[(WITH_COMMENTS, "<a>1<!-- <&amp;\n>-->2</a>"), (WITHOUT_COMMENTS, "<a>12</a>")],
    ),
];

const AROUND_THE_ROOT: &[Case] = &[
    document("C14N 2.3", "white space outside the root goes", "\n <a/>\n\n", &[(EVERY, "<a></a>")]),
    document(
        "C14N 2.3",
        "instructions on lines of their own",
        "<?p?><?q r?><a/><?s?>\n\n<?t?>\n",
        &[(EVERY, "<?p?>\n<?q r?>\n<a></a>\n<?s?>\n<?t?>")],
    ),
    document(
        "C14N 2.3",
        "comments on lines of their own, or without a trace",
        "<!--1-->  <!--2--><a><!--3--></a><!--4-->\n<?p?><!--5-->",
        &[
            (WITH_COMMENTS, "<!--1-->\n<!--2-->\n<a><!--3--></a>\n<!--4-->\n<?p?>\n<!--5-->"),
            (WITHOUT_COMMENTS, "<a></a>\n<?p?>"),
        ],
    ),
    element(
        "C14N 2.3",
        "nothing of it belongs to the root element",
        "<?p?><!--1--><a ID=\"x\"/><?q?>",
        &[(EVERY, "<a ID=\"x\"></a>")],
    ),
    element(
        "C14N 2.3",
        "no lines of their own inside",
        "<r><?p?><a ID=\"x\"><?q?><!--1--></a><?s?></r>",
        &[(WITH_COMMENTS, "<a ID=\"x\"><?q?><!--1--></a>"), (WITHOUT_COMMENTS, "<a ID=\"x\"><?q?></a>")],
    ),
];

const ORDER: &[Case] = &[
    document(
        "C14N 2.2",
        "attributes by local name, code point by code point",
        "<e b=\"1\" a=\"2\" B=\"3\" é=\"4\" a-b=\"5\" aa=\"6\" a.b=\"7\"/>",
        &[(EVERY, "<e B=\"3\" a=\"2\" a-b=\"5\" a.b=\"7\" aa=\"6\" b=\"1\" é=\"4\"></e>")],
    ),
    document(
        "C14N 2.2",
        "not by UTF-16 unit",
        "<e \u{10000}=\"1\" \u{FDF0}=\"2\"/>",
        &[(EVERY, "<e \u{FDF0}=\"2\" \u{10000}=\"1\"></e>")],
    ),
    document(
        "C14N 2.2",
        "attributes by namespace name first, not by prefix",
        "<e xmlns:a=\"urn:2\" xmlns:b=\"urn:1\" a:a=\"1\" b:b=\"2\" z=\"3\"/>",
        &[(EVERY, "<e xmlns:a=\"urn:2\" xmlns:b=\"urn:1\" z=\"3\" b:b=\"2\" a:a=\"1\"></e>")],
    ),
    document(
        "C14N 2.2",
        "two prefixes of one namespace: by local name",
        "<e xmlns:a=\"urn:1\" xmlns:b=\"urn:1\" a:z=\"1\" b:y=\"2\"/>",
        &[(EVERY, "<e xmlns:a=\"urn:1\" xmlns:b=\"urn:1\" b:y=\"2\" a:z=\"1\"></e>")],
    ),
    document(
        "C14N 2.2",
        "`xml:` sorts by its namespace name, http:",
        "<e xmlns:a=\"urn:1\" xmlns:b=\"ftp:1\" a:a=\"1\" xml:lang=\"2\" b:a=\"3\"/>",
        &[(EVERY, "<e xmlns:a=\"urn:1\" xmlns:b=\"ftp:1\" b:a=\"3\" xml:lang=\"2\" a:a=\"1\"></e>")],
    ),
    document(
        "C14N 2.2",
        "declarations before attributes, the default one first, then by prefix",
        "<e a=\"1\" xmlns:b=\"urn:1\" b:c=\"2\" xmlns:A=\"urn:3\" A:c=\"3\" xmlns=\"urn:4\"/>",
        &[(EVERY, "<e xmlns=\"urn:4\" xmlns:A=\"urn:3\" xmlns:b=\"urn:1\" a=\"1\" b:c=\"2\" A:c=\"3\"></e>")],
    ),
    document(
        "C14N 2.2",
        "by the normalised namespace name",
        "<e xmlns:a=\"urn:&#98;\" xmlns:b=\"urn:a\" a:c=\"1\" b:c=\"2\"/>",
        &[(EVERY, "<e xmlns:a=\"urn:b\" xmlns:b=\"urn:a\" b:c=\"2\" a:c=\"1\"></e>")],
    ),
];

const NAMESPACES: &[Case] = &[
    document(
        "C14N 2.3",
        "namespace names are escaped as values are",
        "<p:a xmlns:p='urn:&lt;>&amp;\"&apos;&#9;&#10;&#13;\t'/>",
        &[(EVERY, "<p:a xmlns:p=\"urn:&lt;>&amp;&quot;'&#x9;&#xA;&#xD; \"></p:a>")],
    ),
    document(
        "C14N 2.3",
        "references in namespace names",
        "<p:a xmlns:p=\"ur&#110;:a\"/>",
        &[(EVERY, "<p:a xmlns:p=\"urn:a\"></p:a>")],
    ),
    document(
        "C14N 2.3",
        "`xmlns=\"\"` on the root says nothing",
        "<a xmlns=\"\"><b xmlns=\"\"/></a>",
        &[(EVERY, "<a><b></b></a>")],
    ),
    document(
        "C14N 2.3",
        "`xmlns=\"\"` below a default namespace, once",
        "<a xmlns=\"urn:a\"><b xmlns=\"\"><c xmlns=\"\"/></b></a>",
        &[(EVERY, "<a xmlns=\"urn:a\"><b xmlns=\"\"><c></c></b></a>")],
    ),
    document(
        "C14N 2.3",
        "back to the default namespace below `xmlns=\"\"`",
        "<a xmlns=\"urn:a\"><b xmlns=\"\"><c xmlns=\"urn:a\"/></b></a>",
        &[(EVERY, "<a xmlns=\"urn:a\"><b xmlns=\"\"><c xmlns=\"urn:a\"></c></b></a>")],
    ),
    document(
        "exc-c14n 3",
        "`xmlns=\"\"` on an element that has a prefix",
        "<a xmlns=\"urn:a\" xmlns:p=\"urn:p\"><p:b xmlns=\"\"><c/></p:b></a>",
        &[
            (INCLUSIVE, "<a xmlns=\"urn:a\" xmlns:p=\"urn:p\"><p:b xmlns=\"\"><c></c></p:b></a>"),
            (EXCLUSIVE, "<a xmlns=\"urn:a\"><p:b xmlns:p=\"urn:p\"><c xmlns=\"\"></c></p:b></a>"),
        ],
    ),
    element(
        "C14N 2.3",
        "`xmlns=\"\"` on an apex below a default namespace",
        "<a xmlns=\"urn:a\"><b xmlns=\"\" ID=\"x\"><c/></b></a>",
        &[(EVERY, "<b ID=\"x\"><c></c></b>")],
    ),
    element(
        "C14N 2.3",
        "a default namespace from outside",
        "<a xmlns=\"urn:a\"><b ID=\"x\"><c xmlns=\"\"/></b></a>",
        &[(EVERY, "<b xmlns=\"urn:a\" ID=\"x\"><c xmlns=\"\"></c></b>")],
    ),
    document(
        "C14N 2.3",
        "superfluous declarations go",
        "<p:a xmlns:p=\"urn:p\"><p:b xmlns:p=\"urn:p\"><p:c xmlns:p=\"urn:p\"/></p:b></p:a>",
        &[(EVERY, "<p:a xmlns:p=\"urn:p\"><p:b><p:c></p:c></p:b></p:a>")],
    ),
    document(
        "C14N 2.3",
        "a prefix bound anew, and back",
        "<p:a xmlns:p=\"urn:1\"><p:b xmlns:p=\"urn:2\"><p:c xmlns:p=\"urn:1\"/></p:b><p:d/></p:a>",
        &[(EVERY, "<p:a xmlns:p=\"urn:1\"><p:b xmlns:p=\"urn:2\"><p:c xmlns:p=\"urn:1\"></p:c></p:b><p:d></p:d></p:a>")],
    ),
    document(
        "exc-c14n 3",
        "siblings each declare what their parent does not use",
        "<a xmlns:p=\"urn:p\"><p:b><p:c/></p:b><p:b/><d p:e=\"\"/></a>",
        &[
            (INCLUSIVE, "<a xmlns:p=\"urn:p\"><p:b><p:c></p:c></p:b><p:b></p:b><d p:e=\"\"></d></a>"),
            (
                EXCLUSIVE,
                "<a><p:b xmlns:p=\"urn:p\"><p:c></p:c></p:b><p:b xmlns:p=\"urn:p\"></p:b><d xmlns:p=\"urn:p\" p:e=\"\"></d></a>",
            ),
        ],
    ),
    document(
        "exc-c14n 3",
        "a prefix bound anew by an element that does not use it",
        "<p:a xmlns:p=\"urn:1\"><b xmlns:p=\"urn:2\"><p:c xmlns:p=\"urn:1\"/><p:d/></b></p:a>",
        &[
            (INCLUSIVE, "<p:a xmlns:p=\"urn:1\"><b xmlns:p=\"urn:2\"><p:c xmlns:p=\"urn:1\"></p:c><p:d></p:d></b></p:a>"),
            (EXCLUSIVE, "<p:a xmlns:p=\"urn:1\"><b><p:c></p:c><p:d xmlns:p=\"urn:2\"></p:d></b></p:a>"),
        ],
    ),
    document(
        "exc-c14n 3",
        "unused declarations",
        "<a xmlns=\"urn:a\" xmlns:p=\"urn:p\" b=\"p:c\">p:d</a>",
        &[
            (INCLUSIVE, "<a xmlns=\"urn:a\" xmlns:p=\"urn:p\" b=\"p:c\">p:d</a>"),
            (EXCLUSIVE, "<a xmlns=\"urn:a\" b=\"p:c\">p:d</a>"),
        ],
    ),
    document(
        "exc-c14n 3",
        "an attribute without a prefix uses no default namespace",
        "<p:a xmlns=\"urn:a\" xmlns:p=\"urn:p\" b=\"1\"/>",
        &[
            (INCLUSIVE, "<p:a xmlns=\"urn:a\" xmlns:p=\"urn:p\" b=\"1\"></p:a>"),
            (EXCLUSIVE, "<p:a xmlns:p=\"urn:p\" b=\"1\"></p:a>"),
        ],
    ),
    element(
        "C14N 2.4",
        "what the apex has from outside: the nearest of each",
        "<a xmlns:p=\"urn:1\" xmlns:q=\"urn:q\" xmlns=\"urn:a\"><b xmlns:p=\"urn:2\"><p:c ID=\"x\" xmlns:r=\"urn:r\"/></b></a>",
        &[
            (INCLUSIVE, "<p:c xmlns=\"urn:a\" xmlns:p=\"urn:2\" xmlns:q=\"urn:q\" xmlns:r=\"urn:r\" ID=\"x\"></p:c>"),
            (EXCLUSIVE, "<p:c xmlns:p=\"urn:2\" ID=\"x\"></p:c>"),
        ],
    ),
    document(
        "C14N 2.3",
        "the declaration of `xml` goes",
        "<a xmlns:xml=\"http://www.w3.org/XML/1998/namespace\" xml:lang=\"en\"/>",
        &[(EVERY, "<a xml:lang=\"en\"></a>")],
    ),
];

const PREFIX_LISTS: &[Case] = &[
    document(
        "exc-c14n 3",
        "a listed prefix is declared where the document declares it",
        "<a xmlns:p=\"urn:p\" xmlns:q=\"urn:q\"><q:b/></a>",
        &[(EXCLUSIVE, "<a xmlns:p=\"urn:p\"><q:b xmlns:q=\"urn:q\"></q:b></a>")],
    )
    .listing("p"),
    element(
        "exc-c14n 3",
        "a listed prefix of the context",
        "<a xmlns:p=\"urn:p\" xmlns:q=\"urn:q\"><b ID=\"x\"><p:c/></b></a>",
        &[(EXCLUSIVE, "<b xmlns:p=\"urn:p\" ID=\"x\"><p:c></p:c></b>")],
    )
    .listing("p"),
    element(
        "exc-c14n 3",
        "a listed prefix bound anew by an element that does not use it",
        "<a xmlns:p=\"urn:1\" ID=\"x\"><b xmlns:p=\"urn:2\"><p:c/></b></a>",
        &[(EXCLUSIVE, "<a xmlns:p=\"urn:1\" ID=\"x\"><b xmlns:p=\"urn:2\"><p:c></p:c></b></a>")],
    )
    .listing("p"),
    element(
        "exc-c14n 3",
        "`#default` is the default namespace",
        "<a xmlns=\"urn:a\" xmlns:p=\"urn:p\"><p:b ID=\"x\"><p:c xmlns=\"\"/></p:b></a>",
        &[(EXCLUSIVE, "<p:b xmlns=\"urn:a\" xmlns:p=\"urn:p\" ID=\"x\"><p:c xmlns=\"\"></p:c></p:b>")],
    )
    .listing("#default"),
    element(
        "exc-c14n 3",
        "`#default` where there is none",
        "<a xmlns:p=\"urn:p\"><p:b ID=\"x\"/></a>",
        &[(EXCLUSIVE, "<p:b xmlns:p=\"urn:p\" ID=\"x\"></p:b>")],
    )
    .listing("#default"),
    element(
        "exc-c14n 3",
        "prefixes that nothing declares, or that are out of scope here",
        "<a><b ID=\"x\"/><c xmlns:out=\"urn:o\"/></a>",
        &[(EXCLUSIVE, "<b ID=\"x\"></b>")],
    )
    .listing("never out xml xmlns"),
    element(
        "exc-c14n 4",
        "a list between any white space, with doubles",
        "<a xmlns:p=\"urn:p\" xmlns:q=\"urn:q\"><b ID=\"x\"/></a>",
        &[(EXCLUSIVE, "<b xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" ID=\"x\"></b>")],
    )
    .listing("\n q\t p  q "),
    element(
        "exc-c14n 4",
        "listed prefixes are case-sensitive names, not patterns",
        "<a xmlns:p=\"urn:p\" xmlns:default=\"urn:d\"><b ID=\"x\"/></a>",
        &[(EXCLUSIVE, "<b ID=\"x\"></b>")],
    )
    .listing("P pp #p *"),
    element(
        "exc-c14n 4",
        "the inclusive forms have no list",
        "<a xmlns:p=\"urn:p\" xmlns:q=\"urn:q\"><b ID=\"x\"/></a>",
        &[(INCLUSIVE, "<b xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" ID=\"x\"></b>")],
    )
    .listing("p"),
];

const XML_ATTRIBUTES: &[Case] = &[
    element(
        "C14N 2.4",
        "inherited by the apex, from the nearest ancestor, and by no other element",
        "<a xml:lang=\"en\" xml:space=\"preserve\"><b xml:lang=\"de\"><c ID=\"x\"><d/></c></b></a>",
        &[(INCLUSIVE, "<c ID=\"x\" xml:lang=\"de\" xml:space=\"preserve\"><d></d></c>"), (EXCLUSIVE, "<c ID=\"x\"><d></d></c>")],
    ),
    element(
        "C14N 2.4",
        "its own come first",
        "<a xml:lang=\"en\"><b ID=\"x\" xml:lang=\"\"/></a>",
        &[(EVERY, "<b ID=\"x\" xml:lang=\"\"></b>")],
    ),
    element(
        "C14N 2.2",
        "inherited ones are sorted among its own",
        "<a xml:lang=\"en\" xmlns:p=\"urn:p\" xmlns:f=\"ftp:f\"><b p:c=\"1\" f:c=\"2\" ID=\"x\"/></a>",
        &[(INCLUSIVE, "<b xmlns:f=\"ftp:f\" xmlns:p=\"urn:p\" ID=\"x\" f:c=\"2\" xml:lang=\"en\" p:c=\"1\"></b>")],
    ),
    element(
        "C14N11 2.4",
        "`xml:id` and unknown ones are inherited in 1.0 only",
        "<a xml:id=\"i\" xml:other=\"o\"><b ID=\"x\"/></a>",
        &[
            (VERSION_10, "<b ID=\"x\" xml:id=\"i\" xml:other=\"o\"></b>"),
            (VERSION_11, "<b ID=\"x\"></b>"),
            (EXCLUSIVE, "<b ID=\"x\"></b>"),
        ],
    ),
    element(
        "C14N11 2.4",
        "`xml:base` of ancestors: the nearest in 1.0, joined in 1.1",
        "<a xml:base=\"http://h/p/\"><b xml:base=\"q/r\"><c ID=\"x\"><d xml:base=\"s\"/></c></b></a>",
        &[
            (VERSION_10, "<c ID=\"x\" xml:base=\"q/r\"><d xml:base=\"s\"></d></c>"),
            (VERSION_11, "<c ID=\"x\" xml:base=\"http://h/p/q/r\"><d xml:base=\"s\"></d></c>"),
            (EXCLUSIVE, "<c ID=\"x\"><d xml:base=\"s\"></d></c>"),
        ],
    ),
    element(
        "C14N11 2.4",
        "`xml:base` of the apex is joined to that of its ancestors",
        "<a xml:base=\"../p/q\"><b xml:base=\"./r\" ID=\"x\"/></a>",
        &[
            (VERSION_10, "<b ID=\"x\" xml:base=\"./r\"></b>"),
            (VERSION_11, "<b ID=\"x\" xml:base=\"../p/r\"></b>"),
            (EXCLUSIVE, "<b ID=\"x\" xml:base=\"./r\"></b>"),
        ],
    ),
    element(
        "C14N11 2.4",
        "`xml:base` of an apex without ancestors that have one stays as it is",
        "<a><b xml:base=\"p/../q\" ID=\"x\"/></a>",
        &[(EVERY, "<b ID=\"x\" xml:base=\"p/../q\"></b>")],
    ),
    element(
        "C14N11 2.4",
        "an empty `xml:base` is inherited in 1.0 and left out in 1.1; other empty attributes stay",
        "<a xml:base=\"\"><b ID=\"x\" y=\"\"/></a>",
        &[
            (VERSION_10, "<b ID=\"x\" y=\"\" xml:base=\"\"></b>"),
            (VERSION_11, "<b ID=\"x\" y=\"\"></b>"),
            (EXCLUSIVE, "<b ID=\"x\" y=\"\"></b>"),
        ],
    ),
    document(
        "C14N 2.4",
        "a whole document inherits nothing",
        "<a xml:base=\"p/\" xml:lang=\"en\"><b xml:base=\"q\"/></a>",
        &[(EVERY, "<a xml:base=\"p/\" xml:lang=\"en\"><b xml:base=\"q\"></b></a>")],
    ),
];

/// Canonical XML 1.0 section 1.3: a failure, wherever in the document the name is declared; the twin has an absolute one.
#[test]
fn relative_namespace_names_have_no_canonical_form() {
    for (refused, twin) in [
        ("<a xmlns='b'/>", "<a xmlns='b:'/>"),
        ("<a><b ID='x'/><p:c xmlns:p='../c'/></a>", "<a><b ID='x'/><p:c xmlns:p='c:../c'/></a>"),
        ("<a xmlns:unused='#c'/>", "<a xmlns:unused='c:#c'/>"),
        ("<a xmlns:p='//host/c'/>", "<a xmlns:p='http://host/c'/>"),
    ] {
        for algorithm in Algorithm::ALL {
            let canonical = |xml: &str| Canonicalizer::new(algorithm).to_vec(xml.as_bytes()).map(|_| ());
            assert_eq!(canonical(refused), Err(Error::RelativeNamespaceName), "{refused}");
            assert_eq!(canonical(twin), Ok(()), "{twin}");
        }
    }
}

#[test]
fn algorithms_have_an_identifier_and_a_short_name() {
    for (algorithm, uri, name) in [
        (Algorithm::Inclusive10, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "c14n"),
        (
            Algorithm::Inclusive10WithComments,
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
            "c14n-with-comments",
        ),
        (Algorithm::Inclusive11, "http://www.w3.org/2006/12/xml-c14n11", "c14n11"),
        (Algorithm::Inclusive11WithComments, "http://www.w3.org/2006/12/xml-c14n11#WithComments", "c14n11-with-comments"),
        (Algorithm::Exclusive10, "http://www.w3.org/2001/10/xml-exc-c14n#", "exc-c14n"),
        (Algorithm::Exclusive10WithComments, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments", "exc-c14n-with-comments"),
    ] {
        assert_eq!((algorithm.uri(), algorithm.name()), (uri, name));
        assert_eq!((Algorithm::from_uri(uri), Algorithm::from_name(name)), (Some(algorithm), Some(algorithm)));
    }
    assert_eq!((Algorithm::from_uri("c14n"), Algorithm::from_name("exc-c14n#")), (None, None));
}

#[test]
fn the_apex_is_one_element() {
    let canonical = |xml: &str| Canonicalizer::new(Exclusive10).element("x").to_vec(xml.as_bytes());
    for (xml, expected) in [
        ("<a><b ID='x'/></a>", Ok("<b ID=\"x\"></b>")),
        ("<a><b Id='x'/></a>", Ok("<b Id=\"x\"></b>")),
        ("<a><b id='&#120;'/></a>", Ok("<b id=\"x\"></b>")),
        ("<a><b xml:id='x'/></a>", Ok("<b xml:id=\"x\"></b>")),
        ("<a><b iD='x'/></a>", Err(Error::NoSuchElement)),
        ("<a><b ID='X'/></a>", Err(Error::NoSuchElement)),
        ("<a ID='x'><b ID='x'/></a>", Err(Error::SeveralElements)),
        ("<a ID='x'><b xml:id='x'/></a>", Err(Error::SeveralElements)),
    ] {
        assert_eq!(canonical(xml), expected.map(|text| text.as_bytes().to_vec()), "{xml}");
    }
}

// What has to hold for every document

/// Checks a property of generated documents, each with bytes that decide how it is written. The documents are the same in
/// every run.
fn holds(property: impl Fn(Document, &[u8]) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let bytes = (vec(any::<u8>(), 0..400), vec(any::<u8>(), 0..600));
    let result = runner.run(&bytes, |(model, style)| property(Document::generate(&mut Entropy::new(&model)), &style));
    if let Err(TestError::Fail(reason, (model, style))) = result {
        let document = Document::generate(&mut Entropy::new(&model));
        panic!("{reason}\nof {document:?}\nwritten {}", document.write(&mut Entropy::new(&style), Unused::Left));
    }
    assert_eq!(result, Ok(()));
}

fn plain(document: &Document) -> String {
    document.write(&mut Entropy::new(&[]), Unused::Left)
}

fn canonical(algorithm: Algorithm, xml: &str) -> String {
    let octets = Canonicalizer::new(algorithm).to_vec(xml.as_bytes()).unwrap_or_else(|error| panic!("{error}: {xml:?}"));
    String::from_utf8(octets).expect("canonical form is UTF-8")
}

#[test]
fn canonical_form_is_a_fixed_point() {
    holds(|document, style| {
        let xml = document.write(&mut Entropy::new(style), Unused::Added);
        for algorithm in Algorithm::ALL {
            let once = canonical(algorithm, &xml);
            prop_assert_eq!(canonical(algorithm, &once), once, "{}", algorithm.name());
        }
        Ok(())
    });
}

#[test]
fn how_a_document_is_written_does_not_change_its_canonical_form() {
    holds(|document, style| {
        let written = document.write(&mut Entropy::new(style), Unused::Left);
        for algorithm in Algorithm::ALL {
            prop_assert_eq!(canonical(algorithm, &written), canonical(algorithm, &plain(&document)), "{}", algorithm.name());
        }
        Ok(())
    });
}

#[test]
fn unused_declarations_change_no_exclusive_form() {
    holds(|document, style| {
        let written = document.write(&mut Entropy::new(style), Unused::Added);
        for &algorithm in EXCLUSIVE {
            prop_assert_eq!(canonical(algorithm, &written), canonical(algorithm, &plain(&document)), "{}", algorithm.name());
        }
        Ok(())
    });
}

/// One character, anywhere in texts, values, instructions and comments. A comment counts only where comments are kept.
#[test]
fn changed_content_changes_the_canonical_form() {
    holds(|document, style| {
        let mut changed = document.clone();
        let style = &mut Entropy::new(style);
        let Some(in_comment) = change_a_character(&mut changed, style) else { return Ok(()) };
        let (before, after) = (document.write(style, Unused::Left), changed.write(style, Unused::Left));
        for algorithm in Algorithm::ALL {
            let shows = !in_comment || WITH_COMMENTS.contains(&algorithm);
            let differs = canonical(algorithm, &before) != canonical(algorithm, &after);
            prop_assert_eq!(differs, shows, "{}", algorithm.name());
        }
        Ok(())
    });
}

/// Puts `z`, which the generator never writes, in the place of a character; tells whether that is in a comment.
fn change_a_character(document: &mut Document, choice: &mut Entropy<'_>) -> Option<bool> {
    let (mut contents, comments) = document.contents();
    let first_comment = contents.len();
    contents.extend(comments);
    let mut places: Vec<_> = contents.into_iter().enumerate().filter(|(_, content)| !content.is_empty()).collect();
    let place = choice.below(places.len().clamp(1, 256));
    let (index, content) = places.get_mut(place)?;
    let at = choice.below(content.chars().count().min(256));
    **content = content.chars().enumerate().map(|(index, c)| if index == at { 'z' } else { c }).collect();
    Some(*index >= first_comment)
}

/// Of the document and of an element in it, with any PrefixList. 1.1 is left out for elements: it joins `xml:base`.
#[test]
fn canonical_form_is_what_a_naive_reading_of_the_specifications_gives() {
    holds(|document, style| {
        let style = &mut Entropy::new(style);
        let identifiers = document.identifiers();
        let apex = (!identifiers.is_empty()).then(|| &identifiers[style.below(identifiers.len().min(256))]);
        let prefix_list = style.pick(&["", "p", "#default", "pq #default é", "unused P", "p P pq é #default"]);
        let written = document.write(style, Unused::Left);
        for algorithm in Algorithm::ALL {
            let canonicalizer = Canonicalizer::new(algorithm).inclusive_prefixes(prefix_list);
            let of_document = canonicalizer.to_vec(written.as_bytes()).map(String::from_utf8);
            prop_assert_eq!(of_document, Ok(Ok(Naive::new(algorithm, prefix_list).document(&document))), "{}", algorithm.name());
            let Some(id) = apex.filter(|_| !VERSION_11.contains(&algorithm)) else { continue };
            let of_element = canonicalizer.element(id).to_vec(written.as_bytes()).map(String::from_utf8);
            let expected = Naive::new(algorithm, prefix_list).element_of(&document, id);
            prop_assert_eq!(of_element, Ok(Ok(expected)), "{} of {}, {:?}", algorithm.name(), id, prefix_list);
        }
        Ok(())
    });
}

/// Canonical XML 1.0 section 2.3 and exc-c14n section 3, written down as they read, for a document of the generator.
struct Naive<'a> {
    algorithm: Algorithm,
    prefix_list: Vec<&'a str>,
    out: String,
}

/// What is around an element: its ancestors' declarations, and their `xml:` attributes, the nearest last.
#[derive(Clone, Default)]
struct Context {
    scope: Scope,
    xml: Vec<Attribute>,
}

impl Context {
    fn inside(&self, element: &Element) -> Self {
        let xml = element.attributes.iter().filter(|attribute| attribute.name.prefix == "xml");
        Self {
            scope: self.scope.iter().chain(&element.declarations).copied().collect(),
            xml: self.xml.iter().chain(xml).cloned().collect(),
        }
    }
}

impl<'a> Naive<'a> {
    fn new(algorithm: Algorithm, prefix_list: &'a str) -> Self {
        let prefix_list = prefix_list.split_ascii_whitespace().map(|prefix| if prefix == "#default" { "" } else { prefix });
        let prefix_list = prefix_list.filter(|_| algorithm.is_exclusive()).collect();
        Self { algorithm, prefix_list, out: String::new() }
    }

    fn document(mut self, document: &Document) -> String {
        for node in self.shown(&document.before) {
            self.node(node, &Context::default(), &BTreeMap::new());
            self.out.push('\n');
        }
        self.element(&document.root, &Context::default(), &BTreeMap::new(), &[]);
        for node in self.shown(&document.after) {
            self.out.push('\n');
            self.node(node, &Context::default(), &BTreeMap::new());
        }
        self.out
    }

    fn element_of(mut self, document: &Document, id: &str) -> String {
        let mut pending = vec![(&document.root, Context::default())];
        while let Some((element, context)) = pending.pop() {
            if element.attributes.iter().any(|attribute| attribute.name.local == "ID" && attribute.value == id) {
                let inherited = if self.algorithm.is_exclusive() { Vec::new() } else { context.xml.clone() };
                self.element(element, &context, &BTreeMap::new(), &inherited);
            }
            let inside = context.inside(element);
            pending.extend(element.children.iter().filter_map(|child| match child {
                Node::Element(child) => Some((child, inside.clone())),
                _ => None,
            }));
        }
        self.out
    }

    fn shown<'n>(&self, nodes: &'n [Node]) -> impl Iterator<Item = &'n Node> + use<'n> {
        let with_comments = WITH_COMMENTS.contains(&self.algorithm);
        nodes.iter().filter(move |node| with_comments || !matches!(node, Node::Comment(_)))
    }

    fn node(&mut self, node: &Node, context: &Context, rendered: &BTreeMap<&'static str, &'static str>) {
        match node {
            Node::Element(element) => self.element(element, context, rendered, &[]),
            Node::Text(text) => self.out += &escaped(text, &[('>', "&gt;")]),
            Node::Comment(text) => self.out += &format!("<!--{text}-->"),
            Node::Instruction { target, data } if data.is_empty() => self.out += &format!("<?{target}?>"),
            Node::Instruction { target, data } => self.out += &format!("<?{target} {data}?>"),
        }
    }

    fn element(
        &mut self,
        element: &Element,
        context: &Context,
        rendered: &BTreeMap<&'static str, &'static str>,
        inherited: &[Attribute],
    ) {
        let inside = context.inside(element);
        let mut rendered = rendered.clone();
        self.out += &format!("<{}", element.name);
        for prefix in self.candidates(element, &inside.scope) {
            let name = bound(&inside.scope, prefix);
            if rendered.insert(prefix, name).unwrap_or_default() != name {
                let colon = if prefix.is_empty() { "" } else { ":" };
                self.out += &format!(" xmlns{colon}{prefix}=\"{}\"", escaped_value(name));
            }
        }
        // Later ones replace earlier ones: the nearest ancestor's, then the element's own.
        let mut attributes = BTreeMap::new();
        for attribute in inherited.iter().chain(&element.attributes) {
            let prefix = attribute.name.prefix;
            let namespace = if prefix.is_empty() { "" } else { bound(&inside.scope, prefix) };
            attributes.insert((namespace, attribute.name.local), attribute);
        }
        for Attribute { name, value } in attributes.into_values() {
            self.out += &format!(" {name}=\"{}\"", escaped_value(value));
        }
        self.out.push('>');
        for child in self.shown(&element.children) {
            self.node(child, &inside, &rendered);
        }
        self.out += &format!("</{}>", element.name);
    }

    /// The prefixes that are declared here unless the output has them bound already.
    fn candidates(&self, element: &Element, scope: &Scope) -> BTreeSet<&'static str> {
        let in_scope = scope.iter().map(|&(prefix, _)| prefix);
        if !self.algorithm.is_exclusive() {
            return in_scope.collect();
        }
        let of_attributes = element.attributes.iter().map(|attribute| attribute.name.prefix);
        let used = of_attributes.filter(|prefix| !["", "xml"].contains(prefix)).chain([element.name.prefix]);
        used.chain(in_scope.filter(|prefix| self.prefix_list.contains(prefix))).collect()
    }
}

fn escaped(text: &str, more: &[(char, &str)]) -> String {
    let common = [('&', "&amp;"), ('<', "&lt;"), ('\r', "&#xD;")];
    let replacement = |c| common.iter().chain(more).find(|&&(from, _)| from == c).map(|&(_, to)| to.to_owned());
    text.chars().map(|c| replacement(c).unwrap_or_else(|| c.to_string())).collect()
}

fn escaped_value(value: &str) -> String {
    escaped(value, &[('"', "&quot;"), ('\t', "&#x9;"), ('\n', "&#xA;")])
}
