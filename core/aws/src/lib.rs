//! What the operator observes of AWS, what it remembers, and the facts by which both are evaluated.

pub mod fit;
pub mod iam;
pub mod image;
pub mod installation;
pub mod observe;
pub mod record;
pub mod size;
