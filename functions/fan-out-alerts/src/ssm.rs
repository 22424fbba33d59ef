//! AWS Systems Manager: the routes, where they are a parameter.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use aws_call::Call as _;
use aws_sdk_ssm::Client;
use tokio::time::Instant;

use crate::aws::Aws;
use crate::routes::{Problem, Routes};
use crate::settings::{Settings, Source};

/// Routes from a parameter are believed for this long.
const BELIEVED: Duration = Duration::from_secs(60);
/// There must be time left to tell people.
const WITHIN: Duration = Duration::from_secs(5);

/// The routes, read again once they have been believed for long enough. Ones that can't be read, or lead
/// nowhere, never replace those that do.
pub(crate) async fn routes(aws: &Aws, settings: &Settings) -> Result<Arc<Routes>> {
    let known = aws.routes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let fresh =
        |since: Instant| matches!(settings.routes, Source::Text(_)) || since.elapsed() < BELIEVED;
    if let Some((since, routes)) = &known
        && fresh(*since)
    {
        return Ok(Arc::clone(routes));
    }
    let read = match &settings.routes {
        Source::Text(text) => Ok(text.clone()),
        Source::Parameter(name) => {
            match tokio::time::timeout(WITHIN, parameter(&aws.ssm, name)).await {
                Ok(read) => read,
                Err(_) => Err(anyhow!("ROUTES_PARAMETER {name}: no answer in time")),
            }
        }
    };
    let read = read.map(|text| Routes::read(&text));
    let routes = match (read, known) {
        (Ok((routes, problems)), known) => {
            for problem in &problems {
                tracing::error!(
                    problem = problem.to_string(),
                    "the routes are not as they should be"
                );
            }
            match known {
                Some((_, old)) if routes.destinations.is_empty() => old,
                // What waits must not be given up for it.
                None if routes.destinations.is_empty() => {
                    bail!(
                        "the routes lead nowhere: {}",
                        problems.first().map_or_else(String::new, Problem::to_string)
                    )
                }
                _ => Arc::new(routes),
            }
        }
        (Err(error), Some((_, old))) => {
            tracing::error!(error = format!("{error:#}"), "the routes are those from before");
            old
        }
        (Err(error), None) => return Err(error),
    };
    let kept = Some((Instant::now(), Arc::clone(&routes)));
    *aws.routes.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    Ok(routes)
}

async fn parameter(ssm: &Client, name: &str) -> Result<String> {
    let answer = ssm.get_parameter().name(name).with_decryption(true).send().await;
    let answer = answer.call("GetParameter").with_context(|| format!("ROUTES_PARAMETER {name}"))?;
    Ok(answer.parameter.and_then(|it| it.value).unwrap_or_default())
}
