//! What the pages of `docs/` show as bytes.

use std::fs;
use std::path::Path;

/// A page, or a section of it, and the blocks of ```` ```text ```` in it.
pub(crate) struct Page {
    text: String,
    blocks: Vec<String>,
}

pub(crate) fn page(name: &str) -> Page {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    Page::new(fs::read_to_string(folder.join(name)).unwrap())
}

impl Page {
    fn new(text: String) -> Self {
        let blocks = text.split("```text\n").skip(1);
        let blocks = blocks.map(|rest| rest.split_once("\n```").unwrap().0.to_owned());
        Self {
            blocks: blocks.collect(),
            text,
        }
    }

    /// What is under this heading, up to the next one.
    pub(crate) fn section(&self, heading: &str) -> Self {
        let lines = self.text.lines();
        let mut lines =
            lines.skip_while(|line| line.trim_start_matches('#') != format!(" {heading}"));
        assert!(lines.next().is_some(), "no heading {heading}");
        let lines: Vec<_> = lines.take_while(|line| !line.starts_with('#')).collect();
        Self::new(lines.join("\n"))
    }

    #[allow(dead_code, reason = "each test uses its part")]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn blocks(&self) -> &[String] {
        &self.blocks
    }
}

/// The bytes of a block: two digits each, at the beginning of its lines, and then words.
pub(crate) fn bytes(block: &str) -> Vec<u8> {
    let lines = block.lines().flat_map(|line| {
        line.split_whitespace().map_while(|word| {
            let is_byte = word.len() == 2 && word.bytes().all(|c| c.is_ascii_hexdigit());
            is_byte.then(|| u8::from_str_radix(word, 16).unwrap())
        })
    });
    lines.collect()
}
