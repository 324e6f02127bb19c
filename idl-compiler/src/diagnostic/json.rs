//! Diagnostics as JSON. The schema is documented in `docs/idl.md`; fields are only ever added.

use super::{Label, Report, Severity};
use crate::source::{Sources, Span};
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    severity: Severity,
    code: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    labels: Vec<LabelEntry<'a>>,
    help: Option<&'a str>,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end: End,
}

#[derive(Serialize)]
struct End {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct LabelEntry<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
}

fn place<'a>(sources: &'a Sources, label: &Label) -> Place<'a> {
    let source = &sources[label.at.file];
    let Span { start, end } = label.at.span;
    let (start, end) = (source.position(start), source.position(end));
    Place {
        file: source.path(),
        line: start.line,
        column: start.column,
        end: End {
            line: end.line,
            column: end.column,
        },
    }
}

pub(super) fn render(report: &Report) -> String {
    let sources = report.sources();
    let entries = report.diagnostics().iter().map(|d| Entry {
        severity: d.severity(),
        code: d.code.name(),
        message: &d.message,
        place: d.labels.first().map(|label| place(sources, label)),
        labels: d
            .labels
            .iter()
            .map(|label| LabelEntry {
                place: place(sources, label),
                text: &label.text,
            })
            .collect(),
        help: d.help.as_deref(),
    });
    let document = Document {
        errors: report.error_count(),
        warnings: report.warning_count(),
        diagnostics: entries.collect(),
    };
    // Only a map with keys that are not strings can fail, and there is none.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}
