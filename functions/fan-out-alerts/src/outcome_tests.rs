//! What each destination means by its answers.

use super::*;

fn destination(yaml: &str) -> Destination {
    yaml_serde::from_str(yaml).unwrap()
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered => "delivered".to_owned(),
        Outcome::Later { after, unsure, why } => {
            let after = after.map_or(String::new(), |it| format!(" in {} s", it.as_secs_f64()));
            let unsure = if *unsure { " unsure" } else { "" };
            format!("later{after}{unsure}, {}", why.reason.as_str())
        }
        Outcome::Never(why) => format!("never, {}", why.reason.as_str()),
    }
}

#[test]
fn answers_are_read_as_their_destination_means_them() {
    const SLACK: &str = "{type: slack, webhook: s}";
    const SLACK_BOT: &str = "{type: slack, token: s, channel: c}";
    const TEAMS: &str = "{type: teams, webhook: s}";
    const PAGERDUTY: &str = "{type: pagerduty, routing_key: s}";
    const DISCORD: &str = "{type: discord, webhook: s}";
    const WEBHOOK: &str = "{type: webhook, webhook: s}";
    let check = |yaml: &str, status, header: Option<&str>, body: &str, expected: &str| {
        let said =
            Said::Answer { status, retry_after: header.map(str::to_owned), body: body.to_owned() };
        let now = "2026-11-21T09:00:00Z".parse().unwrap();
        let outcome = judge(&destination(yaml), &said, now);
        assert_eq!(told(&outcome), expected, "{yaml} {status} {body}");
    };
    check(SLACK, 200, None, "ok", "delivered");
    check(SLACK, 200, None, "ok\n", "delivered");
    check(SLACK, 200, None, "<html>sign in</html>", "never, client-error");
    check(SLACK, 400, None, "invalid_blocks", "never, client-error");
    check(SLACK, 403, None, "invalid_token", "never, auth-error");
    check(SLACK, 404, None, "no_service", "never, auth-error");
    check(SLACK, 410, None, "channel_is_archived", "never, auth-error");
    check(SLACK, 429, Some("7"), "", "later in 7 s, rate-limited");
    check(SLACK, 429, None, "{\"retry_after\": 3}", "later in 3 s, rate-limited");
    check(SLACK, 500, None, "rollup_error", "later, server-error");
    check(SLACK, 503, Some("Sat, 21 Nov 2026 09:01:00 GMT"), "", "later in 60 s, server-error");
    check(SLACK, 302, None, "", "never, client-error");
    check(SLACK_BOT, 200, None, "{\"ok\": true, \"ts\": \"1\"}", "delivered");
    let refused = "{\"ok\": false, \"error\": \"invalid_auth\"}";
    check(SLACK_BOT, 200, None, refused, "never, auth-error");
    let unknown = "{\"ok\": false, \"error\": \"channel_not_found\"}";
    check(SLACK_BOT, 200, None, unknown, "never, client-error");
    let busy = "{\"ok\": false, \"error\": \"ratelimited\"}";
    check(SLACK_BOT, 200, Some("30"), busy, "later in 30 s, rate-limited");
    check(SLACK_BOT, 200, None, "{\"ok\": tr", "later unsure, no-answer");
    check(TEAMS, 202, None, "", "delivered");
    check(TEAMS, 200, None, "1", "delivered");
    let hidden =
        "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error";
    check(TEAMS, 200, None, &format!("{hidden} 429"), "later, rate-limited");
    check(TEAMS, 200, None, &format!("{hidden} 413"), "never, client-error");
    check(PAGERDUTY, 202, None, "{\"status\": \"success\"}", "delivered");
    check(PAGERDUTY, 400, None, "{\"errors\": [\"'summary' is missing\"]}", "never, client-error");
    check(PAGERDUTY, 400, None, "{\"errors\": [\"Invalid routing key\"]}", "never, auth-error");
    check(DISCORD, 200, None, "{\"id\": \"1\"}", "delivered");
    check(DISCORD, 429, None, "{\"retry_after\": 0.65}", "later in 0.65 s, rate-limited");
    check(WEBHOOK, 204, None, "", "delivered");
    check(WEBHOOK, 410, None, "", "never, auth-error");
    check(WEBHOOK, 408, None, "", "later unsure, no-answer");
    check(WEBHOOK, 504, None, "", "later unsure, no-answer");
    check(SLACK, 200, None, "", "later unsure, no-answer");
    check(SLACK, 429, Some("1e19"), "", "later in 43200 s, rate-limited");
    check(WEBHOOK, 429, Some("-1"), "", "later, rate-limited");
}

#[test]
fn no_answer_is_not_the_same_as_nobody_there() {
    let now = Timestamp::UNIX_EPOCH;
    let slack = destination("{type: slack, webhook: s}");
    let lost = judge(&slack, &Said::Lost("cut".into()), now);
    assert_eq!(told(&lost), "later unsure, no-answer");
    let nobody = judge(&slack, &Said::NotSent("refused".into()), now);
    assert_eq!(told(&nobody), "later, unreachable");
}

#[test]
fn an_answer_is_told_in_one_short_line() {
    let body = format!("<p>\n\t{}\u{7}</p>", "long ".repeat(100));
    let Why { text, .. } = why(Reason::ServerError, 500, &body);
    assert!(text.starts_with("500 <p> long long"), "{text}");
    assert!(text.chars().count() <= 204 && !text.contains('\n'), "{text}");
}
