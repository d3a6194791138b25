//! The one place where text reaches Fluent Bit: classic configuration is written, read back and compared here.
//!
//! Never lets a value decide structure: what could open a section, start a command or end a line is
//! refused, not escaped, because the classic format knows no escapes.

mod reader;
mod text;
mod tree;
mod writer;

pub use reader::{ReadError, read};
pub use text::{LINE_BYTES, TextProblem, check_key, check_name, check_pattern, check_value};
pub use tree::{Document, Entry, Item, Section};
pub use writer::{WriteError, write};
