//! What people get to see.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;
use crate::Field;

fn notice() -> Notice {
    let field = |name: &str, value: &str| Field { name: name.into(), value: value.into() };
    Notice {
        id: "7d1c".into(),
        kind: "quayside.alert".into(),
        source: "quayside".into(),
        status: Status::Firing,
        severity: Severity::Error,
        title: "Migration failed: web in cluster live".into(),
        text: "container app exited with 1\nERROR: relation \"orders\" <does> & not exist".into(),
        fields: vec![field("Service", "web"), field("Command", "bin/rails db:migrate")],
        lines: vec!["== 20261121 AddIndex: migrating".into(), "   PG::Error `orders`".into()],
        links: vec![Link {
            title: "Task".into(),
            url: "https://console.aws.amazon.com/a?b=1|2".into(),
        }],
        resource: Some("web".into()),
        account: Some("123456789012".into()),
        region: Some("eu-west-2".into()),
        topic: Some("arn:aws:sns:eu-west-2:123456789012:alerts".into()),
        time: Some("2026-11-21T09:00:00Z".parse().unwrap()),
        dedup_key: "live/web".into(),
        ..Notice::default()
    }
}

fn full() -> Link {
    Link { title: "Whole event".into(), url: "https://console.aws.amazon.com/whole".into() }
}

fn check(payload: &Value, expected: &Expect) {
    // What breaks a mention can't be seen.
    expected.assert_eq(&format!("{payload:#}\n").replace('\u{200B}', "(break)"));
}

