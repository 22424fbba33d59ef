//! AWS Systems Manager: the parameter.

use anyhow::{Context as _, Result, anyhow};
use aws_call::Call as _;
use aws_sdk_ssm::Client;
use jiff::Timestamp;

use crate::Hold;

/// Whether anything is held; there need not be such a parameter.
///
/// # Errors
/// The parameter can't be read, or its value makes no sense.
pub async fn hold(ssm: &Client, name: &str, now: Timestamp) -> Result<Option<Hold>> {
    let answer = ssm.get_parameter().name(name).with_decryption(true).send().await;
    let answer = match answer.call("GetParameter") {
        Err(failed) if failed.is("ParameterNotFound") => return Ok(None),
        answer => answer.with_context(|| format!("is anything on hold? parameter {name}"))?,
    };
    let value = answer.parameter.and_then(|it| it.value).unwrap_or_default();
    Hold::read(&value, now).map_err(|why| anyhow!("is anything on hold? parameter {name}: {why}"))
}
