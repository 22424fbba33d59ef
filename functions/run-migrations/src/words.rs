//! Commands and times, as people write them in labels and settings.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;

/// Commands to run one after another, each as its words.
pub(crate) type Commands = Vec<Vec<String>>;

/// ECS itself keeps a deployment waiting for at most 14 days.
const LONGEST: Duration = Duration::from_secs(13 * 24 * 3600);

/// A command, or several: a JSON list of lists. An empty list means that nothing is to be run.
pub(crate) fn commands(text: &str) -> Result<Commands, String> {
    match serde_json::from_str::<Vec<Value>>(text) {
        Ok(all) if all.iter().all(Value::is_array) => {
            all.iter().map(|it| command(&it.to_string())).collect()
        }
        _ => command(text).map(|it| vec![it]),
    }
}

/// A command: a JSON list as it is, anything else as words with the shell's quotes (but no shell).
pub(crate) fn command(text: &str) -> Result<Vec<String>, String> {
    let text = text.trim();
    let words = if text.starts_with('[') {
        serde_json::from_str(text).map_err(|error| format!("not a JSON list of text: {error}"))?
    } else {
        shell_words::split(text).map_err(|_| "a quote is not closed".to_owned())?
    };
    if words.first().is_none_or(|word: &String| word.is_empty()) {
        return Err("the command is empty".to_owned());
    }
    Ok(words)
}

/// A time such as `55m` or `90 seconds`.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    let duration = text
        .parse::<SignedDuration>()
        .map_err(|_| "expected a time such as 55m or 90s".to_owned())
        .and_then(|it| {
            Duration::try_from(it).map_err(|_| "a time in the past makes no sense".to_owned())
        })?;
    if duration.is_zero() || duration > LONGEST {
        return Err("expected more than nothing and at most 13 days".to_owned());
    }
    Ok(duration)
}

pub(crate) fn exit_codes(text: &str) -> Result<Vec<i32>, String> {
    text.split(',')
        .map(|it| {
            it.trim()
                .parse()
                .ok()
                .filter(|code| (0..=255).contains(code))
                .ok_or_else(|| "expected exit codes such as 0,3".to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_words_or_lists() {
        let check = |text: &str, words: &[&[&str]]| assert_eq!(commands(text).unwrap(), words);
        check("migrate", &[&["migrate"]]);
        check(r#"sh -c "a && b""#, &[&["sh", "-c", "a && b"]]);
        check(r#"["sh", "-c", "a && b"]"#, &[&["sh", "-c", "a && b"]]);
        check(r#"[["prepare"], ["migrate", "all"]]"#, &[&["prepare"], &["migrate", "all"]]);
        check("[]", &[]);
        for wrong in ["", "[[]]", r#"[["a"], "b"]"#, "[1]", "it's"] {
            assert!(commands(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_written_as_people_write_them() {
        let check = |text: &str, seconds| {
            assert_eq!(timeout(text).unwrap(), Duration::from_secs(seconds));
        };
        check("55m", 3300);
        check("90s", 90);
        check("10 minutes", 600);
        check("3h", 3 * 3600);
        for wrong in ["", "0s", "-5m", "400h", "55"] {
            assert!(timeout(wrong).is_err(), "{wrong}");
        }
    }
}
