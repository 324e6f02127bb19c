//! Diagnostics for people, drawn by `annotate-snippets`.
//!
//! The drawing costs time in proportion to the text handed to it, so each label gets a few lines
//! around it rather than the file, and a line of megabytes is cut to a window.

use super::{Label, Report, Severity};
use crate::source::{Source, SourceId, Span, offset};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::fmt::Write as _;

/// Labels this close share an excerpt.
const LINES_APART_MAX: u32 = 6;
/// Longer lines are cut to a window around their label.
const LINE_BYTES_MAX: u32 = 400;
const WINDOW_BYTES: u32 = 100;
/// Fixed, so that output does not depend on the terminal it happens to run in.
const TERM_WIDTH: usize = 140;

pub(super) fn render(report: &Report, styled: bool) -> String {
    let renderer = if styled {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.term_width(TERM_WIDTH);
    let mut out = String::new();
    for diagnostic in report.diagnostics() {
        let level = match diagnostic.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level
            .primary_title(&diagnostic.message)
            .id(diagnostic.code.name());
        let mut group = Group::with_title(title);
        for excerpt in excerpts(&diagnostic.labels) {
            group = add_excerpt(group, report, &excerpt, &diagnostic.labels[0]);
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    summary(report, &mut out);
    out
}

/// Labels drawn together.
struct Excerpt<'a> {
    file: SourceId,
    labels: Vec<&'a Label>,
}

/// Groups labels by file, the primary's first.
fn excerpts(labels: &[Label]) -> Vec<Excerpt<'_>> {
    let mut excerpts: Vec<Excerpt<'_>> = Vec::new();
    for label in labels {
        match excerpts.iter_mut().find(|e| e.file == label.at.file) {
            Some(excerpt) => excerpt.labels.push(label),
            None => excerpts.push(Excerpt {
                file: label.at.file,
                labels: vec![label],
            }),
        }
    }
    excerpts
}

fn add_excerpt<'a>(
    mut group: Group<'a>,
    report: &'a Report,
    excerpt: &Excerpt<'a>,
    primary: &Label,
) -> Group<'a> {
    let source = &report.sources()[excerpt.file];
    let lines = |label: &Label| {
        let Span { start, end } = label.at.span;
        (source.line(start), source.line(end.max(start + 1) - 1))
    };
    let (first, last) = excerpt
        .labels
        .iter()
        .map(|l| lines(l))
        .fold((u32::MAX, 0), |(first, last), (start, end)| {
            (first.min(start), last.max(end))
        });
    let whole = Span {
        start: source.line_span(first).start,
        end: source.line_span(last).end,
    };
    if last - first <= LINES_APART_MAX && whole.end - whole.start <= LINE_BYTES_MAX {
        let mut snippet = Snippet::source(source.slice(whole))
            .line_start(first as usize)
            .path(source.path());
        for label in &excerpt.labels {
            snippet = snippet.annotation(annotation(source, label, whole, primary));
        }
        return group.element(snippet);
    }
    for label in &excerpt.labels {
        let (line, _) = lines(label);
        let span = source.line_span(line);
        let window = window(source, span, label.at.span);
        let snippet = Snippet::source(source.slice(window))
            .line_start(line as usize)
            .annotation(annotation(source, label, window, primary));
        if window.start == span.start {
            group = group.element(snippet.path(source.path()));
        } else {
            // The renderer would count columns from the window's start.
            let column = source.position(label.at.span.start).column as usize;
            let origin = Origin::path(source.path())
                .line(line as usize)
                .char_column(column);
            group = group.element(origin).element(snippet);
        }
    }
    group
}

fn annotation<'a>(
    source: &Source,
    label: &'a Label,
    shown: Span,
    primary: &Label,
) -> annotate_snippets::Annotation<'a> {
    let kind = if std::ptr::eq(label, primary) {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    };
    let start = label.at.span.start.clamp(shown.start, shown.end);
    // A label over several lines, such as a comment without an end, is drawn on its first.
    let line_end = source.line_span(source.line(start)).end;
    let end = label
        .at
        .span
        .end
        .clamp(start, shown.end.min(line_end.max(start)));
    let span = (start - shown.start) as usize..(end - shown.start) as usize;
    let annotation = kind.span(span);
    if label.text.is_empty() {
        annotation
    } else {
        annotation.label(label.text.as_str())
    }
}

/// The part of a line to show: all of it, or some bytes around the label.
fn window(source: &Source, line: Span, label: Span) -> Span {
    if line.end - line.start <= LINE_BYTES_MAX {
        return line;
    }
    let text = source.text();
    let mut start = label.start.saturating_sub(WINDOW_BYTES).max(line.start);
    while !text.is_char_boundary(start as usize) {
        start -= 1;
    }
    let mut end = label
        .end
        .min(label.start + WINDOW_BYTES)
        .saturating_add(WINDOW_BYTES)
        .min(line.end);
    while !text.is_char_boundary(end as usize) {
        end += 1;
    }
    Span {
        start,
        end: end.min(offset(text.len())),
    }
}

/// `2 errors and 1 warning`, and how many of them are not shown.
fn summary(report: &Report, out: &mut String) {
    let count = |n: usize, what: &str| match n {
        0 => None,
        1 => Some(format!("1 {what}")),
        n => Some(format!("{n} {what}s")),
    };
    let (errors, warnings) = (report.error_count(), report.warning_count());
    let line = match (count(errors, "error"), count(warnings, "warning")) {
        (Some(errors), Some(warnings)) => format!("{errors} and {warnings}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return,
    };
    let hidden = errors + warnings - report.diagnostics().len();
    let _ = match hidden {
        0 => writeln!(out, "{line}"),
        _ => writeln!(out, "{line}, of which {hidden} are not shown"),
    };
}
