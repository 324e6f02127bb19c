//! The command line: arguments in, exit code out. Everything between is the library's.
//!
//! Exit codes: 0 fine, 1 errors in the IDL, 2 wrong usage or a file that cannot be read or written.

mod args;
mod habits;

use anstream::AutoStream;
use args::{Args, Backend, Check, Command, Format, Load, Rust};
use clap::Parser as _;
use seapink_idl::emit::rust::Options;
use seapink_idl::{Disk, LoadOptions, Report, build, emit, load, output};
use std::io::Write as _;
use std::process::ExitCode;

const FINE: u8 = 0;
const IDL_ERRORS: u8 = 1;
const USAGE: u8 = 2;

/// Runs the command that the process was started with.
pub(crate) fn run() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let parsed = match Args::try_parse() {
        // `-out gen` would be `-o ut gen`.
        Ok(_) if arguments.iter().any(|argument| argument == "-out") => {
            return ExitCode::from(fail("there is no `-out`; write `-o DIR`"));
        }
        Ok(parsed) => parsed,
        Err(error) => {
            let _ = error.print();
            if error.use_stderr()
                && let Some(hint) = habits::hint(&arguments)
            {
                let _ = writeln!(std::io::stderr(), "\nhint: {hint}");
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    let code = match parsed.command {
        Command::Generate {
            backend: Backend::Rust(rust),
        } => generate_rust(&rust),
        Command::Check(check) => run_check(&check),
    };
    ExitCode::from(code)
}

fn options(load: &Load) -> LoadOptions {
    LoadOptions {
        include_dirs: load.include.clone(),
        strict: load.strict,
    }
}

fn generate_rust(args: &Rust) -> u8 {
    let layout = match args.layout(build::layout) {
        Ok(layout) => layout,
        Err(message) => return fail(&message),
    };
    let (program, report) = load(&Disk, &args.load.files, &options(&args.load));
    show(&report);
    let Some(program) = program else {
        return code(&report);
    };
    let options = Options {
        layout,
        collection: args.collections.into(),
        binary: args.binary.into(),
        derives: args.derive.clone(),
        views: args.views,
        asynchronous: args.asynchronous,
    };
    match output::write(&args.out, &emit::rust::emit(&program, &options)) {
        Ok(_) => FINE,
        Err(error) => fail(&error.to_string()),
    }
}

fn run_check(args: &Check) -> u8 {
    let (_, report) = load(&Disk, &args.load.files, &options(&args.load));
    match args.format {
        Format::Human => show(&report),
        Format::Json => {
            // Nobody may be listening any more; that is not this program's error.
            let _ = std::io::stdout().write_all(report.json().as_bytes());
        }
    }
    code(&report)
}

fn code(report: &Report) -> u8 {
    if report.has_unreadable_file() {
        USAGE
    } else if report.has_errors() {
        IDL_ERRORS
    } else {
        FINE
    }
}

/// Shows diagnostics, in colour if standard error is a terminal that wants it.
fn show(report: &Report) {
    let mut stderr = AutoStream::auto(std::io::stderr());
    let _ = stderr.write_all(report.human(true).as_bytes());
}

fn fail(message: &str) -> u8 {
    let _ = writeln!(std::io::stderr(), "error: {message}");
    USAGE
}
