//! What the tests of this crate read: the tree, the crates, the template.
//!
//! The tests say what must agree with what. A rule that somebody wants to keep is one of them, not a
//! sentence in a document.

#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this crate is read by tests only, and a tree that can't be read fails them"
)]

mod crates;
mod template;
mod text;
mod tree;

pub use crates::{Crate, crates, dependency_tree};
pub use template::{Function, functions_of, template, without};
pub use text::{awaits, code_of, documented_settings, functions_in, named_calls, snake_case};
pub use tree::{File, files, read, root};
