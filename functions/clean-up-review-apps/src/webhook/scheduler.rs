//! EventBridge Scheduler: what a webhook has arranged.

use anyhow::Result;
use runtime::Invocation;

use super::{Request, Webhook};
use crate::answer::Answer;
use crate::aws::Aws;
use crate::scheduler;
use crate::settings::Settings;
use crate::verdict::minute;

/// Answers a delivery: it has the app looked at later, and does nothing else.
pub(crate) async fn hook(
    aws: &Aws,
    settings: &Settings,
    invocation: &Invocation,
    request: std::result::Result<Request, Webhook>,
) -> Result<Answer> {
    let answer = |status, said: String| Ok(Answer::Http { status, said });
    let Some(reference) = &settings.webhook_secret else {
        return answer(403, "WEBHOOK_SECRET is not set: no webhook is taken".to_owned());
    };
    let read = match request {
        Err(refused) => refused,
        Ok(request) => match aws.secrets.get(reference).await {
            // GitHub shows the answer to whoever looks: a secret's name is none of its business.
            Err(unavailable) => {
                tracing::error!(why = unavailable.why, "the webhook's secret could not be read");
                return answer(503, "not now".to_owned());
            }
            Ok(secret) => {
                let (headers, body) = (&request.headers, &request.body);
                super::read(headers, body, secret.expose(), &settings.repository_id)
            }
        },
    };
    match read {
        Webhook::Ping => answer(200, "here".to_owned()),
        Webhook::Ignored(why) => answer(200, why),
        Webhook::Refused { status, why } => {
            tracing::warn!(status, why, "a webhook was refused");
            answer(status, why)
        }
        Webhook::Sweep { number, .. } if !settings.apply => {
            answer(202, format!("dry run: #{number} would be looked at"))
        }
        Webhook::Sweep { number, action } => {
            tracing::info!(number, action, "a webhook asks for a look");
            match scheduler::call_when_due(aws, settings, invocation, number).await {
                Ok(at) => answer(202, format!("#{number} is looked at {}", minute(at))),
                // The schedule finds it anyway.
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "no look could be arranged");
                    answer(
                        500,
                        "no look could be arranged; the next scheduled run finds it".to_owned(),
                    )
                }
            }
        }
    }
}
