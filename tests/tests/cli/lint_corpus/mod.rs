//! The linter over broken policies, one for each of its codes, and over clean ones.

mod broken;
mod case;
mod clean;
