//! Who is woken, and who is not: what sounds alike and isn't.

use super::*;

fn told(event: &Value) -> String {
    let all: Vec<_> = read(event, now())
        .iter()
        .map(|it| shown(it).lines().next().unwrap_or_default().to_owned())
        .collect();
    all.join("\n")
}

#[test]
fn texts_are_trouble_by_what_they_say() {
    let check = |text: &str, trouble: bool| {
        let told = told(&by_sns(&json!(text).to_string()));
        assert_eq!(told.ends_with("| error"), trouble, "{told}");
    };
    check("** PROBLEM Service Alert: web1/Disk is CRITICAL **", true);
    check("web1 is DOWN", true);
    check("Good morning\n\nthe nightly import failed", true);
    check("All checks passed without errors", false);
    check("Deployment finished, failover test OK", false);
    check("Import done: 12 rows, 0 errors", false);
}

#[test]
fn alarms_wake_whom_they_should() {
    let alarm = |name: &str, description: &str| {
        told(&by_sns(
            &json!({
                "AlarmName": name, "AlarmDescription": description, "NewStateValue": "ALARM",
                "OldStateValue": "OK", "NewStateReason": "Threshold Crossed",
            })
            .to_string(),
        ))
    };
    assert_eq!(alarm("disk", "critical"), "ALARM: disk | firing | critical");
    assert_eq!(alarm("disk", "Not critical; tomorrow will do"), "ALARM: disk | firing | error");
    assert_eq!(alarm("disk", "P4: informational"), "ALARM: disk | firing | info");
    let scaling = "TargetTracking-service/live/web-AlarmLow-1";
    assert_eq!(alarm(scaling, ""), format!("ALARM: {scaling} | firing | info"));
    let changed = json!({
        "alarmName": "cpu", "operation": "delete", "state": {"value": "INSUFFICIENT_DATA"},
        "configuration": {"alarmName": "cpu"},
    });
    let changed = of("aws.cloudwatch", "CloudWatch Alarm Configuration Change", &changed);
    assert_eq!(told(&changed), "Alarm deleted: cpu | info | info");
}

#[test]
fn the_end_reaches_those_who_heard_of_the_beginning() {
    let rule = |now: &str| {
        let detail = json!({
            "configRuleName": "encrypted", "resourceId": "vol-1",
            "newEvaluationResult": {"complianceType": now},
        });
        told(&of("aws.config", "Config Rules Compliance Change", &detail))
    };
    assert!(rule("NON_COMPLIANT").ends_with("| firing | warning"), "{}", rule("NON_COMPLIANT"));
    assert!(rule("COMPLIANT").ends_with("| resolved | warning"), "{}", rule("COMPLIANT"));
    let by_hand =
        |status: &str| told(&by_sns(&json!({"title": "x", "status": status}).to_string()));
    assert_eq!(by_hand("firing"), "x | firing | error");
    assert_eq!(by_hand("resolved"), "x | resolved | error");
}

#[test]
fn what_is_grave_under_a_harmless_name_is_told_as_grave() {
    let health = |service: &str, code: &str| {
        let detail = json!({
            "service": service, "eventTypeCode": code, "eventTypeCategory": "accountNotification",
        });
        told(&of("aws.health", "AWS Health Event", &detail))
    };
    let exposed = health("RISK", "AWS_RISK_CREDENTIALS_EXPOSED");
    assert!(exposed.ends_with("| info | critical"), "{exposed}");
    let renewal = health("ACM", "AWS_ACM_RENEWAL_FAILURE");
    assert!(renewal.ends_with("| info | warning"), "{renewal}");
    let snapshot = json!({"event": "createSnapshot", "result": "failed", "cause": "x"});
    let mut snapshot = of("aws.ec2", "EBS Snapshot Notification", &snapshot);
    snapshot["resources"] = json!(["arn:aws:ec2::eu-west-2:snapshot/snap-1"]);
    assert_eq!(told(&snapshot), "Create snapshot failed: snap-1 | info | error");
    let stopped = json!({
        "lastStatus": "STOPPED", "group": "service:web", "stopCode": "SpotInterruption",
        "containers": [{"name": "app", "exitCode": 143}],
    });
    let stopped = of("aws.ecs", "ECS Task State Change", &stopped);
    assert_eq!(told(&stopped), "Task lost its Spot capacity: web | info | warning");
    let database = |said: &str| {
        let detail = json!({"Message": said, "SourceIdentifier": "orders", "EventCategories": []});
        told(&of("aws.rds", "RDS DB Instance Event", &detail))
    };
    let full = database("DB instance storage has been exhausted");
    assert!(full.ends_with("| critical"), "{full}");
    let calm = database("Updated parameter log_error_verbosity");
    assert!(calm.ends_with("| info"), "{calm}");
}
