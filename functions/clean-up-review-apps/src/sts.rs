//! AWS STS: where this run works.

use aws_call::{Call as _, Class, Failed};

use crate::aws::Aws;

/// The account that the credentials belong to.
pub(crate) async fn account(aws: &Aws) -> Result<String, Failed> {
    const OPERATION: &str = "GetCallerIdentity";
    let answer = aws.sts.get_caller_identity().send().await.call(OPERATION)?;
    answer.account.ok_or_else(|| Failed {
        operation: OPERATION,
        code: None,
        message: "the answer names no account".to_owned(),
        class: Class::Real,
    })
}
