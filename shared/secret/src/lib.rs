//! One secret from Secrets Manager: plain or JSON, cached, fetched again, never printed.
//!
//! **Invariant:** a secret's value is in no error, no log and no `Debug` output; whoever sends it says so
//! by calling [`Secret::expose`].

mod reference;
pub mod secretsmanager;

use std::fmt;

pub use reference::Reference;

/// A value that is not to be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one request that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