#[test]
fn slack_shows_what_where_and_why() {
    let full = full();
    let look = Look { full: Some(&full), prefix: Some("production") };
    check(
        &slack(&notice(), &look),
        &expect![[r##"
            {
              "attachments": [
                {
                  "blocks": [
                    {
                      "text": {
                        "text": "container app exited with 1\nERROR: relation \"orders\" &lt;does&gt; &amp; not exist",
                        "type": "mrkdwn"
                      },
                      "type": "section"
                    },
                    {
                      "fields": [
                        {
                          "text": "*Service*\nweb",
                          "type": "mrkdwn"
                        },
                        {
                          "text": "*Command*\nbin/rails db:migrate",
                          "type": "mrkdwn"
                        }
                      ],
                      "type": "section"
                    },
                    {
                      "text": {
                        "text": "```\n== 20261121 AddIndex: migrating\n   PG::Error `(break)orders`(break)\n```",
                        "type": "mrkdwn"
                      },
                      "type": "section"
                    },
                    {
                      "text": {
                        "text": "<https://console.aws.amazon.com/a?b=1%7C2|Task> · <https://console.aws.amazon.com/whole|Whole event>",
                        "type": "mrkdwn"
                      },
                      "type": "section"
                    },
                    {
                      "elements": [
                        {
                          "emoji": false,
                          "text": "firing, error · 123456789012 · eu-west-2 · 2026-11-21T09:00:00Z · alerts · 7d1c",
                          "type": "plain_text"
                        }
                      ],
                      "type": "context"
                    }
                  ],
                  "color": "#d41c1c"
                }
              ],
              "blocks": [
                {
                  "text": {
                    "emoji": true,
                    "text": "🔴 [production] Migration failed: web in cluster live",
                    "type": "plain_text"
                  },
                  "type": "header"
                }
              ],
              "text": "🔴 [production] Migration failed: web in cluster live: container app exited with 1",
              "unfurl_links": false,
              "unfurl_media": false
            }
        "##]],
    );
}

#[test]
fn teams_shows_what_where_and_why() {
    check(
        &teams(&notice(), &Look::default()),
        &expect![[r#"
        {
          "attachments": [
            {
              "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "actions": [
                  {
                    "title": "Task",
                    "type": "Action.OpenUrl",
                    "url": "https://console.aws.amazon.com/a?b=1%7C2"
                  }
                ],
                "body": [
                  {
                    "bleed": true,
                    "items": [
                      {
                        "size": "Large",
                        "text": "🔴 Migration failed: web in cluster live",
                        "type": "TextBlock",
                        "weight": "Bolder",
                        "wrap": true
                      }
                    ],
                    "style": "attention",
                    "type": "Container"
                  },
                  {
                    "text": "container app exited with 1\n\nERROR: relation \"orders\" \\<does> & not exist",
                    "type": "TextBlock",
                    "wrap": true
                  },
                  {
                    "facts": [
                      {
                        "title": "Service",
                        "value": "web"
                      },
                      {
                        "title": "Command",
                        "value": "bin/rails db:migrate"
                      }
                    ],
                    "type": "FactSet"
                  },
                  {
                    "fontType": "Monospace",
                    "size": "Small",
                    "text": "\\== 20261121 AddIndex: migrating\n\n   PG::Error \\`orders\\`",
                    "type": "TextBlock",
                    "wrap": true
                  },
                  {
                    "isSubtle": true,
                    "size": "Small",
                    "text": "firing, error · 123456789012 · eu-west-2 · 2026-11-21T09:00:00Z · alerts · 7d1c",
                    "type": "TextBlock",
                    "wrap": true
                  }
                ],
                "fallbackText": "🔴 Migration failed: web in cluster live",
                "msteams": {
                  "width": "Full"
                },
                "type": "AdaptiveCard",
                "version": "1.4"
              },
              "contentType": "application/vnd.microsoft.card.adaptive",
              "contentUrl": null
            }
          ],
          "type": "message"
        }
    "#]],
    );
}

#[test]
fn pagerduty_gets_an_incident_that_can_be_resolved() {
    check(
        &pagerduty(&notice(), &Look::default()),
        &expect![[r#"
        {
          "dedup_key": "live/web",
          "event_action": "trigger",
          "links": [
            {
              "href": "https://console.aws.amazon.com/a?b=1%7C2",
              "text": "Task"
            }
          ],
          "payload": {
            "class": "quayside.alert",
            "component": "quayside",
            "custom_details": {
              "fields": {
                "Command": "bin/rails db:migrate",
                "Service": "web"
              },
              "from": "firing, error · 123456789012 · eu-west-2 · 2026-11-21T09:00:00Z · alerts · 7d1c",
              "log": "== 20261121 AddIndex: migrating\n   PG::Error `orders`",
              "text": "container app exited with 1\nERROR: relation \"orders\" <does> & not exist"
            },
            "group": "123456789012",
            "severity": "error",
            "source": "web",
            "summary": "Migration failed: web in cluster live",
            "timestamp": "2026-11-21T09:00:00Z"
          }
        }
    "#]],
    );
    let resolved = Notice { status: Status::Resolved, ..notice() };
    let event = pagerduty(&resolved, &Look::default());
    assert_eq!(event["event_action"], "resolve");
    assert_eq!(event["dedup_key"], "live/web");
}

#[test]
fn discord_shows_what_where_and_why() {
    check(
        &discord(&notice(), &Look::default()),
        &expect![[r#"
            {
              "allowed_mentions": {
                "parse": []
              },
              "embeds": [
                {
                  "color": 13900828,
                  "description": "container app exited with 1\nERROR: relation \"orders\" \\<does> & not exist\n```\n== 20261121 AddIndex: migrating\n   PG::Error `(break)orders`(break)\n```\n[Task](https://console.aws.amazon.com/a?b=1%7C2)",
                  "fields": [
                    {
                      "inline": true,
                      "name": "Service",
                      "value": "web"
                    },
                    {
                      "inline": true,
                      "name": "Command",
                      "value": "bin/rails db:migrate"
                    }
                  ],
                  "footer": {
                    "text": "firing, error · 123456789012 · eu-west-2 · 2026-11-21T09:00:00Z · alerts · 7d1c"
                  },
                  "title": "🔴 Migration failed: web in cluster live"
                }
              ]
            }
        "#]],
    );
}

#[test]
fn a_mail_is_read_without_formatting() {
    let (subject, body) = email(&notice(), &Look { full: Some(&full()), prefix: None });
    expect![[r#"
        [ERROR] Migration failed: web in cluster live

        🔴 Migration failed: web in cluster live

        container app exited with 1
        ERROR: relation "orders" <does> & not exist

        Service: web
        Command: bin/rails db:migrate

          == 20261121 AddIndex: migrating
             PG::Error `orders`

        Task: https://console.aws.amazon.com/a?b=1%7C2
        Whole event: https://console.aws.amazon.com/whole

        firing, error · 123456789012 · eu-west-2 · 2026-11-21T09:00:00Z · alerts · 7d1c
    "#]]
    .assert_eq(&format!("{subject}\n\n{body}"));
    let resolved =
        Notice { status: Status::Resolved, title: "Größe ≤ 30 % → ok".into(), ..notice() };
    let (subject, _) = email(&resolved, &Look::default());
    expect!["[RESOLVED] Gr?e <= 30 % -> ok"].assert_eq(&subject);
}

#[test]
fn a_webhook_gets_all_there_is() {
    let notice = Notice { original: json!({"AlarmName": "x"}), ..notice() };
    check(
        &webhook(&notice, &Look::default()),
        &expect![[r#"
        {
          "account": "123456789012",
          "attributes": {},
          "dedup_key": "live/web",
          "fields": [
            {
              "name": "Service",
              "value": "web"
            },
            {
              "name": "Command",
              "value": "bin/rails db:migrate"
            }
          ],
          "full": null,
          "id": "7d1c",
          "kind": "quayside.alert",
          "lines": [
            "== 20261121 AddIndex: migrating",
            "   PG::Error `orders`"
          ],
          "links": [
            {
              "title": "Task",
              "url": "https://console.aws.amazon.com/a?b=1%7C2"
            }
          ],
          "original": {
            "AlarmName": "x"
          },
          "quayside": "notice/1",
          "region": "eu-west-2",
          "resource": "web",
          "severity": "error",
          "source": "quayside",
          "status": "firing",
          "text": "container app exited with 1\nERROR: relation \"orders\" <does> & not exist",
          "time": "2026-11-21T09:00:00Z",
          "title": "Migration failed: web in cluster live",
          "topic": "arn:aws:sns:eu-west-2:123456789012:alerts"
        }
    "#]],
    );
}
