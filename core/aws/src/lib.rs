//! What the operator sees of AWS, what it remembers of it, and the facts to evaluate both by.

pub mod fit;
pub mod iam;
pub mod image;
pub mod installation;
pub mod observe;
pub mod record;
pub mod size;
