//! The API as real versions of kubectl see it.

mod reads;
mod writes;
