//! The `firelens` binary: one binary, its roles and verbs as subcommands.
//!
//! It parses arguments, wires the crates together and prints; it decides nothing about AWS.
//! Data goes to standard output, notes to standard error. Exit status: 0 done, 1 refused or problems
//! found, 2 wrong usage.

mod args;
mod failure;
mod logging;
mod offline;
mod serve;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use failure::Failure;

/// Passes over a fleet make and drop many small texts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Serve(serve) => serve::serve(&serve),
        Command::Migrate(migrate) => serve::migrate(&migrate),
        Command::Patch(patch) => offline::patch(&patch),
        Command::Unpatch(unpatch) => offline::unpatch(&unpatch),
        Command::Preview(preview) => offline::preview(&preview),
        Command::Lint(lint) => offline::lint(&lint),
    }
}
