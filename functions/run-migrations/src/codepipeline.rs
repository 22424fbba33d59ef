//! AWS CodePipeline: the answer to an action's job.

use anyhow::Result;
use aws_call::{Call as _, Failed};
use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::types::{FailureDetails, FailureType};

use crate::answer::Word;
use crate::hook::Memory;

/// `CodePipeline` takes so many characters of a failure's message.
const LONGEST: usize = 4000;

/// Answers a job. One that is still at work is given a continuation token: `CodePipeline` calls again
/// with it.
pub(crate) async fn say(client: &Client, job: &str, word: &Word, memory: &Memory) -> Result<()> {
    let said = match word {
        Word::Succeeded(_) => succeed(client, job, None).await,
        Word::Started(_) | Word::Waiting(_) => {
            succeed(client, job, Some(serde_json::to_string(memory)?)).await
        }
        Word::Failed(reason) => fail(client, job, reason).await,
    };
    match said {
        // An earlier delivery of the same event has said it.
        Err(failed) if failed.is("InvalidJobStateException") => Ok(()),
        said => Ok(said?),
    }
}

async fn succeed(client: &Client, job: &str, token: Option<String>) -> Result<(), Failed> {
    let request = client.put_job_success_result().job_id(job).set_continuation_token(token);
    request.send().await.call("PutJobSuccessResult").map(drop)
}

async fn fail(client: &Client, job: &str, reason: &str) -> Result<(), Failed> {
    let message: String = alert::redact(reason).chars().take(LONGEST).collect();
    let details = FailureDetails::builder().r#type(FailureType::JobFailed).message(message).build();
    let request = client.put_job_failure_result().job_id(job).set_failure_details(details.ok());
    request.send().await.call("PutJobFailureResult").map(drop)
}
