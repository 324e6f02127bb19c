//! The section `[client.exec]`.

use std::path::PathBuf;

use crate::config::TIMEOUT_MS_MAX;
use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::error::Result;

/// How a client starts the program that its address names, as `exec:///path/to/program`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientExec {
    /// Its arguments. Default none.
    pub args: Vec<String>,
    /// Variables of its environment, with their values, beside those of this process. Default none.
    pub env: Vec<(String, String)>,
    /// The directory that it runs in; a relative one in a file counts from the folder of that file.
    /// Default: that of this process.
    pub directory: Option<PathBuf>,
    /// How long it may take to end when its input has ended, in milliseconds, 1 to 86 400 000. Then
    /// it is killed. Default 1000.
    pub exit_ms: u64,
}

impl Default for ClientExec {
    fn default() -> Self {
        Self {
            args: Vec::new(),
            env: Vec::new(),
            directory: None,
            exit_ms: 1000,
        }
    }
}

impl ClientExec {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self> {
        let mut exec = Self::default();
        section.list("args", &mut exec.args)?;
        section.strings("env", &mut exec.env)?;
        let mut directory = String::new();
        if section.string("directory", &mut directory)? {
            exec.directory = Some(directory.into());
        }
        section.number("exit_ms", 1..=TIMEOUT_MS_MAX, &mut exec.exit_ms)?;
        section.finish()?;
        Ok(exec)
    }

    /// The same with one more of the [`args`](Self::args).
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// The same with one more variable of the [`env`](Self::env).
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// The same in another [`directory`](Self::directory).
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The same with another [`exit_ms`](Self::exit_ms).
    #[must_use]
    pub fn exit_ms(mut self, ms: u64) -> Self {
        self.exit_ms = ms;
        self
    }

    /// Relative names of a file count from its folder.
    pub(super) fn resolve(&mut self, origin: &Origin) {
        if let (Some(directory), Some(folder)) = (&mut self.directory, origin.folder()) {
            *directory = folder.join(&*directory);
        }
    }

    pub(super) fn check(&self, origin: &Origin) -> Result<()> {
        origin.check_ms("client.exec.exit_ms", self.exit_ms)?;
        let nul = |text: &String| text.contains('\0');
        if self.args.iter().any(nul) {
            return Err(origin.error("client.exec.args", "there is a NUL in one of them"));
        }
        let bad = |name: &String| name.is_empty() || name.contains(['=', '\0']);
        let mut names = self.env.iter();
        if let Some((name, _)) = names.find(|(name, value)| bad(name) || nul(value)) {
            let text = format!(
                "`{}` is no variable: its name is not empty and has no `=`, and there is no NUL in it",
                name.escape_debug()
            );
            return Err(origin.error("client.exec.env", text));
        }
        Ok(())
    }
}
