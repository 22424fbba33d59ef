//! Takes out of a text what nobody should read in a chat room.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

const MASK: &str = "[redacted]";

/// What a secret looks like; the first group, where there is one, stays readable.
///
/// The patterns are literals checked by a test, so one that does not compile cannot ship.
static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // Private keys, also without their end.
        r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
        // Pre-signed URLs: ECS puts them into the reason of a failed pull.
        r"(?i)([?&](?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|AWSAccessKeyId|Expires|Key-Pair-Id|Policy|sig)=)[^&\s\x22'<>]+",
        // user:password@ in any URL.
        r"(?i)([a-z][a-z0-9+.-]*://[^\s:/@\x22']*:)[^\s/@\x22']+(?:@[^\s/@\x22']+)*(?-i:@)",
        // Webhooks are secrets as a whole.
        r"(https://hooks\.slack\.com/(?:services|workflows|triggers)/)[^\s\x22'<>]+",
        r"(https://(?:[a-z0-9.-]*\.)?(?:discord|discordapp)\.com/api/webhooks/)[^\s\x22'<>]+",
        r"(https://[a-z0-9.-]+\.(?:webhook\.office\.com|logic\.azure\.com|powerplatform\.com)[^\s?\x22'<>]*)[^\s\x22'<>]*",
        // name=value, name: value, "name": "value", --name value.
        r#"(?i)([a-z0-9_.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)s?(?:[0-9]+|[_.-][a-z0-9_.-]*)?["']?\s*(?:=>|[:=])\s*)(?:"(?:[^"\\]|\\.)*(?:"|$)|'(?:[^'\\]|\\.)*(?:'|$)|[^\s,;&"'}\])]+)"#,
        r"(?i)(--[a-z0-9-]*(?:password|secret|token|api-key|access-key)[a-z0-9-]*\s+)[^\s-][^\s]*",
        r"(?i)(authorization\s*[:=]\s*(?:bearer|basic|token)?\s*)[^\s,;\x22']+",
        r"(?i)(\bbearer\s+)[a-z0-9._~+/=-]{8,}",
        // Tokens that tell by themselves what they are.
        r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})\b",
        r"\bxox[abposr]-[A-Za-z0-9-]{8,}",
        r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}",
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// The text without passwords, keys, tokens and signatures.
pub fn redact(text: &str) -> String {
    PATTERNS.iter().fold(text.to_owned(), |text, pattern| {
        pattern
            .replace_all(&text, |found: &Captures<'_>| {
                let kept = found.get(1).map_or("", |it| it.as_str());
                let whole = found.get(0).map_or("", |it| it.as_str());
                // An earlier pattern was here already.
                if whole.get(kept.len()..).is_some_and(|it| it.starts_with("[redacted")) {
                    return whole.to_owned();
                }
                let at = if whole.ends_with('@') && kept.contains("://") { "@" } else { "" };
                format!("{kept}{MASK}{at}")
            })
            .into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        assert_eq!(PATTERNS.len(), 15, "every pattern compiles");
        let check = |text: &str, expected: &str| assert_eq!(redact(text), expected);
        check(
            "could not connect to postgres://app:p@ss:w0rd@db.local:5432/live?sslmode=require",
            "could not connect to postgres://app:[redacted]@db.local:5432/live?sslmode=require",
        );
        check("redis://:hunter2@cache:6379", "redis://:[redacted]@cache:6379");
        check("PASSWORD=hunter2 rails db:migrate", "PASSWORD=[redacted] rails db:migrate");
        check(r#"{"db_password": "hunter2", "x": 1}"#, r#"{"db_password": [redacted], "x": 1}"#);
        check(r#"{"token":"a \" b","x":1}"#, r#"{"token":[redacted],"x":1}"#);
        check("RAILS_MASTER_KEY: ok", "RAILS_MASTER_KEY: ok");
        check("api_key => 'abc'", "api_key => [redacted]");
        check("--admin-password hunter2 --force", "--admin-password [redacted] --force");
        check("Authorization: Bearer abcdefghijkl", "Authorization: Bearer [redacted]");
        check("key AKIAIOSFODNN7EXAMPLE used", "key [redacted] used");
        check(
            "CannotPullContainerError: https://prod.s3.amazonaws.com/l?X-Amz-Expires=3600&X-Amz-Security-Token=IQoJ&X-Amz-Signature=abc123",
            "CannotPullContainerError: https://prod.s3.amazonaws.com/l?X-Amz-Expires=3600&X-Amz-Security-Token=[redacted]&X-Amz-Signature=[redacted]",
        );
        check(
            "post https://hooks.slack.com/services/T0/B0/xyz failed",
            "post https://hooks.slack.com/services/[redacted] failed",
        );
        check(
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----.",
            "[redacted].",
        );
        check("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "jwt [redacted]");
    }

    #[test]
    fn ordinary_lines_are_left_alone() {
        for line in [
            "ERROR:  could not create unique index \"customers_email_key\"",
            "DETAIL:  Key (email)=(ann@example.com) is duplicated.",
            "== 20260101 AddTokenizer: migrating ======",
            "https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/tasks/0123?region=eu-west-2",
            "arn:aws:ecs:eu-west-2:123456789012:task-definition/web:8",
            "exited with 1: see http://example.com:8080/path",
        ] {
            assert_eq!(redact(line), line);
        }
    }

    mod whatever_is_said {
        use proptest::prelude::*;

        use super::*;

        proptest! {
            #[test]
            fn a_secret_does_not_survive(
                before in "[a-zA-Z ]{0,20}",
                name in "(DB_|admin-)?(password|SECRET|api_key|token)",
                glue in "(=|: |\": \"|=')",
                secret in "[A-Za-z0-9]{12,24}",
            ) {
                let text = format!("{before} {name}{glue}{secret} after");
                prop_assert!(!redact(&text).contains(&secret), "{}", redact(&text));
            }

            #[test]
            fn redacting_twice_is_redacting_once(text in ".{0,120}") {
                let once = redact(&text);
                prop_assert_eq!(redact(&once), once.clone());
            }
        }
    }
}
