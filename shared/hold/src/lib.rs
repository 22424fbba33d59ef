//! The pause switch: one SSM parameter that holds migrations and jobs.
//!
//! Empty, or `off`, holds nothing; any other text does and is the reason, for ever or, as
//! `{"reason": "…", "until": "2026-11-21T20:00:00Z"}`, for a while.
//!
//! **Invariant:** what can't be read holds: an error is for the caller to stop at, never to pass over.

pub mod ssm;

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;

/// Why nothing is to start.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Who wants it, and why.
    #[serde(default)]
    pub reason: String,
    /// When it ends by itself.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

impl Hold {
    /// Reads the parameter's value; `None` if nothing is held at this moment.
    ///
    /// # Errors
    /// It looks like JSON and is not what it should be.
    pub fn read(value: &str, now: Timestamp) -> Result<Option<Self>, String> {
        let value = value.trim();
        let off = ["", "off", "no", "none", "false"];
        if off.iter().any(|it| value.eq_ignore_ascii_case(it)) {
            return Ok(None);
        }
        let hold = if value.starts_with('{') {
            serde_json::from_str(value).map_err(|error| {
                format!(
                    r#"expected text, or {{"reason": "…", "until": "2026-11-21T20:00:00Z"}}: {error}"#
                )
            })?
        } else {
            Self { reason: value.to_owned(), until: None }
        };
        let over = hold.until.is_some_and(|until| until <= now);
        Ok((!over).then_some(hold))
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("on hold")?;
        if let Some(until) = self.until {
            write!(f, " until {until}")?;
        }
        if !self.reason.is_empty() {
            write!(f, ": {}", self.reason)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_holds_until_it_is_taken_away_or_over() {
        let check = |value: &str, now: &str, expected: &str| {
            let read = Hold::read(value, now.parse().unwrap());
            let told = match read {
                Ok(None) => "free".to_owned(),
                Ok(Some(hold)) => hold.to_string(),
                Err(why) => why,
            };
            assert!(told.starts_with(expected), "{value}: {told}");
        };
        let morning = "2026-11-21T08:00:00Z";
        for free in ["", " ", "off", "OFF", "no", "false", "none"] {
            check(free, morning, "free");
        }
        check("moving the database", morning, "on hold: moving the database");
        check("on", morning, "on hold: on");
        let until = r#"{"reason": "moving", "until": "2026-11-21T20:00:00Z"}"#;
        check(until, morning, "on hold until 2026-11-21T20:00:00Z: moving");
        check(until, "2026-11-21T20:00:00Z", "free");
        check("{}", morning, "on hold");
        check(r#"{"until": "tonight"}"#, morning, "expected text, or {");
        check(r#"{"till": "2026-11-21T20:00:00Z"}"#, morning, "expected text, or {");
    }
}
