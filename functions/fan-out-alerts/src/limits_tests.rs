//! Every destination would take it, whatever it is, and nothing breaks out of it.

use proptest::prelude::*;
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation as _;

use super::*;
use crate::Field;

fn full() -> Link {
    Link { title: "Whole event".into(), url: "https://console.aws.amazon.com/whole".into() }
}

#[test]
fn nothing_breaks_out() {
    let evil = "<!channel> <@U123> @everyone @here <https://evil.example|click> *bold* _x_ \
                [click](https://evil.example) ![](https://evil.example/x.png) <at>Ada</at> `x` ```y``` \
                \u{202E}txt\u{7}\u{0} <script>alert(1)</script> # heading\n> quote\n- list";
    let notice = Notice {
        title: evil.into(),
        text: evil.into(),
        fields: vec![Field { name: evil.into(), value: evil.into() }],
        lines: evil.lines().map(str::to_owned).collect(),
        links: vec![
            Link { title: evil.into(), url: "https://example.org/?a=1|x>y".into() },
            Link { title: "script".into(), url: "javascript:alert(1)".into() },
            Link { title: "plain".into(), url: "http://evil.example".into() },
            Link {
                title: "user".into(),
                url: "https://console.aws.amazon.com@evil.example/".into(),
            },
        ],
        ..Notice::default()
    };
    let look = Look::default();
    let slack = slack(&notice, &look).to_string();
    for forbidden in ["<!", "<@U", "<https://evil", "@everyone", "@here", "javascript:", "http://e"]
    {
        assert!(!slack.contains(forbidden), "{forbidden} in {slack}");
    }
    let discord = discord(&notice, &look);
    assert_eq!(discord["allowed_mentions"], json!({"parse": []}));
    let discord = discord.to_string();
    // Within a block of code nothing is a link.
    let outside: String = discord.split("```").step_by(2).collect();
    assert!(!outside.contains("[click](https://evil"), "{outside}");
    for forbidden in ["@everyone", "@here", "javascript:", "http://e"] {
        assert!(!discord.contains(forbidden), "{forbidden} in {discord}");
    }
    let teams = teams(&notice, &look);
    assert!(teams.pointer("/attachments/0/content/msteams/entities").is_none());
    // A button's title and the text of a notification are no Markdown.
    let teams = teams.pointer("/attachments/0/content/body").unwrap().to_string();
    for forbidden in ["[click](https://evil", "javascript:", "http://evil"] {
        assert!(!teams.contains(forbidden), "{forbidden} in {teams}");
    }
    for payload in [slack, discord, teams] {
        for hidden in ["\\u202e", "\u{202E}", "\\u0007", "\\u0000"] {
            assert!(!payload.contains(hidden), "{hidden}");
        }
    }
}

