//! Amazon CloudWatch Logs: what a container said last.

use std::time::Duration;

use alert::Log;
use aws_call::{Call as _, Failed};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::{Builder, Region};
use aws_sdk_ecs::types::Task;
use one_off_task::Mark;

use crate::log_place::LogPlace;

/// The log driver sends lines in batches; a container's last ones may arrive after its end.
const LATE_LINES: Duration = Duration::from_secs(3);
/// An answer may be empty although there is more behind its token.
const PAGES: usize = 5;

/// The end of the log of the container that a mark names, or a note why there is none. Takes no longer
/// than `within`.
pub async fn tail(
    logs: &Client,
    ecs: &aws_sdk_ecs::Client,
    task: &Task,
    mark: &Mark,
    lines: u16,
    within: Duration,
) -> Log {
    let definition = task.task_definition_arn().unwrap_or_default();
    let read = async {
        match one_off_task::ecs::task_definition(ecs, definition).await {
            Ok(it) => {
                let arn = task.task_arn().unwrap_or_default();
                tail_of(logs, &LogPlace::of(&it, &mark.container, arn), lines).await
            }
            Err(failed) => Log { note: Some(failed.to_string()), ..Log::default() },
        }
    };
    let late = || Log { note: Some("the log could not be read in time".into()), ..Log::default() };
    tokio::time::timeout(within, read).await.unwrap_or_else(|_| late())
}

/// The last lines of a container, or the reason why there are none. Never fails: an alert without
/// log lines is better than none.
async fn tail_of(logs: &Client, place: &LogPlace, lines: u16) -> Log {
    let (group, stream, region) = match place {
        LogPlace::CloudWatch { group, stream, region } => (group, stream, region),
        LogPlace::Elsewhere(why) => return Log { note: Some(why.clone()), ..Log::default() },
    };
    let mut log =
        Log { group: Some(group.clone()), stream: Some(stream.clone()), ..Log::default() };
    if lines == 0 {
        return log;
    }
    let mut read = last(logs, group, stream, region, lines).await;
    if read.as_ref().map_or(true, Vec::is_empty) {
        tokio::time::sleep(LATE_LINES).await;
        read = last(logs, group, stream, region, lines).await;
    }
    match read {
        Ok(read) if read.is_empty() => log.note = Some("the container wrote no log lines".into()),
        Ok(read) => log.lines = read,
        Err(failed) => log.note = Some(failed.to_string()),
    }
    log
}

async fn last(
    logs: &Client,
    group: &str,
    stream: &str,
    region: &str,
    lines: u16,
) -> Result<Vec<String>, Failed> {
    let wanted = usize::from(lines);
    let mut found: Vec<String> = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..PAGES {
        let answer = logs
            .get_log_events()
            .log_group_name(group)
            .log_stream_name(stream)
            .start_from_head(false)
            .limit(i32::from(lines))
            .set_next_token(token.clone())
            .customize()
            .config_override(Builder::new().region(Region::new(region.to_owned())))
            .send()
            .await
            .call("GetLogEvents")?;
        let page = answer.events().iter().filter_map(|it| it.message()).map(str::to_owned);
        found.splice(0..0, page);
        let next = answer.next_backward_token().map(str::to_owned);
        if found.len() >= wanted || next.is_none() || next == token {
            break;
        }
        token = next;
    }
    Ok(found.split_off(found.len().saturating_sub(wanted)))
}
