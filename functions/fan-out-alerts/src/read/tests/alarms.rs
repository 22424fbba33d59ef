//! What arrives of alarms.

use super::*;

#[test]
fn alarms() {
    check(
        &event("alert-alarm-metric.json"),
        &expect![[r#"
        ALARM: web-5xx-high | firing | error
          The web service answers with errors. Runbook: https://wiki.example.com/web-5xx
          Threshold Crossed: 3 out of the last 5 datapoints [9.0 (20/11/26 03:11:00), 7.0 (20/11/26 03:10:00), 6.0 (20/11/26 03:08:00)] were greater than or equal to the threshold (5.0) (minimum 3 datapoints for OK -> ALARM transition).
        Metric: AWS/ApplicationELB HTTPCode_Target_5XX_Count, sum over 1 min / LoadBalancer: app/web/50dc6c495c0c9188 / TargetGroup: targetgroup/web/73e2d6bc24d8a067
        Threshold: >= 5 for 3 of 5 periods of 1 min
        Since: 2026-11-20T03:12:43Z
        State before: OK
        Missing data: counts as fine
        Alarm -> https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#alarmsV2:alarm/web-5xx-high"#]],
    );
    check(
        &event("alert-alarm-ok.json"),
        &expect![[r#"
        OK: web-5xx-high | resolved | error
          The web service answers with errors. Runbook: https://wiki.example.com/web-5xx
          Threshold Crossed: 3 out of the last 5 datapoints [0.0 (20/11/26 03:31:00), 0.0 (20/11/26 03:30:00), 1.0 (20/11/26 03:29:00)] were not greater than or equal to the threshold (5.0).
        Metric: AWS/ApplicationELB HTTPCode_Target_5XX_Count, sum over 1 min / LoadBalancer: app/web/50dc6c495c0c9188
        Threshold: >= 5 for 3 of 5 periods of 1 min
        Since: 2026-11-20T03:32:43Z
        State before: ALARM
        Alarm -> https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#alarmsV2:alarm/web-5xx-high"#]],
    );
    check(
        &event("alert-alarm-composite.json"),
        &expect![[r#"
        ALARM: shop critical | firing | critical
          Customers can't order
          arn:aws:cloudwatch:eu-west-2:123456789012:alarm:web-5xx-high transitioned to ALARM at Friday 20 November, 2026 03:12:43 UTC
        Rule: ALARM(web-5xx-high) AND NOT ALARM(deploying)
        Because of: web-5xx-high: ALARM since 2026-11-20T03:12:43Z
        Since: 2026-11-20T03:12:43Z
        State before: OK
        Alarm -> https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#alarmsV2:alarm/shop%20critical"#]],
    );
    check(
        &event("alert-alarm-math-null-description.json"),
        &expect![[r#"
        No data: queue-error-rate > 5% | info | warning
          There is no data: what the alarm watches may be down, or may no longer report.
          Insufficient Data: 1 datapoint was unknown.
        Metric: rate = 100 * errors / all (error rate) / errors = AWS/Lambda Errors, sum over 5 min / FunctionName: worker / all = AWS/Lambda Invocations, sum over 5 min / FunctionName: worker
        Threshold: > 5 for 1 period of 5 min
        Since: 2026-11-20T03:12:43Z
        State before: OK
        Alarm -> https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#alarmsV2:alarm/queue-error-rate%20%3E%205%25"#]],
    );
    check(
        &event("alert-alarm-anomaly.json"),
        &expect![[r#"
        ALARM: api-latency-band | firing | error
          Thresholds Crossed: 1 out of the last 1 datapoints [2.4 (20/11/26 03:10:00)] was greater than the upper thresholds [0.8] (minimum 1 datapoint for OK -> ALARM transition).
        Metric: m1 = AWS/ApplicationELB TargetResponseTime, p99 over 5 min / LoadBalancer: app/api/1a2b3c4d5e6f7a8b / ad1 = ANOMALY_DETECTION_BAND(m1, 2) (TargetResponseTime (expected))
        Threshold: above the band ad1 for 1 period of 5 min
        Since: 2026-11-20T03:12:43Z
        State before: OK
        Missing data: counts as breaching
        Muted: it went off while it was muted
        Alarm -> https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#alarmsV2:alarm/api-latency-band"#]],
    );
    check(
        &event("alert-alarm-event.json"),
        &expect![[r#"
        ALARM: db-connections p1 | firing | critical
          The database runs out of connections
          Threshold Crossed: 1 out of the last 1 datapoints [190.0 (20/11/26 03:11:00)] was greater than the threshold (180.0).
        Metric: AWS/RDS DatabaseConnections, maximum over 1 min / DBInstanceIdentifier: shop
        Threshold: 180
        Since: 2026-11-20T03:12:43Z
        State before: OK
        Alarm -> https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#alarmsV2:alarm/db-connections%20p1"#]],
    );
    check(
        &event("alert-alarm-direct.json"),
        &expect![[r#"
            OK: worker-errors (has data again) | resolved | error
              Threshold Crossed: 1 datapoint [0.0] was not greater than the threshold (0.0).
            Metric: AWS/Lambda Errors, sum over 1 min / FunctionName: worker
            Since: 2026-11-20T03:12:43Z
            State before: INSUFFICIENT_DATA
            Alarm -> https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#alarmsV2:alarm/worker-errors"#]],
    );
}

#[test]
fn alarms_of_old_and_of_kinds_to_come() {
    check(
        &by_sns(
            r#"{"AlarmName": "<= 30% / disk", "NewStateValue": "ALARM", "OldStateValue": "OK",
            "Region": "EU - Ireland", "StateChangeTime": "2016-07-24T22:05:19.737+0000",
            "NewStateReason": "Threshold Crossed", "AlarmDescription": "severity: low",
            "Trigger": {"MetricName": "Disk", "Namespace": "Shop", "ExtendedStatistic": "p99.9",
            "Period": 90, "EvaluationPeriods": 2, "Threshold": 30, "Dimensions": null,
            "ComparisonOperator": "LessThanOrEqualToThreshold"}}"#,
        ),
        &expect![[r#"
            ALARM: <= 30% / disk | firing | warning
              severity: low
              Threshold Crossed
            Metric: Shop Disk, p99.9 over 90 s
            Threshold: <= 30 for 2 periods of 90 s
            Since: 2016-07-24T22:05:19Z
            State before: OK
            Alarm -> https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#alarmsV2:alarm/%3C%3D%2030%25%20%2F%20disk"#]],
    );
    check(
        &by_sns(
            r#"{"AlarmName": "slow", "NewStateValue": "ALARM", "AlarmType": "LogAlarm",
            "AlarmArn": "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:slow",
            "AlarmContributorId": "c1", "AlarmContributorAttributes": {"Queue": "mail"},
            "Trigger": {"Metrics": [{"Id": "q1", "Expression": "SELECT MAX(Age) FROM SCHEMA(\"Shop\", Queue)", "Period": 60}],
            "ComparisonOperator": "Unheard", "EvaluationPeriods": 3}}"#,
        ),
        &expect![[r#"
            ALARM: slow | firing | error
            Metric: SELECT MAX(Age) FROM SCHEMA("Shop", Queue)
            Threshold: Unheard for 3 periods of 1 min
            Contributor: c1 / Queue: mail
            Alarm -> https://console.amazonaws.cn/cloudwatch/home?region=cn-north-1#alarmsV2:alarm/slow"#]],
    );
}

/// What begins and what ends must have the same key, and reach the same people.
#[test]
fn an_alarm_ends_as_it_began() {
    let of = |name| read(&event(name), now()).pop().unwrap();
    let (begin, end) = (of("alert-alarm-metric.json"), of("alert-alarm-ok.json"));
    assert_eq!(begin.dedup_key, "arn:aws:cloudwatch:eu-west-2:123456789012:alarm:web-5xx-high");
    assert_eq!((begin.dedup_key, begin.severity), (end.dedup_key, end.severity));
    assert_eq!((begin.status, end.status), (Status::Firing, Status::Resolved));
}
