//! What the function is asked for.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::name::number;
use crate::webhook::{self, Request, Webhook};

/// What the function is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// To look after review apps.
    Sweep {
        /// Only this pull request's.
        only: Option<u32>,
        /// A plan that was looked at, by its name.
        approve: Option<String>,
    },
    /// GitHub says that something happened; or somebody says so.
    Webhook(Result<Request, Webhook>),
}

impl Trigger {
    /// Reads an event: a schedule's, a function URL's, or one by hand.
    ///
    /// # Errors
    /// It asks for something that doesn't exist: the error names it.
    pub(crate) fn read(event: &Value) -> Result<Self> {
        if let Some(request) = webhook::request(event) {
            return Ok(Self::Webhook(request));
        }
        let sweep = Self::Sweep { only: None, approve: None };
        let Some(members) = event.as_object() else {
            return if event.is_null() { Ok(sweep) } else { bail!("the event is no JSON object") };
        };
        // A schedule of EventBridge sends its envelope.
        if members.contains_key("detail-type") {
            return Ok(sweep);
        }
        let (mut only, mut approve) = (None, None);
        for (name, value) in members {
            match name.as_str() {
                _ if name == "dry_run" || value.is_null() => {}
                "pull_request" => {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    let read = number(&text);
                    only = Some(read.with_context(|| {
                        format!("pull_request is {value}: expected its number")
                    })?);
                }
                "approve" => {
                    let name = value.as_str().filter(|it| !it.is_empty());
                    approve = Some(
                        name.context("approve is the name of a plan, as the alert says it")?
                            .to_owned(),
                    );
                }
                other => {
                    bail!("the event has `{other}`; there are pull_request, approve and dry_run")
                }
            }
        }
        Ok(Self::Sweep { only, approve })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_read_or_refused_by_name() {
        let check = |event: Value, only: Option<u32>, approve: Option<&str>| {
            let approve = approve.map(str::to_owned);
            assert_eq!(Trigger::read(&event).unwrap(), Trigger::Sweep { only, approve });
        };
        check(json!({}), None, None);
        check(Value::Null, None, None);
        check(
            json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
            None,
            None,
        );
        check(json!({"pull_request": 12}), Some(12), None);
        check(json!({"pull_request": "12", "dry_run": true}), Some(12), None);
        check(json!({"approve": "ab12"}), None, Some("ab12"));
        let refused = |event: Value, why: &str| {
            let error = Trigger::read(&event).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        };
        refused(json!({"pull_request": "012"}), "pull_request is \"012\"");
        refused(json!({"pull_request": -1}), "pull_request is -1");
        refused(json!({"pull_requests": 1}), "`pull_requests`");
        refused(json!({"approve": 1}), "approve");
        refused(json!("12"), "no JSON object");
    }
}
