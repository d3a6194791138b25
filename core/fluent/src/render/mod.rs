//! The one place where text reaches Fluent Bit: classic configuration is written, read back and compared here.
//!
//! Never lets a value decide structure: what could open a section, start a command or end a line is
//! refused, not escaped, because the classic format knows no escapes.

mod custom;
mod error;
mod filters;
pub mod fluentd;
pub mod known;
mod multiline;
mod outputs;
mod parser_names;
mod parsers;
mod reader;
mod router;
mod tags;
mod tree;
mod versions;
mod writer;

pub use custom::{CUSTOM_CONFIG_BYTES, CustomConfigProblem, read_custom_config};
pub use error::RenderError;
pub use known::BUILT_IN_PARSERS_FILE;
pub use reader::{ReadError, ReadProblem, read};
pub use router::{Route, RouterFileInput, RouterFiles, router_file};
pub use tree::{Document, Entry, Item, Section};
pub use writer::{WriteError, write};
