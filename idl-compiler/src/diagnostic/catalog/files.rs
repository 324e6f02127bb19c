//! Files and includes.

use super::{Code, short};
use crate::diagnostic::Diagnostic;
use crate::source::Location;

pub(crate) fn file_unreadable(path: &str, why: &str, near: Option<String>) -> Diagnostic {
    Diagnostic::new(Code::FileUnreadable, format!("cannot read `{path}`: {why}"))
        .help_if(near.map(|near| super::did_you_mean(&near)))
}

pub(crate) fn include_not_found(
    at: Location,
    path: &str,
    searched: &[String],
    near: Option<String>,
) -> Diagnostic {
    const DIRS_MAX: usize = 8;
    let mut dirs: Vec<String> = searched
        .iter()
        .take(DIRS_MAX)
        .map(|d| format!("`{d}`"))
        .collect();
    if searched.len() > DIRS_MAX {
        dirs.push(format!("{} more", searched.len() - DIRS_MAX));
    }
    let help = match near {
        Some(near) => super::did_you_mean(&near),
        None if dirs.is_empty() => "correct the path".to_owned(),
        None => format!(
            "searched in {}; add directories with `-I`, in a build script with `Builder::include`",
            dirs.join(", ")
        ),
    };
    Diagnostic::new(
        Code::IncludeNotFound,
        format!("cannot find the included file `{}`", short(path)),
    )
    .label(at, "no such file")
    .help(help)
}

pub(crate) fn include_unreadable(at: Location, path: &str, why: &str) -> Diagnostic {
    Diagnostic::new(
        Code::IncludeUnreadable,
        format!("cannot read the included file `{}`: {why}", short(path)),
    )
    .label(at, "included here")
}

/// `chain` holds the files from the first to the one that includes the first again.
pub(crate) fn include_cycle(at: Location, chain: &[&str]) -> Diagnostic {
    const FILES_MAX: usize = 6;
    let mut names: Vec<String> = chain
        .iter()
        .take(FILES_MAX)
        .map(|name| format!("`{name}`"))
        .collect();
    if chain.len() > FILES_MAX {
        names.push(format!("{} more", chain.len() - FILES_MAX));
    }
    names.push(format!("`{}`", chain.first().copied().unwrap_or_default()));
    let message = if chain.len() == 1 {
        format!("{} includes itself", names[0])
    } else {
        format!("files include each other: {}", names.join(" → "))
    };
    Diagnostic::new(Code::IncludeCycle, message)
        .label(at, "closes the cycle")
        .help("move what both files need into a third one")
}
