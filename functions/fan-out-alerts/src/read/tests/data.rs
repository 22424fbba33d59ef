//! Databases and caches.

use super::*;

#[test]
fn what_databases_tell() {
    check(
        &event("alert-rds-failover.json"),
        &expect![[r#"
        orders: Multi-AZ instance failover started | info | warning
          Multi-AZ instance failover started. The primary did not answer.
        Source: orders
        Type: Db instance
        Event: RDS-EVENT-0013
        Time: 2026-11-20T03:12:40Z
        Console -> https://console.aws.amazon.com/rds/home?region=eu-west-2#dbinstance:id=orders
        About this event -> https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.html#RDS-EVENT-0013"#]],
    );
}

#[test]
fn other_databases_and_caches() {
    check(
        &of(
            "aws.rds",
            "RDS DB Instance Event",
            &json!({
                "EventCategories": ["low storage"], "SourceType": "DB_INSTANCE",
                "SourceArn": "arn:aws:rds:eu-west-2:123456789012:db:orders",
                "SourceIdentifier": "orders", "Date": "2026-11-20T03:12:40.771Z",
                "Message": "The free storage capacity for DB Instance: orders is low at 3% of the provisioned storage.",
                "EventID": "RDS-EVENT-0089",
            }),
        ),
        &expect![[r#"
            orders: The free storage capacity for DB Instance: orders is low at 3% of the provisioned storage | info | error
              The free storage capacity for DB Instance: orders is low at 3% of the provisioned storage.
            Source: orders
            Type: Db instance
            Category: low storage
            Event: RDS-EVENT-0089
            Time: 2026-11-20T03:12:40Z
            Console -> https://eu-west-2.console.aws.amazon.com/rds/home?region=eu-west-2#database:id=orders;is-cluster=false"#]],
    );
    check(&by_sns(&json!({
        "Event Source": "replication-task", "Event Time": "2026-11-20 03:12:40.771",
        "Identifier Link": "https://console.aws.amazon.com/dms/home?region=eu-west-2#tasks:ids=copy\nSourceId: copy ",
        "Event ID": "http://docs.aws.amazon.com/dms/latest/userguide/CHAP_Events.html#DMS-EVENT-0078 ",
        "Event Message": "Replication task has failed.",
    }).to_string()), &expect![[r#"
        copy: Replication task has failed | info | error
          Replication task has failed.
        Source: copy
        Type: Replication task
        Event: DMS-EVENT-0078
        Time: 2026-11-20T03:12:40Z
        Console -> https://console.aws.amazon.com/dms/home?region=eu-west-2#tasks:ids=copy
        About this event -> https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Events.html#DMS-EVENT-0078"#]]);
    check(
        &by_sns(
            "This is a message to notify that RDS will attempt to send events to the SNS topic alerts.",
        ),
        &expect![[r#"
            RDS will send its events to this topic | info | info
              This is a message to notify that RDS will attempt to send events to the SNS topic alerts."#]],
    );
    check(
        &by_sns(&json!({"ElastiCache:CacheNodeReplaceStarted": "sessions"}).to_string()),
        &expect![[r#"
            Cache node replace started: sessions | info | info
            Cache: sessions
            Event: ElastiCache:CacheNodeReplaceStarted"#]],
    );
    check(
        &by_sns(&json!({"ElastiCache:SnapshotFailed": "sessions"}).to_string()),
        &expect![[r#"
        Snapshot failed: sessions | info | error
        Cache: sessions
        Event: ElastiCache:SnapshotFailed"#]],
    );
    check(
        &by_sns("ElastiCache:FailoverComplete : sessions"),
        &expect![[r#"
        Failover complete: sessions | info | warning
        Cache: sessions
        Event: ElastiCache:FailoverComplete"#]],
    );
}
