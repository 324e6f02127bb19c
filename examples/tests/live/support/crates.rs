//! Crates that a test writes and builds, with the runtime of this repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Result, fresh, repository, scratch};

/// A crate under `target/live/`. All of them share one target directory, so that the runtime is built
/// once.
pub struct ScratchCrate {
    pub dir: PathBuf,
}

impl ScratchCrate {
    /// A crate without code, with the runtime, whose dependencies are those that the repository locks.
    pub fn new(name: &str) -> Result<Self> {
        let runtime = repository().join("runtime");
        let this = Self::with(
            name,
            &format!("seapink = {{ path = '{}' }}", runtime.display()),
        )?;
        fs::copy(repository().join("Cargo.lock"), this.dir.join("Cargo.lock"))?;
        Ok(this)
    }

    /// A crate without code, with other dependencies, which must be fetched first.
    pub fn with(name: &str, dependencies: &str) -> Result<Self> {
        let dir = fresh(name)?;
        fs::create_dir(dir.join("src"))?;
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\n{dependencies}\n"
        );
        fs::write(dir.join("Cargo.toml"), manifest)?;
        Ok(Self { dir })
    }

    /// Writes a file, and the directories above it.
    pub fn write(&self, path: &str, text: &str) -> Result {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&self.dir))?;
        fs::write(path, text)?;
        Ok(())
    }

    /// A command of cargo in this crate.
    pub fn cargo(&self, command: &str) -> Result<Command> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .current_dir(&self.dir)
            .args([command, "--offline", "--quiet", "--target-dir"])
            .arg(scratch("target")?)
            // What calls the test would otherwise apply here as well.
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("RUSTFLAGS");
        Ok(cargo)
    }

    /// The program that `cargo build` made.
    pub fn program(&self) -> Result<PathBuf> {
        let name = self.dir.file_name().unwrap_or_default();
        Ok(scratch("target")?.join("debug").join(Path::new(name)))
    }
}
