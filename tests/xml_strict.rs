//! What the parser takes and what it refuses: every rule of XML 1.0 and of Namespaces in XML 1.0 that tokenizers are known to
//! let pass, the policy of this crate on top, and where a refusal points.
//!
//! Every refused document has a twin that differs in one thing and is taken.

mod common;

use common::conclude;
use saml_verify::XmlErrorKind::{
    self, Doctype, DocumentTooLarge, ForbiddenCharacter, LimitExceeded, Namespace, NotWellFormed, WideEncoding,
};
use saml_verify::canonical::{Algorithm, Canonicalizer, Error};
use saml_verify::{Limits, Position, XmlError};

struct Case {
    name: &'static str,
    xml: Vec<u8>,
    verdict: Verdict,
}

enum Verdict {
    Taken,
    /// Taken, and read as what has that canonical form.
    Read(&'static str),
    Refused {
        kind: XmlErrorKind,
        twin: Vec<u8>,
    },
}

fn taken(name: &'static str, xml: impl Into<Vec<u8>>) -> Case {
    Case { name, xml: xml.into(), verdict: Verdict::Taken }
}

fn read(name: &'static str, xml: impl Into<Vec<u8>>, canonical: &'static str) -> Case {
    Case { name, xml: xml.into(), verdict: Verdict::Read(canonical) }
}

fn not_utf8(declared: Option<&str>) -> XmlErrorKind {
    XmlErrorKind::NotUtf8 { declared: declared.map(Into::into) }
}

fn mismatch(declared: &str) -> XmlErrorKind {
    XmlErrorKind::EncodingMismatch { declared: declared.into() }
}

fn refused(name: &'static str, xml: impl Into<Vec<u8>>, kind: XmlErrorKind, twin: impl Into<Vec<u8>>) -> Case {
    Case { name, xml: xml.into(), verdict: Verdict::Refused { kind, twin: twin.into() } }
}

/// The canonical form; `None` for a document that is taken and has none, because a namespace name is relative.
fn parse(xml: &[u8], limits: Limits) -> Result<Option<String>, XmlError> {
    match Canonicalizer::new(Algorithm::Inclusive10WithComments).limits(limits).to_vec(xml) {
        Ok(octets) => Ok(Some(String::from_utf8(octets).expect("canonical form is UTF-8"))),
        Err(Error::RelativeNamespaceName) => Ok(None),
        Err(Error::Xml(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

fn verdict(xml: &[u8]) -> Result<Option<String>, XmlErrorKind> {
    parse(xml, Limits::DEFAULT).map_err(|error| error.kind)
}

#[test]
fn what_is_taken_and_what_is_refused() {
    let mut wrong = Vec::new();
    let cases: Vec<Case> = SECTIONS.iter().flat_map(|section| section()).collect();
    for case in &cases {
        let got = verdict(&case.xml);
        let fits = match &case.verdict {
            Verdict::Taken => got.is_ok(),
            Verdict::Read(canonical) => got.as_ref().is_ok_and(|got| got.as_deref() == Some(*canonical)),
            Verdict::Refused { kind, twin } => {
                if let Err(kind) = verdict(twin) {
                    wrong.push(format!("the twin of {}: {kind:?}", case.name));
                }
                got.as_ref().is_err_and(|got| got == kind)
            }
        };
        if !fits {
            wrong.push(format!("{}: {got:?}", case.name));
        }
    }
    conclude("strictness", cases.len(), &wrong);
}

const SECTIONS: &[fn() -> Vec<Case>] = &[
    entity_references,
    character_references,
    characters,
    attributes,
    names,
    namespaces,
    structure,
    text_and_line_ends,
    comments,
    processing_instructions,
    declaration_and_encoding,
    doctype_and_cdata,
    sizes,
    corners,
    further_corners,
];

fn entity_references() -> Vec<Case> {
    vec![
        refused("undefined general entity in text", "<a>&foo;</a>", UNKNOWN_REFERENCE, "<a>&amp;</a>"),
        refused("undefined general entity in attribute", "<a b=\"&foo;\"/>", UNKNOWN_REFERENCE, "<a b=\"&amp;\"/>"),
        read("predefined entities in text", "<a>&lt;&gt;&amp;&apos;&quot;</a>", "<a>&lt;&gt;&amp;'\"</a>"),
        refused("bare & in text", "<a>x & y</a>", AMPERSAND_IN_TEXT, "<a>x &amp; y</a>"),
        refused("bare & in text, later ;", "<a>x & y;</a>", UNKNOWN_REFERENCE, "<a>x &amp; y;</a>"),
        refused("bare & in attribute", "<a b=\"x & y\"/>", AMPERSAND_IN_VALUE, "<a b=\"x &amp; y\"/>"),
        refused("bare & then ; in attribute", "<a b=\"x & y;\"/>", UNKNOWN_REFERENCE, "<a b=\"x &amp; y;\"/>"),
        refused("&; empty reference in text", "<a>&;</a>", UNKNOWN_REFERENCE, "<a>&lt;</a>"),
        refused("entity name with invalid characters in text", "<a>&1x;</a>", UNKNOWN_REFERENCE, "<a>&#1234;</a>"),
        refused("predefined entity with a space", "<a>& lt;</a>", UNKNOWN_REFERENCE, "<a>&lt;</a>"),
        refused("HTML entity in text", "<a>&nbsp;</a>", UNKNOWN_REFERENCE, "<a>&#160;</a>"),
        refused("HTML entity in attribute", "<a b=\"&copy;\"/>", UNKNOWN_REFERENCE, "<a b=\"&#169;\"/>"),
    ]
}

fn character_references() -> Vec<Case> {
    vec![
        refused("&#0; in text", "<a>&#0;</a>", UNKNOWN_REFERENCE, "<a>&#9;</a>"),
        refused("&#1; in text", "<a>&#1;</a>", UNKNOWN_REFERENCE, "<a>&#10;</a>"),
        refused("&#x1F; in text", "<a>&#x1F;</a>", UNKNOWN_REFERENCE, "<a>&#x20;</a>"),
        refused("&#xFFFE; in text", "<a>&#xFFFE;</a>", UNKNOWN_REFERENCE, "<a>&#xFFFD;</a>"),
        refused("&#xFFFF; in attribute", "<a b=\"&#xFFFF;\"/>", UNKNOWN_REFERENCE, "<a b=\"&#xFFFD;\"/>"),
        refused("&#1; in attribute", "<a b=\"&#1;\"/>", UNKNOWN_REFERENCE, "<a b=\"&#13;\"/>"),
        refused("&#0; in attribute", "<a b=\"&#0;\"/>", UNKNOWN_REFERENCE, "<a b=\"&#9;\"/>"),
        refused("&#xD800; (surrogate)", "<a>&#xD800;</a>", UNKNOWN_REFERENCE, "<a>&#xD7FF;</a>"),
        refused("&#x110000;", "<a>&#x110000;</a>", UNKNOWN_REFERENCE, "<a>&#x10FFFF;</a>"),
        refused("&#-65; sign", "<a>&#-65;</a>", UNKNOWN_REFERENCE, "<a>&#65;</a>"),
        refused("&#+65; sign", "<a>&#+65;</a>", UNKNOWN_REFERENCE, "<a>&#65;</a>"),
        refused("&#; empty", "<a>&#;</a>", UNKNOWN_REFERENCE, "<a>&#65;</a>"),
        refused("&#x; empty hex", "<a>&#x;</a>", UNKNOWN_REFERENCE, "<a>&#x41;</a>"),
        refused("&#X41; upper-case X", "<a>&#X41;</a>", UNKNOWN_REFERENCE, "<a>&#x41;</a>"),
        read("many zeros", "<a>&#x00000000000000041;</a>", "<a>A</a>"),
        refused("&#65 unterminated in text", "<a>&#65</a>", AMPERSAND_IN_TEXT, "<a>&#65;</a>"),
        refused("character reference outside root", "<a/>&#65;", REFERENCE_OUTSIDE_ROOT, "<a>&#65;</a>"),
        refused("predefined entity before root", "&lt;<a/>", REFERENCE_OUTSIDE_ROOT, "<a>&lt;</a>"),
        refused("ampersand before root", "&amp;<a/>", REFERENCE_OUTSIDE_ROOT, "<a>&amp;</a>"),
        refused("bare & after root", "<a/>&amp", AMPERSAND_IN_TEXT, "<a>&amp;</a>"),
        refused("ampersand after root", "<a/>&amp;", REFERENCE_OUTSIDE_ROOT, "<a>&amp;</a>"),
        read("&#13; in text stays a carriage return", "<a>&#13;</a>", "<a>&#xD;</a>"),
    ]
}

fn characters() -> Vec<Case> {
    vec![
        refused("NUL byte in text", "<a>\0</a>", ForbiddenCharacter, "<a>0</a>"),
        refused("NUL byte in attribute value", "<a b=\"\0\"/>", ForbiddenCharacter, "<a b=\"0\"/>"),
        refused("NUL in element name", "<ab\0c/>", ForbiddenCharacter, "<ab0c/>"),
        refused("U+0001 in text", "<a>\u{1}</a>", ForbiddenCharacter, "<a>1</a>"),
        refused("U+0001 in attribute", "<a b=\"\u{1}\"/>", ForbiddenCharacter, "<a b=\"1\"/>"),
        refused("U+000B (VT) in text", "<a>\u{B}</a>", ForbiddenCharacter, "<a>\u{9}\u{A}\u{D}</a>"),
        // Where octets are looked at in blocks, both have one place.
        refused(
            "U+0001 twice, sixteen bytes apart",
            "<a>\u{1}0123456789abcde\u{1}0123456789abcde</a>",
            ForbiddenCharacter,
            "<a>00123456789abcde00123456789abcde</a>",
        ),
        refused("U+FFFE in text", "<a>\u{FFFE}</a>", ForbiddenCharacter, "<a>\u{FFFD}</a>"),
        refused("U+FFFF in text", "<a>\u{FFFF}</a>", ForbiddenCharacter, "<a>\u{10000}</a>"),
        read("U+007F, U+0085 (allowed)", "<a>\u{7F}\u{85}</a>", "<a>\u{7F}\u{85}</a>"),
        refused("U+0001 in comment", "<a><!--\u{1}--></a>", ForbiddenCharacter, "<a><!--1--></a>"),
        refused("U+0001 in PI", "<a><?p \u{1}?></a>", ForbiddenCharacter, "<a><?p 1?></a>"),
        refused("U+0001 in CDATA", "<a><![CDATA[\u{1}]]></a>", ForbiddenCharacter, "<a><![CDATA[1]]></a>"),
        refused("invalid UTF-8 byte 0xFF in text", b"<a>\xFF</a>", not_utf8(None), b"<a>\xC3\xBF</a>"),
        refused("overlong UTF-8 (C0 80)", b"<a>\xC0\x80</a>", not_utf8(None), b"<a>\xC2\x80</a>"),
        refused("CESU surrogate (ED A0 80)", b"<a>\xED\xA0\x80</a>", not_utf8(None), b"<a>\xED\x9F\xBF</a>"),
    ]
}

fn attributes() -> Vec<Case> {
    vec![
        refused("raw < in attribute value", "<a b=\"<\"/>", LESS_IN_VALUE, "<a b=\"&lt;\"/>"),
        read("raw > in attribute value (allowed)", "<a b=\">\"/>", "<a b=\">\"></a>"),
        refused("unquoted attribute", "<a b=1/>", NO_QUOTES, "<a b='1'/>"),
        refused("attribute without value", "<a b/>", NO_VALUE, "<a b=''/>"),
        refused("no white space between attributes", "<a b=\"1\"c=\"2\"/>", NO_SPACE, "<a b=\"1\" c=\"2\"/>"),
        refused("duplicate attribute (same QName)", "<a b=\"1\" b=\"1\"/>", DOUBLED, "<a b=\"1\" c=\"1\"/>"),
        refused(
            "duplicate declaration",
            "<a xmlns:p=\"urn:p\" xmlns:p=\"urn:q\"/>",
            DOUBLED,
            "<a xmlns:p=\"urn:p\" xmlns:q=\"urn:q\"/>",
        ),
        refused(
            "duplicate default xmlns",
            "<a xmlns=\"urn:a\" xmlns=\"urn:a\"/>",
            DOUBLED,
            "<a xmlns=\"urn:a\" xmln=\"urn:a\"/>",
        ),
        refused(
            "duplicate by expanded name",
            "<a xmlns:p=\"urn:n\" xmlns:q=\"urn:n\" p:b=\"1\" q:b=\"2\"/>",
            DOUBLED_EXPANDED,
            "<a xmlns:p=\"urn:n\" xmlns:q=\"urn:m\" p:b=\"1\" q:b=\"2\"/>",
        ),
        refused("attribute name with two colons", "<a xml:b:c=\"1\"/>", ATTRIBUTE_NAME, "<a xml:bc=\"1\"/>"),
        refused("attribute name starts with digit", "<a 1b=\"1\"/>", ATTRIBUTE_NAME, "<a b1=\"1\"/>"),
        refused("attribute name with invalid character (!)", "<a b!=\"1\"/>", NO_VALUE, "<a b=\"1\"/>"),
        refused("attribute name empty (=\"x\")", "<a =\"x\"/>", ATTRIBUTE_NAME, "<a b=\"x\"/>"),
        refused("attribute name with an empty prefix", "<a :b=\"1\"/>", ATTRIBUTE_NAME, "<a b=\"1\"/>"),
        refused("attribute name with a trailing colon", "<a b:=\"1\"/>", ATTRIBUTE_NAME, "<a b=\"1\"/>"),
        refused("attributes in end tag", "<a></a b=\"1\">", MISMATCHED_END, "<a b=\"1\"></a>"),
        read("white space around = (allowed)", "<a b = \"1\" c\n=\t'2'/>", "<a b=\"1\" c=\"2\"></a>"),
        refused("mixed quotes", "<a b=\"1'/>", VALUE_WITHOUT_END, "<a b=\"1\"/>"),
        refused("attributes separated by U+00A0", "<a b=\"1\"\u{A0}c=\"2\"/>", NO_SPACE, "<a b=\"1\"\u{20}c=\"2\"/>"),
        refused("attributes separated by form feed", "<a b=\"1\"\u{C}c=\"2\"/>", ForbiddenCharacter, "<a b=\"1\"\u{A}c=\"2\"/>"),
        refused("/ inside the tag", "<a / b=\"1\"/>", ATTRIBUTE_NAME, "<a b=\"1\"/>"),
        refused("malformed attribute hides later xmlns", "<p:a b xmlns:p=\"urn:p\"/>", NO_VALUE, "<p:a b='' xmlns:p=\"urn:p\"/>"),
    ]
}

fn names() -> Vec<Case> {
    vec![
        refused("element name starts with digit", "<1a/>", ELEMENT_NAME, "<a1/>"),
        refused("element name starts with -", "<-a/>", ELEMENT_NAME, "<a-/>"),
        refused("element name with invalid character", "<a$b/>", ELEMENT_NAME, "<a_b/>"),
        refused("element name empty <>", "<></>", ELEMENT_NAME, "<a></a>"),
        refused("element name empty < a>", "< a/>", ELEMENT_NAME, "<a />"),
        refused("end tag with leading space </ a>", "<a></ a>", MISMATCHED_END, "<a></a>"),
        taken("end tag with trailing space (allowed)", "<a></a >"),
        refused("element name with quote characters", "<a\"b\"c/>", ELEMENT_NAME, "<abc/>"),
        refused("element name with two colons", "<p:b:c xmlns:p=\"urn:p\"/>", ELEMENT_NAME, "<p:bc xmlns:p=\"urn:p\"/>"),
        refused("element name with leading colon", "<:a/>", ELEMENT_NAME, "<a/>"),
        refused("element name with trailing colon", "<p: xmlns:p=\"urn:p\"/>", ELEMENT_NAME, "<p:a xmlns:p=\"urn:p\"/>"),
        refused("local part starts with digit", "<p:1a xmlns:p=\"urn:p\"/>", ELEMENT_NAME, "<p:a1 xmlns:p=\"urn:p\"/>"),
        refused("element with the prefix xmlns", "<xmlns:a/>", XMLNS_ELEMENT, "<xml:a/>"),
        taken("element of the name xmlns (allowed)", "<xmlns/>"),
        taken("non-ASCII name (allowed)", "<é漢\u{10000} ö='1'/>"),
        refused("combining character as first name character", "<\u{300}a/>", ELEMENT_NAME, "<a\u{300}/>"),
    ]
}

fn namespaces() -> Vec<Case> {
    vec![
        refused("undeclared element prefix", "<p:a/>", UNDECLARED, "<p:a xmlns:p='urn:p'/>"),
        refused("undeclared attribute prefix", "<a p:b=''/>", UNDECLARED, "<a p:b='' xmlns:p='urn:p'/>"),
        refused(
            "xmlns:xml bound to another name",
            "<a xmlns:xml='urn:x'/>",
            XML_REBOUND,
            "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
        ),
        taken("xmlns:xml bound to its name (allowed)", "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:b=''/>"),
        refused(
            "other prefix bound to the namespace of xml",
            "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
            XML_NAMESPACE_TAKEN,
            "<a xmlns:p='http://www.w3.org/XML/1998/Namespace'/>",
        ),
        refused(
            "other prefix bound to the namespace of xml, with a reference",
            "<a xmlns:p='http://www.w3.org/XML/1998/namespac&#101;'/>",
            XML_NAMESPACE_TAKEN,
            "<a xmlns:p='http://www.w3.org/XML/1998/namespac&#102;'/>",
        ),
        refused(
            "default namespace is that of xml",
            "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
            XML_NAMESPACE_TAKEN,
            "<a xmlns='http://www.w3.org/XML/1998/namespace/'/>",
        ),
        refused(
            "xmlns:xmlns declared",
            "<a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>",
            XMLNS_DECLARED,
            "<a xmlns:xmln='urn:x'/>",
        ),
        refused(
            "prefix bound to the namespace of xmlns",
            "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
            XMLNS_NAMESPACE_TAKEN,
            "<a xmlns:p='http://www.w3.org/2000/xmlns'/>",
        ),
        refused(
            "default namespace is that of xmlns",
            "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
            XMLNS_NAMESPACE_TAKEN,
            "<a xmlns='http://www.w3.org/2000/xmlns'/>",
        ),
        taken("xmlns=\"\" undeclares the default (allowed)", "<a xmlns='urn:a'><b xmlns=''/></a>"),
        refused("xmlns:p=\"\" (forbidden in 1.0)", "<a xmlns:p=''/>", BOUND_TO_NOTHING, "<a xmlns=''/>"),
        refused("xmlns:p=\"\" then p: used", "<p:a xmlns:p=''/>", BOUND_TO_NOTHING, "<p:a xmlns:p='urn:p'/>"),
        refused("xmlns: with empty prefix", "<a xmlns:='urn:u'/>", ATTRIBUTE_NAME, "<a xmlns='urn:u'/>"),
        read("xmlns value with character reference", "<p:a xmlns:p='ur&#110;:p'/>", "<p:a xmlns:p=\"urn:p\"></p:a>"),
        read("xmlns value with entity &amp;", "<p:a xmlns:p='urn:&amp;'/>", "<p:a xmlns:p=\"urn:&amp;\"></p:a>"),
        read("xmlns value with newline and tab", "<p:a xmlns:p='urn:\n\tp'/>", "<p:a xmlns:p=\"urn:  p\"></p:a>"),
        refused("xmlns value with undefined entity", "<p:a xmlns:p='urn:&e;'/>", UNKNOWN_REFERENCE, "<p:a xmlns:p='urn:&gt;'/>"),
        taken("relative namespace URI (no canonical form)", "<a xmlns='relative'/>"),
        refused("prefix starts with digit", "<a xmlns:1p='urn:p'/>", ATTRIBUTE_NAME, "<a xmlns:p1='urn:p'/>"),
        taken("xml:id, xml:lang without declaration (allowed)", "<a xml:id='x' xml:lang='en'/>"),
        refused(
            "end tag with other prefix, same namespace",
            "<p:a xmlns:p='urn:n' xmlns:q='urn:n'></q:a>",
            MISMATCHED_END,
            "<p:a xmlns:p='urn:n' xmlns:q='urn:n'></p:a>",
        ),
        refused(
            "prefix out of scope after sibling",
            "<a><b xmlns:p='urn:p'/><p:c/></a>",
            UNDECLARED,
            "<a xmlns:p='urn:p'><b/><p:c/></a>",
        ),
        taken("prefix declared on the same element, later (allowed)", "<p:a p:b='' xmlns:p='urn:p'/>"),
        read(
            "names that end alike",
            "<p:a xmlns:p='urn:p:namespace'><q:b xmlns:q='urn:q:namespace'/></p:a>",
            "<p:a xmlns:p=\"urn:p:namespace\"><q:b xmlns:q=\"urn:q:namespace\"></q:b></p:a>",
        ),
        read(
            "a tag again that declares",
            "<a><p:b xmlns:p=\"urn:p\"/><p:b xmlns:p=\"urn:p\"/></a>",
            "<a><p:b xmlns:p=\"urn:p\"></p:b><p:b xmlns:p=\"urn:p\"></p:b></a>",
        ),
        refused(
            "a tag again, its prefix bound otherwise",
            "<a xmlns:p='urn:n' xmlns:q='urn:m'><c/><b p:d='' q:d=''/><a xmlns:q='urn:n'><c/><b p:d='' q:d=''/></a></a>",
            DOUBLED_EXPANDED,
            "<a xmlns:p='urn:n' xmlns:q='urn:m'><c/><b p:d='' q:d=''/><a xmlns:q='urn:o'><c/><b p:d='' q:d=''/></a></a>",
        ),
        refused(
            "a tag again, its prefix no longer bound",
            "<a><a xmlns:p='urn:p'><c/><p:b/></a><c/><p:b/></a>",
            UNDECLARED,
            "<a xmlns:p='urn:q'><a xmlns:p='urn:p'><c/><p:b/></a><c/><p:b/></a>",
        ),
    ]
}

fn structure() -> Vec<Case> {
    vec![
        refused("empty document", "", NO_ROOT, "<a/>"),
        refused("only white space", " \n", NO_ROOT, " \n<a/>"),
        refused("only a comment", "<!-- x -->", NO_ROOT, "<!-- x --><a/>"),
        refused("two roots", "<a/><b/>", TWO_ROOTS, "<a><b/></a>"),
        refused("text before root", "x<a/>", TEXT_OUTSIDE_ROOT, " <a/>"),
        refused("text after root", "<a/>x", TEXT_OUTSIDE_ROOT, "<a/> "),
        refused("CDATA outside root", "<a/><![CDATA[ ]]>", CDATA_OUTSIDE_ROOT, "<a><![CDATA[ ]]></a>"),
        refused("unclosed root", "<a>", ENDS_INSIDE, "<a></a>"),
        refused("unclosed nested", "<a><b></a>", MISMATCHED_END, "<a><b/></a>"),
        refused("mismatched end", "<a></b>", MISMATCHED_END, "<b></b>"),
        refused("end tag without start", "</a>", MISMATCHED_END, "<a></a>"),
        refused("case-different end tag", "<a></A>", MISMATCHED_END, "<A></A>"),
        refused(
            "an end tag that differs in its nineteenth character",
            "<a><b123456789012345678></b123456789012345679><!-- much behind it --></a>",
            MISMATCHED_END,
            "<a><b123456789012345678></b123456789012345678><!-- much behind it --></a>",
        ),
        refused("extra end tag", "<a></a></a>", MISMATCHED_END, "<a><a></a></a>"),
        refused("document truncated in a tag", "<a><b", TAG_WITHOUT_END, "<a><b/></a>"),
        refused("document truncated in attribute", "<a b=\"1", TAG_WITHOUT_END, "<a b=\"1\"/>"),
        refused("document truncated behind attribute", "<a b=\"1\"", TAG_WITHOUT_END, "<a b=\"1\"/>"),
        refused("document truncated behind white space", "<a b=\"1\" ", TAG_WITHOUT_END, "<a b=\"1\" />"),
        refused("trailing NUL after root", "<a/>\0", ForbiddenCharacter, "<a/>\n"),
    ]
}

fn text_and_line_ends() -> Vec<Case> {
    vec![
        refused("]]> in text", "<a>x]]>y</a>", SECTION_END_IN_TEXT, "<a>x]]&gt;y</a>"),
        read("> in text (allowed)", "<a>x]>]] >y</a>", "<a>x]&gt;]] &gt;y</a>"),
        read("CRLF and CR in text", "<a>x\r\ny\rz</a>", "<a>x\ny\nz</a>"),
        read("attribute with TAB, LF, CRLF", "<a b=\"x\ty\nz\r\n\"/>", "<a b=\"x y z \"></a>"),
        read("attribute with &#9;&#10;&#13;", "<a b=\"&#9;&#10;&#13;\"/>", "<a b=\"&#x9;&#xA;&#xD;\"></a>"),
    ]
}

fn comments() -> Vec<Case> {
    vec![
        refused("-- in comment", "<a><!-- x -- y --></a>", HYPHENS_IN_COMMENT, "<a><!-- x - y --></a>"),
        refused("--- before >", "<a><!-- x ---></a>", HYPHENS_IN_COMMENT, "<a><!-- x --></a>"),
        refused("<!-->", "<a><!--></a>", COMMENT_WITHOUT_END, "<a><!----></a>"),
        refused("<!--->", "<a><!---></a>", COMMENT_WITHOUT_END, "<a><!----></a>"),
        refused("unclosed comment", "<a><!-- x</a>", COMMENT_WITHOUT_END, "<a><!-- x--></a>"),
        refused("nested comment", "<a><!-- <!-- x --> --></a>", HYPHENS_IN_COMMENT, "<a><!-- <! x --> --&gt;</a>"),
    ]
}

fn processing_instructions() -> Vec<Case> {
    vec![
        refused(
            "PI target xml inside",
            "<a><?xml version=\"1.0\"?></a>",
            DECLARATION_NOT_AT_START,
            "<a><?xm version=\"1.0\"?></a>",
        ),
        refused("PI target XML", "<a><?XML x?></a>", PI_NAMED_XML, "<a><?XM x?></a>"),
        refused("PI target xMl", "<a><?xMl x?></a>", PI_NAMED_XML, "<a><?xMlx?></a>"),
        refused("PI without target", "<a><? x?></a>", PI_TARGET, "<a><?x?></a>"),
        refused("empty PI <??>", "<a><??></a>", PI_TARGET, "<a><?x ??></a>"),
        refused("PI target with colon", "<a><?p:x y?></a>", PI_TARGET, "<a><?px y?></a>"),
        refused("PI target starts with digit", "<a><?1x y?></a>", PI_TARGET, "<a><?x1 y?></a>"),
        taken("PI xml-stylesheet (allowed)", "<?xml-stylesheet href=\"x\"?><a/>"),
    ]
}

fn declaration_and_encoding() -> Vec<Case> {
    let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    vec![
        refused(
            "XML declaration after a space",
            " <?xml version=\"1.0\"?><a/>",
            DECLARATION_NOT_AT_START,
            "<?xml version=\"1.0\"?> <a/>",
        ),
        refused(
            "XML declaration after comment",
            "<!-- x --><?xml version=\"1.0\"?><a/>",
            DECLARATION_NOT_AT_START,
            "<?xml version=\"1.0\"?><!-- x --><a/>",
        ),
        refused(
            "two XML declarations",
            "<?xml version=\"1.0\"?><?xml version=\"1.0\"?><a/>",
            DECLARATION_NOT_AT_START,
            "<?xml version=\"1.0\"?><a/>",
        ),
        refused(
            "declaration without version",
            "<?xml encoding=\"UTF-8\"?><a/>",
            NO_VERSION,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>",
        ),
        refused("empty declaration", "<?xml?><a/>", NO_VERSION, "<?xml version=\"1.0\"?><a/>"),
        refused("version 1.1", "<?xml version=\"1.1\"?><a/>", BAD_DECLARATION, "<?xml version=\"1.0\"?><a/>"),
        refused("version 2.0", "<?xml version=\"2.0\"?><a/>", BAD_DECLARATION, "<?xml version=\"1.0\"?><a/>"),
        refused(
            "encoding before version",
            "<?xml encoding=\"UTF-8\" version=\"1.0\"?><a/>",
            NO_VERSION,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>",
        ),
        refused(
            "unknown pseudo-attribute",
            "<?xml version=\"1.0\" x=\"y\"?><a/>",
            BAD_DECLARATION,
            "<?xml version=\"1.0\" standalone=\"no\"?><a/>",
        ),
        refused(
            "standalone=\"maybe\"",
            "<?xml version=\"1.0\" standalone=\"maybe\"?><a/>",
            BAD_STANDALONE,
            "<?xml version=\"1.0\" standalone=\"yes\"?><a/>",
        ),
        refused(
            "standalone before encoding",
            "<?xml version=\"1.0\" standalone=\"yes\" encoding=\"UTF-8\"?><a/>",
            BAD_DECLARATION,
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><a/>",
        ),
        refused(
            "encoding ISO-8859-1 declared, bytes are UTF-8",
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>é</a>",
            mismatch("ISO-8859-1"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>é</a>",
        ),
        refused(
            "encoding ISO-8859-1, bytes Latin-1",
            b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xE9</a>",
            not_utf8(Some("ISO-8859-1")),
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>\xC3\xA9</a>",
        ),
        refused(
            "encoding UTF-16 declared, bytes UTF-8",
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>",
            mismatch("UTF-16"),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><a/>",
        ),
        refused(
            "unknown encoding",
            "<?xml version=\"1.0\" encoding=\"foo\"?><a/>",
            mismatch("foo"),
            "<?xml version=\"1.0\" encoding=\"Utf-8\"?><a/>",
        ),
        refused(
            "encoding with an invalid name",
            "<?xml version=\"1.0\" encoding=\"-UTF-8\"?><a/>",
            mismatch("-UTF-8"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>",
        ),
        read("UTF-8 BOM then declaration (allowed)", "\u{FEFF}<?xml version=\"1.0\"?><a/>", "<a></a>"),
        refused("two BOMs", "\u{FEFF}\u{FEFF}<a/>", TEXT_OUTSIDE_ROOT, "\u{FEFF}<a/>"),
        refused("U+FEFF after root", "<a/>\u{FEFF}", TEXT_OUTSIDE_ROOT, "<a>\u{FEFF}</a>"),
        refused("UTF-16LE with BOM", wide("\u{FEFF}<a/>", u16::to_le_bytes), WideEncoding, "\u{FEFF}<a/>"),
        refused("UTF-16BE with BOM", wide("\u{FEFF}<é/>", u16::to_be_bytes), WideEncoding, "\u{FEFF}<é/>"),
        refused("UTF-16LE without BOM", wide("<a/>", u16::to_le_bytes), WideEncoding, "<a/>"),
        refused("UTF-16BE without BOM", wide("<a/>", u16::to_be_bytes), WideEncoding, "<a/>"),
    ]
}

fn doctype_and_cdata() -> Vec<Case> {
    vec![
        refused("DOCTYPE simple", "<!DOCTYPE a><a/>", Doctype, "<a/>"),
        refused("DOCTYPE with entity, used in text", "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>", Doctype, "<a>x</a>"),
        refused("DOCTYPE entity used in attribute", "<!DOCTYPE a [<!ENTITY e \"x\">]><a b=\"&e;\"/>", Doctype, "<a b=\"x\"/>"),
        refused("DOCTYPE default attribute", "<!DOCTYPE a [<!ATTLIST a b CDATA \"x\">]><a/>", Doctype, "<a b=\"x\"/>"),
        refused(
            "DOCTYPE external entity",
            "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///x\">]><a>&e;</a>",
            Doctype,
            "<a>file:///x</a>",
        ),
        refused("DOCTYPE inside root", "<a><!DOCTYPE a></a>", Doctype, "<a></a>"),
        refused("DOCTYPE after root", "<a/><!DOCTYPE a>", Doctype, "<a/>"),
        refused("two DOCTYPEs", "<!DOCTYPE a><!DOCTYPE a><a/>", Doctype, "<a/>"),
        refused("lower-case doctype", "<!doctype a><a/>", Doctype, "<a/>"),
        refused("DOCTYPE with another name", "<!DOCTYPE b><a/>", Doctype, "<a/>"),
        refused("unknown bang markup", "<a><!FOO></a>", BANG, "<a><!--FOO--></a>"),
        refused("CDATA lower-case", "<a><![cdata[x]]></a>", BANG, "<a><![CDATA[x]]></a>"),
        refused("CDATA unterminated", "<a><![CDATA[x</a>", CDATA_WITHOUT_END, "<a><![CDATA[x]]></a>"),
    ]
}

/// The other limits, and documents exactly at each: `limits_are_exact`.
fn sizes() -> Vec<Case> {
    let (depth, attributes) = (Limits::DEFAULT.depth, Limits::DEFAULT.attributes_per_element);
    let too_deep = LimitExceeded { limit: "levels of elements", maximum: depth };
    let too_wide = LimitExceeded { limit: "attributes on one element", maximum: attributes };
    let too_many = LimitExceeded { limit: "prefixes", maximum: Limits::DEFAULT.prefixes };
    // Two prefixes are always there: the empty one and `xml`.
    let declarations = Limits::DEFAULT.prefixes - 2;
    vec![
        refused("depth 1 000", nested(1_000), too_deep.clone(), nested(depth)),
        refused("depth 70 000", nested(70_000), too_deep, nested(depth)),
        refused("129 namespace declarations", declaring(129, 129), too_many, declaring(declarations, declarations)),
        refused("2 000 attributes", with_attributes(2_000), too_wide, with_attributes(attributes)),
    ]
}

fn corners() -> Vec<Case> {
    vec![
        refused("quote in end tag", "<a></a'>'></a>", MISMATCHED_END, "<a></a>"),
        refused("double quote after end name", "<a></a\">", MISMATCHED_END, "<a></a>"),
        refused("junk after end name", "<a></a x>", MISMATCHED_END, "<a></a >"),
        refused("/ > with space", "<a/ >", ELEMENT_NAME, "<a />"),
        read("attribute right after quote close, next line", "<a b=\"1\"\nc=\"2\"/>", "<a b=\"1\" c=\"2\"></a>"),
        refused("quote character inside tag without =", "<a 'b'/>", ATTRIBUTE_NAME, "<a b=''/>"),
        refused("apostrophe pair hides >", "<a '>'/>", ATTRIBUTE_NAME, "<a b='>'/>"),
        read("value with the other quote (allowed)", "<a b=\"'\" c='\"'/>", "<a b=\"'\" c=\"&quot;\"></a>"),
        refused("NUL between attributes", "<a b=\"1\"\0c=\"2\"/>", ForbiddenCharacter, "<a b=\"1\" c=\"2\"/>"),
        refused("= twice", "<a b==\"1\"/>", NO_QUOTES, "<a b=\"1\"/>"),
        refused("garbage after quote", "<a b=\"1\"x/>", NO_SPACE, "<a b=\"1\" />"),
        read("newline after element name", "<a\nb=\"1\"\n/>", "<a b=\"1\"></a>"),
        refused("VT as white space in tag", "<a\u{B}b=\"1\"/>", ForbiddenCharacter, "<a\u{9}b=\"1\"/>"),
        refused("U+0085 as white space", "<a\u{85}b=\"1\"/>", ELEMENT_NAME, "<a\u{D}b=\"1\"/>"),
        refused("PI unterminated inside", "<a><?p x></a>", PI_WITHOUT_END, "<a><?p x?></a>"),
        refused("comment in tag", "<a <!-- x --> b=\"1\"/>", ATTRIBUTE_NAME, "<a b=\"1\"/>"),
        read("CDATA with ]]]]>", "<a><![CDATA[x]]]]></a>", "<a>x]]</a>"),
        read("empty CDATA (allowed)", "<a><![CDATA[]]></a>", "<a></a>"),
        refused("DOCTYPE with ] > in quoted string", "<!DOCTYPE a [<!ENTITY e \"] >\">]><a/>", Doctype, "<a/>"),
        refused("DOCTYPE comment containing ]>", "<!DOCTYPE a [<!-- ]> -->]><a/>", Doctype, "<a/>"),
        refused("XML declaration upper-case <?XML", "<?XML version=\"1.0\"?><a/>", PI_NAMED_XML, "<?xml version=\"1.0\"?><a/>"),
        taken("<?xml followed by tab (allowed)", "<?xml\tversion=\"1.0\"?><a/>"),
    ]
}

/// Around the rules above: what else a tokenizer could take for something it is not.
fn further_corners() -> Vec<Case> {
    vec![
        refused("nothing but an opening bracket", "<", TAG_WITHOUT_END, "<a/>"),
        refused("a < in text", "<a> < </a>", ELEMENT_NAME, "<a> &lt; </a>"),
        refused("an end tag without a name", "<a></>", MISMATCHED_END, "<a></a>"),
        refused("an end tag that is empty as well", "<a></a/>", MISMATCHED_END, "<a></a>"),
        refused("an end tag of a longer name", "<a></ab>", MISMATCHED_END, "<ab></ab>"),
        refused("an end tag behind an empty root", "<a/></a>", MISMATCHED_END, "<a></a>"),
        refused("an equals sign and nothing", "<a b=/>", NO_QUOTES, "<a b=''/>"),
        refused("an attribute and its twin apart", "<a b='' c='' d='' b=''/>", DOUBLED, "<a b='' c='' d='' B=''/>"),
        refused(
            "an attribute without a prefix is not in the default namespace, a prefixed one is",
            "<a xmlns='urn:n' xmlns:p='urn:n' xmlns:q='urn:n' b='' p:b='' q:b=''/>",
            DOUBLED_EXPANDED,
            "<a xmlns='urn:n' xmlns:p='urn:n' b='' p:b=''/>",
        ),
        refused(
            "one namespace name, differently written",
            "<a xmlns:p='urn:n' xmlns:q='urn:&#110;' p:b='' q:b=''/>",
            DOUBLED_EXPANDED,
            "<a xmlns:p='urn:n' xmlns:q='urn:&#111;' p:b='' q:b=''/>",
        ),
        refused("a reference as white space in a tag", "<a&#32;b=''/>", ELEMENT_NAME, "<a b=''/>"),
        refused("a reference without an end in an attribute", "<a b='&#65'/>", AMPERSAND_IN_VALUE, "<a b='&#65;'/>"),
        refused(
            "an ampersand, its semicolon in the next attribute",
            "<a b='&lt' c=';'/>",
            AMPERSAND_IN_VALUE,
            "<a b='&lt;' c=';'/>",
        ),
        refused("an ampersand, its semicolon behind markup", "<a>&lt<b/>;</a>", AMPERSAND_IN_TEXT, "<a>&lt;<b/>;</a>"),
        read("a reference is not read again", "<a b='&#38;lt;'>&#38;lt;&amp;#60;</a>", "<a b=\"&amp;lt;\">&amp;lt;&amp;#60;</a>"),
        read("]]> made of pieces", "<a>]]&#62; ]<![CDATA[]]]>> ]]<!-- -->></a>", "<a>]]&gt; ]]&gt; ]]<!-- -->&gt;</a>"),
        read("a comment that starts like an empty one", "<a><!--> --></a>", "<a><!--> --></a>"),
        read("a comment that starts with a hyphen", "<a><!---> --></a>", "<a><!---> --></a>"),
        read("a comment full of markup", "<a><!-- <b c='&x;> <?p ]]> --></a>", "<a><!-- <b c='&x;> <?p ]]> --></a>"),
        read("an instruction full of markup", "<a><?p <b c='&x;> ? > --> ??></a>", "<a><?p <b c='&x;> ? > --> ??></a>"),
        refused("a question mark in a target", "<a><?p?q?></a>", PI_TARGET, "<a><?p ?q?></a>"),
        refused("an instruction cut short", "<a/><?p", PI_WITHOUT_END, "<a/><?p?>"),
        refused("an instruction that is its own end", "<a/><?>", PI_WITHOUT_END, "<a/><?p?>"),
        refused("a comment outside, cut short", "<a/><!-", BANG, "<a/><!---->"),
        refused("DOCTYPE unclosed", "<!DOCTYPE a [<a/>", Doctype, "<a/>"),
        refused("DOCTYPE without a name", "<!DOCTYPE><a/>", Doctype, "<a/>"),
        refused("declaration cut short", "<?xml version='1.0'", PI_WITHOUT_END, "<?xml version='1.0'?><a/>"),
        refused(
            "declaration without white space",
            "<?xml version='1.0'encoding='UTF-8'?><a/>",
            DECLARATION_SPACE,
            "<?xml version='1.0' encoding='UTF-8'?><a/>",
        ),
        refused("declaration with the end of a tag", "<?xml version='1.0'>?><a/>", DECLARATION_NAME, "<?xml version='1.0'?><a/>"),
        refused("declaration with an empty end", "<?xml version='1.0' />?><a/>", DECLARATION_NAME, "<?xml version='1.0' ?><a/>"),
        refused("declaration without a quote", "<?xml version='1.0?><a/>", DECLARATION_QUOTE, "<?xml version='1.0'?><a/>"),
        refused(
            "declaration with a part twice",
            "<?xml version='1.0' version='1.0'?><a/>",
            BAD_DECLARATION,
            "<?xml version='1.0'?><a/>",
        ),
        refused(
            "declaration with four parts",
            "<?xml version='1.0' encoding='UTF-8' standalone='no' x='y'?><a/>",
            TOO_MANY_PARTS,
            "<?xml version='1.0' encoding='UTF-8' standalone='no'?><a/>",
        ),
        refused("declaration in upper case", "<?xml VERSION='1.0'?><a/>", NO_VERSION, "<?xml version='1.0'?><a/>"),
        refused(
            "declaration with white space in its version",
            "<?xml version='1.0 '?><a/>",
            BAD_DECLARATION,
            "<?xml version='1.0' ?><a/>",
        ),
        refused("declaration with a reference", "<?xml version='1.&#48;'?><a/>", BAD_DECLARATION, "<?xml version='1.0'?><a/>"),
        refused(
            "declaration of no encoding",
            "<?xml version='1.0' encoding=''?><a/>",
            mismatch(""),
            "<?xml version='1.0' encoding='utf-8'?><a/>",
        ),
        refused(
            "declaration of another name of UTF-8",
            "<?xml version='1.0' encoding='utf8'?><a/>",
            mismatch("utf8"),
            "<?xml version='1.0' encoding='utf-8'?><a/>",
        ),
        refused("U+00A0 outside root", "<a/>\u{A0}", TEXT_OUTSIDE_ROOT, "<a/>\u{20}"),
        refused("U+2028 between attributes", "<a b=''\u{2028}c=''/>", NO_SPACE, "<a b=''\u{D}c=''/>"),
        refused("a character of another plane that is in no name", "<\u{F0000}/>", ELEMENT_NAME, "<\u{EFFFF}/>"),
        refused("a multiplication sign in a name", "<a×/>", ELEMENT_NAME, "<aÖ/>"),
    ]
}

#[test]
fn a_refusal_points_at_what_is_wrong() {
    let mut wrong = Vec::new();
    for &(name, xml, offset, line, column) in POSITIONS {
        let position = parse(xml, Limits::DEFAULT).map_err(|error| error.position);
        if position != Err(Position { offset, line, column }) {
            wrong.push(format!("{name}: expected byte {offset}, line {line}, column {column}, got {position:?}"));
        }
    }
    conclude("positions", POSITIONS.len(), &wrong);
}

/// Bytes, byte offset from 0, line and character from 1.
type At = (&'static str, &'static [u8], usize, usize, usize);

const POSITIONS: &[At] = &[
    ("at the start", b"x<a/>", 0, 1, 1),
    ("a tag", b"<a><1/></a>", 3, 1, 4),
    ("behind a line feed", b"<a>\n<1/></a>", 4, 2, 1),
    ("behind carriage return and line feed", b"<a>\r\n\r\n <1/></a>", 8, 3, 2),
    ("behind a carriage return", b"<a>\r\r <1/></a>", 6, 3, 2),
    ("behind all three", b"<a>\n\r\r\n\r <1/></a>", 9, 5, 2),
    ("behind two bytes", "<a>é<1/></a>".as_bytes(), 5, 1, 5),
    ("behind three bytes", "<a>漢<1/></a>".as_bytes(), 6, 1, 5),
    ("behind four bytes", "<a>\n😀<1/></a>".as_bytes(), 8, 2, 2),
    ("behind a byte order mark, which is no character", "\u{FEFF}<1/>".as_bytes(), 3, 1, 1),
    ("behind a byte order mark and a line", "\u{FEFF}<a>\n<1/></a>".as_bytes(), 7, 2, 1),
    ("a second byte order mark", "\u{FEFF}\u{FEFF}<a/>".as_bytes(), 3, 1, 1),
    ("an attribute's name", "<é\n\tb='1'  2='2'/>".as_bytes(), 12, 2, 9),
    ("where white space is missing", b"<a b='1'c='2'/>", 8, 1, 9),
    ("where quotes are missing", b"<a b= 1/>", 6, 1, 7),
    ("a `<` in a value", "<a b='é<'/>".as_bytes(), 8, 1, 8),
    ("a reference in a value", "<a b='é\r\n&x;'/>".as_bytes(), 10, 2, 1),
    ("a reference in text", "<a>é\n\n &x;</a>".as_bytes(), 8, 3, 2),
    ("an ampersand in text", b"<a>b & c</a>", 5, 1, 6),
    ("`]]>` in text", b"<a>b\nc]]></a>", 6, 2, 2),
    ("text behind the root", b"<a/>\n x", 6, 2, 2),
    ("an end tag", b"<a>\n</b></a>", 4, 2, 1),
    ("a prefix of an element", b"<a>\n<p:b/></a>", 4, 2, 1),
    ("a prefix of an attribute", b"<a b='' p:c=''/>", 8, 1, 9),
    ("a declaration of nothing", b"<a b='' xmlns:c=''/>", 8, 1, 9),
    ("a declaration twice", b"<a>\n<b xmlns:c='c:' xmlns:c='c:'/></a>", 5, 2, 2),
    ("an attribute twice", b"<a>\n<b c='' c=''/></a>", 5, 2, 2),
    ("an attribute twice, of two prefixes", b"<a xmlns:p='p:' xmlns:q='p:'>\n<b p:c='' q:c=''/></a>", 31, 2, 2),
    ("a tag cut short behind a value", b"<a>\n<b c=''", 4, 2, 1),
    ("a comment", b"<a>\n<!-- -- --></a>", 4, 2, 1),
    ("an instruction", b"<a>\n <?1?></a>", 5, 2, 2),
    ("a document type declaration", b"<?xml version='1.0'?>\n<!DOCTYPE a>\n<a/>", 22, 2, 1),
    ("the end of the document", "<a>\né".as_bytes(), 6, 2, 2),
    ("a forbidden character", "<a>é\n\u{1}</a>".as_bytes(), 6, 2, 1),
    ("a byte that is not UTF-8", b"<a>\xC3\xA9\n\xC3\xA9\xFF</a>", 8, 2, 2),
    ("a byte that is not UTF-8, behind a byte order mark", b"\xEF\xBB\xBF<a>\xFF</a>", 6, 1, 4),
    ("an encoding that is not read", b"\xFE\xFF\0<", 0, 1, 1),
    ("the declaration, whatever is wrong in it", b"<?xml version='1.0'\nencoding='x'?><a/>", 0, 1, 1),
];

/// For the limits in force and for small ones: at the limit taken, one over refused.
#[test]
fn limits_are_exact() {
    let none = Limits {
        document_bytes: 1 << 24,
        depth: 64,
        nodes: 1 << 20,
        attributes: 1 << 20,
        attributes_per_element: 1 << 20,
        prefixes: 4096,
        namespaces: 4096,
        namespace_bytes: 1 << 20,
    };
    let exceeded = |limit| move |maximum| LimitExceeded { limit, maximum };
    for limits in [Limits::DEFAULT, SMALL] {
        at_limit(limits.document_bytes, padded, |n| Limits { document_bytes: n, ..none }, |limit| DocumentTooLarge { limit });
        at_limit(limits.depth, nested, |n| Limits { depth: n, ..none }, exceeded("levels of elements"));
        at_limit(limits.nodes, with_nodes, |n| Limits { nodes: n, ..none }, exceeded("nodes"));
        for attributes in [with_attributes_apart, with_attributes_alike, declaring_alike] {
            at_limit(limits.attributes, attributes, |n| Limits { attributes: n, ..none }, exceeded("attributes in the document"));
        }
        let attributes = exceeded("attributes on one element");
        at_limit(limits.attributes_per_element, with_attributes, |n| Limits { attributes_per_element: n, ..none }, attributes);
        let declarations = exceeded("attributes on one element");
        at_limit(
            limits.attributes_per_element,
            |n| declaring(n, n),
            |n| Limits { attributes_per_element: n, ..none },
            declarations,
        );
        at_limit(limits.prefixes, |n| declaring(n - 2, 1), |n| Limits { prefixes: n, ..none }, exceeded("prefixes"));
        at_limit(limits.namespaces, |n| declaring(n - 2, n - 2), |n| Limits { namespaces: n, ..none }, exceeded("namespaces"));
        at_limit(limits.namespace_bytes, named, |n| Limits { namespace_bytes: n, ..none }, exceeded("bytes in a namespace name"));
    }
}

const SMALL: Limits = Limits {
    document_bytes: 8,
    depth: 2,
    nodes: 4,
    attributes: 6,
    attributes_per_element: 3,
    prefixes: 5,
    namespaces: 5,
    namespace_bytes: 20,
};

fn at_limit(
    limit: usize,
    document: impl Fn(usize) -> String,
    limits: impl Fn(usize) -> Limits,
    kind: impl Fn(usize) -> XmlErrorKind,
) {
    let verdict = |size| parse(document(size).as_bytes(), limits(limit)).map(|_| ()).map_err(|error| error.kind);
    assert_eq!(verdict(limit), Ok(()));
    assert_eq!(verdict(limit + 1), Err(kind(limit)));
}

/// No setting lets more attributes, prefixes or namespaces in than the tree can count, and the error names the number that was met.
#[test]
fn raised_limits_lose_nothing_and_name_the_bound_that_was_met() {
    let most = Limits::MOST_NAMES;
    for raised in [most + 1, usize::MAX] {
        let limits = Limits {
            document_bytes: raised.max(1 << 24),
            depth: raised,
            nodes: raised.max(1 << 20),
            attributes: raised.max(1 << 20),
            attributes_per_element: raised,
            prefixes: raised,
            namespaces: raised,
            namespace_bytes: raised,
        };
        let count = |document: String| {
            let canonical = parse(document.as_bytes(), limits);
            canonical.map(|canonical| canonical.unwrap_or_default().matches('=').count()).map_err(|error| error.kind)
        };
        let exceeded = |limit| Err(LimitExceeded { limit, maximum: most });
        assert_eq!(count(with_attributes(most)), Ok(most));
        assert_eq!(count(with_attributes(most + 1)), exceeded("attributes on one element"));
        // The empty prefix and `xml` count, and so do their namespaces.
        assert_eq!(count(declaring_apart(most - 2, 1)), Ok(most - 2));
        assert_eq!(count(declaring_apart(most - 1, 1)), exceeded("prefixes"));
        assert_eq!(count(declaring_apart(most - 2, most - 2)), Ok(most - 2));
        assert_eq!(count(redeclaring_apart(most - 1)), exceeded("namespaces"));
    }
}

/// So many prefixes bound to so many namespaces, one on each element.
fn declaring_apart(prefixes: usize, namespaces: usize) -> String {
    let declaring = |number| format!("<p{number}:a xmlns:p{number}='urn:{}'/>", number % namespaces);
    format!("<r>{}</r>", (0..prefixes).map(declaring).collect::<String>())
}

/// One prefix bound to so many namespaces.
fn redeclaring_apart(namespaces: usize) -> String {
    format!("<r>{}</r>", (0..namespaces).map(|number| format!("<p:a xmlns:p='urn:{number}'/>")).collect::<String>())
}

/// Those behind the first few are found again as well: by their characters, whether written as such or as references.
#[test]
fn each_of_many_prefixes_and_namespaces_is_one() {
    let limits = Limits { prefixes: 202, namespaces: 202, ..Limits::DEFAULT };
    let one = |number: usize| format!("<p{number}:a xmlns:p{number}='urn:&#x{number:x};{number}' p{number}:b='{number}'/>");
    let other =
        |number: usize| format!("<p{number}:a xmlns:p{number}='urn:{c}{number}' p{number}:b='{number}'/>", c = char(number));
    let numbers = || 0x100..0x100 + 200;
    let xml = format!("<r>{}{}</r>", numbers().map(one).collect::<String>(), numbers().map(other).collect::<String>());
    let canonical = |number: usize| {
        format!("<p{number}:a xmlns:p{number}=\"urn:{c}{number}\" p{number}:b=\"{number}\"></p{number}:a>", c = char(number))
    };
    let expected: String = numbers().chain(numbers()).map(canonical).collect();
    assert_eq!(parse(xml.as_bytes(), limits), Ok(Some(format!("<r>{expected}</r>"))));
    for narrow in [Limits { prefixes: 201, ..limits }, Limits { namespaces: 201, ..limits }] {
        assert!(matches!(parse(xml.as_bytes(), narrow).map_err(|error| error.kind), Err(LimitExceeded { maximum: 201, .. })));
    }
}

fn char(number: usize) -> char {
    u32::try_from(number).ok().and_then(char::from_u32).expect("a character")
}

/// Canonical XML 1.0 section 2.2: by the names of the namespaces, in whatever order the document declares them.
#[test]
fn attributes_of_several_namespaces_are_in_the_order_of_their_names() {
    for (declared, attributes) in [
        ("xmlns:a='urn:2' xmlns:b='urn:1'", "a:x='' b:x='' x='' xml:lang='' b:a=''"),
        ("xmlns:b='urn:1' xmlns:a='urn:2'", "x='' xml:lang='' b:a='' b:x='' a:x=''"),
    ] {
        let tag = format!("<e {attributes}/>");
        let xml = format!("<r {declared} a:y='' b:y=''>{tag}{tag}<f xmlns:a='urn:0' xmlns:c='urn:3'>{tag}</f></r>");
        let e = "<e x=\"\" xml:lang=\"\" b:a=\"\" b:x=\"\" a:x=\"\"></e>";
        let inner = "<e x=\"\" xml:lang=\"\" a:x=\"\" b:a=\"\" b:x=\"\"></e>";
        let expected = format!(
            "<r xmlns:a=\"urn:2\" xmlns:b=\"urn:1\" b:y=\"\" a:y=\"\">{e}{e}<f xmlns:a=\"urn:0\" xmlns:c=\"urn:3\">{inner}</f></r>"
        );
        assert_eq!(parse(xml.as_bytes(), Limits::DEFAULT), Ok(Some(expected)), "{declared}");
    }
}

/// Each kind of node counts.
#[test]
fn nodes_are_elements_texts_comments_and_instructions() {
    for (xml, nodes) in [
        ("<a/>", 1),
        ("<a>b</a>", 2),
        ("<a>b&amp;<![CDATA[c]]></a>", 2),
        ("<a><![CDATA[]]></a>", 1),
        ("<a>b<c/>d</a>", 4),
        (" <!-- --> <a/> <?p?> ", 3),
    ] {
        at_limit_nodes(xml, nodes);
    }
}

fn at_limit_nodes(xml: &str, nodes: usize) {
    let verdict = |nodes| parse(xml.as_bytes(), Limits { nodes, ..Limits::DEFAULT }).map(|_| ()).map_err(|error| error.kind);
    assert_eq!(verdict(nodes), Ok(()), "{xml}");
    assert_eq!(verdict(nodes - 1), Err(LimitExceeded { limit: "nodes", maximum: nodes - 1 }), "{xml}");
}

// Documents of a size

/// So many bytes.
fn padded(bytes: usize) -> String {
    format!("<a>{}</a>", "x".repeat(bytes - "<a></a>".len()))
}

/// So many levels.
fn nested(depth: usize) -> String {
    "<a>".repeat(depth) + &"</a>".repeat(depth)
}

/// So many nodes.
fn with_nodes(nodes: usize) -> String {
    format!("<a>{}</a>", "<b/>".repeat(nodes - 1))
}

/// So many attributes on half as many elements, of which no two are alike.
fn with_attributes_apart(attributes: usize) -> String {
    let pairs: String = (0..attributes / 2).map(|index| format!("<b c='{index}' d=''/>")).collect();
    format!("<a>{pairs}{}</a>", if attributes.is_multiple_of(2) { "" } else { "<b c=''/>" })
}

/// So many on elements that are all alike.
fn with_attributes_alike(attributes: usize) -> String {
    format!("<a>{}</a>", "<b c=''/>".repeat(attributes))
}

/// The same with declarations.
fn declaring_alike(declarations: usize) -> String {
    format!("<a>{}</a>", "<b xmlns='urn:b'/>".repeat(declarations))
}

fn with_attributes(attributes: usize) -> String {
    let attributes: String = (0..attributes).map(|index| format!(" b{index}=''")).collect();
    format!("<a{attributes}/>")
}

/// So many prefixes, of so many namespaces.
fn named(bytes: usize) -> String {
    format!("<a xmlns='urn:{}'/>", "n".repeat(bytes - "urn:".len()))
}

fn declaring(prefixes: usize, namespaces: usize) -> String {
    let declarations: String = (0..prefixes).map(|index| format!(" xmlns:p{index}='urn:{}'", index % namespaces)).collect();
    format!("<a{declarations}/>")
}

// The rules, as refusals name them

const fn rule(rule: &'static str, section: &'static str) -> XmlErrorKind {
    NotWellFormed { rule, section }
}

const fn namespace_rule(rule: &'static str, section: &'static str) -> XmlErrorKind {
    Namespace { rule, section }
}

const NO_ROOT: XmlErrorKind = rule("no root element", "XML 1.0 section 2.1");
const TWO_ROOTS: XmlErrorKind = rule("more than one root element", "XML 1.0 section 2.1");
const ENDS_INSIDE: XmlErrorKind = rule("the document ends inside an element", "XML 1.0 section 2.1");
const TEXT_OUTSIDE_ROOT: XmlErrorKind = rule("text outside the root element", "XML 1.0 section 2.1");
const CDATA_OUTSIDE_ROOT: XmlErrorKind = rule("a CDATA section outside the root element", "XML 1.0 section 2.1");
const REFERENCE_OUTSIDE_ROOT: XmlErrorKind = rule("a reference outside the root element", "XML 1.0 section 2.1");
const BANG: XmlErrorKind = rule("markup that is neither comment nor CDATA section", "XML 1.0 section 2.1");
const AMPERSAND_IN_TEXT: XmlErrorKind = rule("a `&` that starts no reference", "XML 1.0 section 2.4");
const SECTION_END_IN_TEXT: XmlErrorKind = rule("`]]>` in text", "XML 1.0 section 2.4");
const COMMENT_WITHOUT_END: XmlErrorKind = rule("a comment without its end", "XML 1.0 section 2.5");
const HYPHENS_IN_COMMENT: XmlErrorKind = rule("`--` inside a comment", "XML 1.0 section 2.5");
const PI_TARGET: XmlErrorKind = rule("a processing instruction without a legal target", "XML 1.0 section 2.6");
const PI_WITHOUT_END: XmlErrorKind = rule("a processing instruction without its end", "XML 1.0 section 2.6");
const CDATA_WITHOUT_END: XmlErrorKind = rule("a CDATA section without its end", "XML 1.0 section 2.7");
const PI_NAMED_XML: XmlErrorKind =
    rule("an XML declaration that is not at the start, or a processing instruction of its name", "XML 1.0 section 2.8");
const DECLARATION_NOT_AT_START: XmlErrorKind = rule("an XML declaration that is not at the start", "XML 1.0 section 2.8");
const NO_VERSION: XmlErrorKind = rule("an XML declaration that does not start with its version", "XML 1.0 section 2.8");
const BAD_DECLARATION: XmlErrorKind =
    rule("a version other than 1.0, or parts out of order in the XML declaration", "XML 1.0 section 2.8");
const BAD_STANDALONE: XmlErrorKind = rule("a `standalone` that is neither yes nor no", "XML 1.0 section 2.8");
const TOO_MANY_PARTS: XmlErrorKind = rule("more than three parts in the XML declaration", "XML 1.0 section 2.8");
const DECLARATION_SPACE: XmlErrorKind = rule("no white space before an attribute", "XML 1.0 section 2.8");
const DECLARATION_NAME: XmlErrorKind = rule("an attribute name that is no qualified name", "XML 1.0 section 2.8");
const DECLARATION_QUOTE: XmlErrorKind = rule("an attribute value without its closing quote", "XML 1.0 section 2.8");
const MISMATCHED_END: XmlErrorKind = rule("an end tag that does not match its start tag", "XML 1.0 section 3");
const TAG_WITHOUT_END: XmlErrorKind = rule("a tag without its end", "XML 1.0 section 3.1");
const NO_SPACE: XmlErrorKind = rule("no white space before an attribute", "XML 1.0 section 3.1");
const ATTRIBUTE_NAME: XmlErrorKind = rule("an attribute name that is no qualified name", "XML 1.0 section 3.1");
const NO_VALUE: XmlErrorKind = rule("an attribute without a value", "XML 1.0 section 3.1");
const NO_QUOTES: XmlErrorKind = rule("an attribute value without quotes", "XML 1.0 section 3.1");
const VALUE_WITHOUT_END: XmlErrorKind = rule("an attribute value without its closing quote", "XML 1.0 section 3.1");
const LESS_IN_VALUE: XmlErrorKind = rule("a `<` in an attribute value", "XML 1.0 section 3.1");
const AMPERSAND_IN_VALUE: XmlErrorKind = rule("a `&` that starts no reference", "XML 1.0 section 3.1");
const DOUBLED: XmlErrorKind = rule("an attribute twice on one element", "XML 1.0 section 3.1");
const UNKNOWN_REFERENCE: XmlErrorKind =
    rule("a reference to something that is no character and no predefined entity", "XML 1.0 section 4.1");
const ELEMENT_NAME: XmlErrorKind = rule("an element name that is no qualified name", "Namespaces in XML 1.0 section 4");
const XMLNS_ELEMENT: XmlErrorKind = namespace_rule("an element with the prefix `xmlns`", "Namespaces in XML 1.0 section 3");
const XMLNS_DECLARED: XmlErrorKind = namespace_rule("the prefix `xmlns` is declared", "Namespaces in XML 1.0 section 3");
const XML_REBOUND: XmlErrorKind =
    namespace_rule("the prefix `xml` is bound to another namespace", "Namespaces in XML 1.0 section 3");
const XML_NAMESPACE_TAKEN: XmlErrorKind =
    namespace_rule("another prefix is bound to the namespace of `xml`", "Namespaces in XML 1.0 section 3");
const XMLNS_NAMESPACE_TAKEN: XmlErrorKind =
    namespace_rule("a prefix is bound to the namespace of `xmlns`", "Namespaces in XML 1.0 section 3");
const BOUND_TO_NOTHING: XmlErrorKind = namespace_rule("a prefix is bound to no namespace", "Namespaces in XML 1.0 section 3");
const UNDECLARED: XmlErrorKind = namespace_rule("a prefix that no declaration in scope binds", "Namespaces in XML 1.0 section 5");
const DOUBLED_EXPANDED: XmlErrorKind =
    namespace_rule("an attribute twice on one element, under two prefixes of one namespace", "Namespaces in XML 1.0 section 6.3");
