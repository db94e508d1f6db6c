//! Generated documents as libxml2 sees them: the same tree, and the same six canonical forms.
//!
//! `DOCUMENTS=1000000 cargo test --release --features libxml2 -- --nocapture` compares that many.

#[path = "../../tests/common/generate.rs"]
#[allow(dead_code)]
mod generate;
#[path = "../libxml2.rs"]
mod libxml2;

use generate::{Document, Element, Entropy, Node, Unused};

/// How many documents are compared unless `DOCUMENTS` says it.
const DOCUMENTS: usize = 20_000;

/// SplitMix64, from a fixed seed.
struct Random(u64);

impl Random {
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn up_to(&mut self, bound: u64) -> usize {
        usize::try_from(self.next() % bound).expect("small")
    }
}

/// Gives namespaces names of which libxml2 has canonical forms as they should be; what were two names stay two.
fn plain_namespaces(element: &mut Element) {
    for (_, name) in &mut element.declarations {
        *name = match *name {
            "urn:é" => "urn:e",
            tab if tab.contains('\t') => "urn:tab",
            query if query.contains('<') => "http://ns.test/?x=1",
            plain => plain,
        };
    }
    for child in &mut element.children {
        if let Node::Element(child) = child {
            plain_namespaces(child);
        }
    }
}

#[test]
fn libxml2_sees_the_same_tree_and_writes_the_same_forms() {
    let documents = std::env::var("DOCUMENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(DOCUMENTS);
    let mut random = Random(2);
    let (mut trees, mut forms) = (0, 0);
    for number in 0..documents {
        let (model, style) = (random.up_to(600), random.up_to(600));
        let (model, style) = (random.bytes(model), random.bytes(style));
        let mut document = Document::generate(&mut Entropy::new(&model));
        let mut unused = Unused::Added;
        if number % 2 == 0 {
            unused = Unused::Left;
            plain_namespaces(&mut document.root);
        }
        let alike = libxml2::agrees(document.write(&mut Entropy::new(&style), unused).as_bytes());
        trees += alike.trees;
        forms += alike.forms;
    }
    println!("{documents} generated documents: libxml2 sees {trees} trees alike and writes {forms} canonical forms alike");
    // Most documents are taken by both; a generator or an oracle that passes over most has not compared.
    assert!(trees * 2 > documents, "{trees} trees of {documents} documents");
    assert!(forms > 2 * documents, "{forms} forms of {documents} documents");
}

#[test]
fn libxml2_agrees_on_the_saved_inputs() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
    let inputs = ["xml", "canonical", "response"]
        .into_iter()
        .flat_map(|part| std::fs::read_dir(format!("{corpus}/{part}")).expect("a folder"));
    let (mut trees, mut forms) = (0, 0);
    for input in inputs {
        let alike = libxml2::agrees(&std::fs::read(input.expect("a file").path()).expect("a readable file"));
        trees += alike.trees;
        forms += alike.forms;
    }
    println!("saved inputs: libxml2 sees {trees} trees alike and writes {forms} canonical forms alike");
    assert!(trees > 0 && forms > 0, "{trees} trees, {forms} forms");
}
