//! The `firelens` binary: one binary, its roles and verbs as subcommands.
//!
//! It parses arguments, wires the crates together and prints; decisions about AWS are made in `core`.
//! Data goes to standard output, notes to standard error. Exit status: 0 done, 1 refused or problems
//! found, 2 wrong usage.

mod args;
mod client;
mod failure;
mod logging;
mod offline;
mod serve;

use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Arguments, Command};
use failure::Failure;

/// The allocator: passes over a fleet allocate and free many small strings.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The name of the program that kubectl runs for `kubectl firelens`.
const PLUGIN: &str = "kubectl-firelens";

fn main() -> ExitCode {
    let arguments = match Arguments::from_arg_matches(&command().get_matches()) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}

/// Returns the command line. Under the name `kubectl-firelens` it is a plugin of kubectl, and its help shows that.
fn command() -> clap::Command {
    let program = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&program).file_stem().unwrap_or_default();
    if name == PLUGIN {
        Arguments::command()
            .name(PLUGIN)
            .bin_name("kubectl firelens")
    } else {
        Arguments::command()
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Serve(serve) => serve::serve(&serve),
        Command::Migrate(migrate) => serve::migrate(&migrate),
        Command::Plan(plan) => client::plan(&plan),
        Command::Explain(explain) => client::explain(&explain),
        Command::Rollout(rollout) => client::rollout(&rollout),
        Command::Patch(patch) => offline::patch(&patch),
        Command::Unpatch(unpatch) => offline::unpatch(&unpatch),
        Command::Preview(preview) => offline::preview(&preview),
        Command::Lint(lint) => offline::lint(&lint),
    }
}
