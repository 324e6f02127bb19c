//! Reads a source tree, or the documentation, and checks rules that the compiler of Rust does not know.
//! Shared by the tidy tests of the packages.

#![allow(dead_code, reason = "each package uses a part")]

use std::fs;
use std::path::Path;

/// Past so many lines a file is to be split by meaning.
const LINES_MAX: usize = 600;

/// The `.rs` files below a folder.
pub(crate) struct Tree {
    files: Vec<File>,
}

struct File {
    /// From the folder, with `/`.
    path: String,
    text: String,
}

impl File {
    /// The module at the top: `emit` for `emit/rust/mod.rs`, `lib` for `lib.rs`.
    fn module(&self) -> &str {
        let end = self.path.find(['/', '.']).unwrap_or(self.path.len());
        &self.path[..end]
    }

    /// Lines of code, without unit tests, which may reach anywhere.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines
            .take_while(|(_, line)| *line != "#[cfg(test)]")
            .filter_map(|(at, line)| {
                let line = line.trim_start();
                (!line.starts_with("//")).then_some((at + 1, line))
            })
    }
}

impl Tree {
    pub(crate) fn read(folder: &str) -> Self {
        let mut files = Vec::new();
        collect(Path::new(folder), "", &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        assert!(!files.is_empty(), "{folder}");
        Self { files }
    }

    /// Each module may name itself and those listed, and no other of the list.
    pub(crate) fn check_edges(&self, edges: &[(&str, &[&str])]) {
        let mut wrong = Vec::new();
        for (module, below) in edges {
            assert!(
                self.files.iter().any(|file| file.module() == *module),
                "no module {module}"
            );
            for file in self.files.iter().filter(|file| file.module() == *module) {
                for (at, line) in file.code() {
                    let named = edges.iter().map(|(other, _)| *other).filter(|other| {
                        other != module
                            && !below.contains(other)
                            && line
                                .split("crate::")
                                .skip(1)
                                .any(|rest| starts_with_word(rest, other))
                    });
                    wrong.extend(named.map(|other| format!("{}:{at} knows {other}", file.path)));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    pub(crate) fn check_only_in(&self, word: &str, modules: &[&str]) {
        self.check(word, |module| modules.contains(&module));
    }

    /// The same for files, by their paths.
    pub(crate) fn check_only_in_files(&self, word: &str, paths: &[&str]) {
        let others = self
            .files
            .iter()
            .filter(|file| !paths.contains(&&*file.path));
        let mut wrong = Vec::new();
        for file in others {
            let found = file.code().filter(|(_, line)| line.contains(word));
            wrong.extend(found.map(|(at, _)| format!("{}:{at} has `{word}`", file.path)));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    pub(crate) fn check_not_in(&self, word: &str, modules: &[&str]) {
        self.check(word, |module| !modules.contains(&module));
    }

    fn check(&self, word: &str, allowed: impl Fn(&str) -> bool) {
        let mut wrong = Vec::new();
        for file in self.files.iter().filter(|file| !allowed(file.module())) {
            let found = file.code().filter(|(_, line)| line.contains(word));
            wrong.extend(found.map(|(at, _)| format!("{}:{at} has `{word}`", file.path)));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    pub(crate) fn check_files(&self) {
        let mut wrong = Vec::new();
        for File { path, text } in &self.files {
            if !text.starts_with("//!") {
                wrong.push(format!("{path} does not start with what it is (`//!`)"));
            }
            let lines = text.lines().count();
            if lines > LINES_MAX {
                wrong.push(format!("{path} has {lines} lines; split it by meaning"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Lines of documentation, and all lines that are not blank.
    pub(crate) fn documentation(&self) -> (usize, usize) {
        let lines = || {
            self.files
                .iter()
                .flat_map(|file| file.text.lines())
                .map(str::trim)
        };
        let docs = lines().filter(|line| line.starts_with("///") || line.starts_with("//!"));
        (
            docs.count(),
            lines().filter(|line| !line.is_empty()).count(),
        )
    }
}

/// Relative links of the documentation lead to files that exist, and to headings that they have.
pub(crate) fn check_links(root: &str) {
    let root = Path::new(root);
    let mut pages = vec![root.join("README.md"), root.join("CHANGELOG.md")];
    let docs = fs::read_dir(root.join("docs")).expect("the folder can be read");
    let docs = docs.map(|entry| entry.expect("the entry can be read").path());
    pages.extend(docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    pages.sort();
    let read = |path: &Path| fs::read_to_string(path).expect("the page can be read");
    let (mut wrong, mut links) = (Vec::new(), 0);
    for page in &pages {
        for (line, link) in links_of(&read(page)) {
            links += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match path {
                "" => page.clone(),
                path => page.with_file_name(path),
            };
            let fine = match anchor {
                "" => target.exists(),
                anchor => target.is_file() && anchors(&read(&target)).iter().any(|a| a == anchor),
            };
            if !fine {
                wrong.push(format!("{}:{line} links to {link}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(links > 50, "only {links} links were found");
}

/// The text of a page outside of blocks of code, by line.
fn prose(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut code = false;
    page.lines().enumerate().filter_map(move |(at, line)| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        (!code && !fence).then_some((at + 1, line))
    })
}

/// Targets of links within the repository.
fn links_of(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, line) in prose(page) {
        // Every other part is code.
        let text: String = line.split('`').step_by(2).collect();
        let targets = text.split("](").skip(1);
        let targets = targets.filter_map(|rest| rest.split_once(')'));
        let inside = targets.filter(|(target, _)| !target.contains(':'));
        found.extend(inside.map(|(target, _)| (at, target.to_owned())));
    }
    found
}

/// What a page's headings are called in links: lower case, `-` for spaces, no punctuation.
fn anchors(page: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for (_, line) in prose(page) {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let heading = heading.trim().to_lowercase();
        let kept = heading.chars().filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            c => c.is_alphanumeric().then_some(c),
        });
        let anchor: String = kept.collect();
        let same = anchors.iter().filter(|other| **other == anchor).count();
        anchors.push(match same {
            0 => anchor,
            same => format!("{anchor}-{same}"),
        });
    }
    anchors
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            // What a package of its own builds is nobody's source.
            if name != "target" {
                collect(&path, &format!("{prefix}{name}/"), files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("the file can be read");
            files.push(File {
                path: format!("{prefix}{name}"),
                text,
            });
        }
    }
}
