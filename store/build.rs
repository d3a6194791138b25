//! Makes cargo build again when a migration is added: `migrate!` alone notices only edits.

#[allow(
    clippy::print_stdout,
    reason = "this is how a build script talks to cargo"
)]
fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