/// Everything within a value that is a text, with the member it is in.
fn texts(value: &Value) -> Vec<(String, String)> {
    fn collect(name: &str, value: &Value, found: &mut Vec<(String, String)>) {
        match value {
            Value::String(text) => found.push((name.to_owned(), text.clone())),
            Value::Array(all) => all.iter().for_each(|it| collect(name, it, found)),
            Value::Object(all) => all.iter().for_each(|(name, it)| collect(name, it, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect("", value, &mut found);
    found
}

fn chars(value: &Value) -> usize {
    value.as_str().map_or(0, |it| it.chars().count())
}

fn items<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    value.pointer(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// What Slack would refuse.
fn slack_refuses(payload: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut limit = |what: &str, value: usize, least: usize, most: usize| {
        if value < least || value > most {
            wrong.push(format!("{what}: {value}"));
        }
    };
    let blocks: Vec<&Value> =
        items(payload, "/blocks").iter().chain(items(payload, "/attachments/0/blocks")).collect();
    limit("blocks", blocks.len(), 1, 20);
    limit("text", chars(&payload["text"]), 1, 3000);
    for block in &blocks {
        match block["type"].as_str().unwrap() {
            "header" => limit("header", chars(&block["text"]["text"]), 1, 150),
            "section" if block["text"].is_object() => {
                limit("section", chars(&block["text"]["text"]), 1, 3000);
            }
            "section" => {
                limit("fields", items(block, "/fields").len(), 1, 10);
                items(block, "/fields")
                    .iter()
                    .for_each(|it| limit("field", chars(&it["text"]), 1, 2000));
            }
            "context" => {
                limit("elements", items(block, "/elements").len(), 1, 10);
                items(block, "/elements")
                    .iter()
                    .for_each(|it| limit("element", chars(&it["text"]), 1, 2000));
            }
            other => limit(other, 1, 2, 3),
        }
    }
    let all: usize = texts(payload).iter().map(|(_, text)| text.chars().count()).sum();
    limit("characters", all, 1, 10_500);
    wrong
}

/// What Discord would refuse; it counts UTF-16.
fn discord_refuses(payload: &Value) -> Vec<String> {
    let units = |value: &Value| value.as_str().map_or(0, |it| it.encode_utf16().count());
    let mut wrong = Vec::new();
    let mut all = 0;
    let mut limit = |what: &str, value: usize, least: usize, most: usize| {
        all += value;
        if value < least || value > most {
            wrong.push(format!("{what}: {value}"));
        }
    };
    let embed = &payload["embeds"][0];
    limit("title", units(&embed["title"]), 1, 256);
    limit("description", units(&embed["description"]), 0, 4096);
    limit("footer", units(&embed["footer"]["text"]), 1, 2048);
    for field in items(embed, "/fields") {
        limit("name", units(&field["name"]), 1, 256);
        limit("value", units(&field["value"]), 1, 1024);
    }
    if all > 6000 || items(embed, "/fields").len() > 25 {
        wrong.push(format!("all: {all}"));
    }
    wrong
}

/// What Teams and `PagerDuty` would refuse.
fn bytes_refused(notice: &Notice, look: &Look<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut limit = |what: &str, value: usize, most: usize| {
        if value > most {
            wrong.push(format!("{what}: {value}"));
        }
    };
    limit("teams", teams(notice, look).to_string().len(), 18_500);
    let event = pagerduty(notice, look);
    limit("pagerduty", event.to_string().len(), 512_000);
    limit("summary", chars(&event["payload"]["summary"]), 1024);
    limit("dedup_key", chars(&event["dedup_key"]), 255);
    limit("webhook", webhook(notice, look).to_string().len(), 262_144);
    let (subject, body) = email(notice, look);
    limit("subject", subject.len(), 99);
    limit("body", body.len(), 200_000);
    let plain = subject.chars().all(|it| (' '..='~').contains(&it));
    limit("subject is no ASCII", usize::from(!plain), 0);
    for required in ["summary", "source", "severity"] {
        let blank = chars(&event["payload"][required]) == 0;
        limit(required, usize::from(blank), 0);
    }
    limit("dedup_key is empty", usize::from(chars(&event["dedup_key"]) == 0), 0);
    wrong
}

#[test]
fn every_destination_takes_every_event() {
    let events = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events"));
    let now = "2026-11-21T09:00:00Z".parse().unwrap();
    let mut seen = 0;
    for file in std::fs::read_dir(events).unwrap() {
        let path = file.unwrap().path();
        let event = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for notice in crate::read(&event, now) {
            let look = Look::default();
            let mut wrong = slack_refuses(&slack(&notice, &look));
            wrong.extend(discord_refuses(&discord(&notice, &look)));
            wrong.extend(bytes_refused(&notice, &look));
            assert_eq!(wrong, Vec::<String>::new(), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

/// A text that somebody could have written, or that nobody would.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,40}",
        Just("👩‍👩‍👧‍👦".to_owned()),
        Just("e\u{301}\u{302}".to_owned()),
        Just("\u{202E}\u{0}\u{7}\r\n\t".to_owned()),
        Just("شيء ما <!channel> & `*_[]()~|".to_owned()),
        Just("\"\\".repeat(30)),
        Just("\n".repeat(50)),
        Just("`".repeat(40)),
    ];
    (piece, prop_oneof![3 => 0..4_usize, 1 => 0..400_usize]).prop_map(|(piece, n)| piece.repeat(n))
}

fn any_notice() -> impl Strategy<Value = Notice> {
    let pairs = prop::collection::vec((any_text(), any_text()), 0..40);
    let lines = prop::collection::vec(any_text(), 0..60);
    let links = prop::collection::vec((any_text(), any_text()), 0..30);
    let states = (0..3_u8, 0..4_u8);
    (any_text(), any_text(), any_text(), pairs, lines, links, states).prop_map(
        |(title, text, id, pairs, lines, links, (status, severity))| Notice {
            title,
            text,
            fields: pairs.into_iter().map(|(name, value)| Field { name, value }).collect(),
            lines: lines.clone(),
            links: links
                .into_iter()
                .map(|(title, path)| Link { title, url: format!("https://example.org/{path}") })
                .collect(),
            status: [Status::Firing, Status::Resolved, Status::Info][usize::from(status)],
            severity: [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical]
                [usize::from(severity)],
            resource: Some(id.clone()),
            dedup_key: id.clone(),
            topic: Some(id.clone()),
            id,
            original: json!(lines),
            ..Notice::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_destination_takes_whatever_it_is(notice in any_notice(), whole: bool) {
        let full = full();
        let look = Look { full: whole.then_some(&full), prefix: None };
        let slack = slack(&notice, &look);
        prop_assert_eq!(slack_refuses(&slack), Vec::<String>::new());
        let discord = discord(&notice, &look);
        prop_assert_eq!(discord_refuses(&discord), Vec::<String>::new());
        prop_assert_eq!(bytes_refused(&notice, &look), Vec::<String>::new());
        for (payload, ping) in [(&slack, "<!"), (&slack, "<@"), (&discord, "<@"), (&discord, "@everyone")] {
            prop_assert!(texts(payload).iter().all(|(_, text)| !text.contains(ping)));
        }
        if whole {
            let (_, mail) = email(&notice, &look);
            let all = [slack, discord, teams(&notice, &look), pagerduty(&notice, &look), json!(mail)];
            for payload in all {
                prop_assert!(payload.to_string().contains(&full.url));
            }
        }
    }

    #[test]
    fn a_cut_is_between_graphemes(text in any_text(), most in 1..200_usize) {
        let plain = text::Dialect { cost: text::utf16, escape: text::plain };
        let cut = plain.fit(&text, most);
        prop_assert!(text::utf16(&cut) <= most);
        if cut != text {
            let kept = cut.trim_end_matches('…');
            let whole: Vec<&str> = text.graphemes(true).collect();
            let known = kept.graphemes(true).zip(&whole).all(|(a, b)| a == *b);
            prop_assert!(known, "{:?} of {:?}", cut, text);
        }
    }
}
