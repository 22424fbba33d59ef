//! What arrives, a family at a time.

use super::*;

#[test]
fn our_own() {
    check(
        &event("alert-migration-failed.json"),
        &expect![[r#"
        Migration failed: web | info | error
          container app exited with 1
        What to do: The traffic is where it was. Repair the migration and deploy again.
        Service: web
        Cluster: live
        Container: app
        Exit code: 1
        Command: bin/rails db:migrate
        Task definition: web:8
        Deployment: d-KXQ0TI2MF
        Application: web
        Deployment group: live
        Task: 3f1c8a52b1d94c0e9a7d6e5f40312b8c
        Said by: run-migrations
        > == 20261120 AddIndexToOrders: migrating
        > PG::DuplicateTable: ERROR: relation "orders_by_day" already exists
        Task -> https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/tasks/3f1c8a52b1d94c0e9a7d6e5f40312b8c?region=eu-west-2"#]],
    );
    check(
        &event("alert-task-outcome.json"),
        &expect![[r#"
        Job failed: nightly-invoices | info | error
          container app exited with 137
        Cluster: live
        Container: app
        Exit code: 137
        Id: nightly-invoices
        Took: 4 min
        Waited for its start: 31 s
        Attempt: 2
        Step: 0
        Task definition: web:8
        Task -> https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/tasks/3f1c8a52b1d94c0e9a7d6e5f40312b8c?region=eu-west-2"#]],
    );
}

#[test]
fn what_people_write() {
    check(
        &event("alert-amazon-q-custom.json"),
        &expect![[r#"
        :warning: Invoices are late | info | info
          The *nightly* job has not ended after 3 hours.
          Next steps:
          - Look at <https://wiki.example.com/invoices|the runbook>
          - Tell accounting
        Summary: Invoices of 2026-11-20
        Event: late
        Resources: shop
        Keywords: invoices, shop
        priority: high"#]],
    );
    check(
        &event("alert-by-hand.json"),
        &expect![[r#"
        Certificate of shop.example.com ends in 5 days | firing | critical
          Nobody renewed it.
        Domain: shop.example.com
        Ends: 2026-11-25
        Team: platform
        Page -> https://wiki.example.com/certificates"#]],
    );
    check(
        &json!({"message": "disk full", "level": "high", "links": {"Host": "http://host.local"}}),
        &expect![[r#"
            disk full | info | error
            Host: http://host.local"#]],
    );
}

#[test]
fn tasks_and_services() {
    check(
        &event("alert-ecs-task-stopped.json"),
        &expect![[r#"
        Task failed: web | info | error
          Essential container in task exited
          app: OutOfMemoryError: Container killed due to memory usage
        Service: web
        Cluster: live
        Task definition: web:2
        Containers: app: exit code 137, web:2
        Stop code: EssentialContainerExited
        Started: 2026-01-01T00:10:22Z
        Stopped: 2026-01-01T00:12:40Z
        Started by: ecs-svc/1234567890123456789
        Availability zone: eu-west-2a
        Task -> https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/tasks/3f1c8a52b1d94c0e9a7d6e5f40312b8c?region=eu-west-2
        Service -> https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/services/web/health?region=eu-west-2"#]],
    );
    check(
        &event("alert-ecs-deployment-failed.json"),
        &expect![[r#"
        Deployment failed: web | info | error
          ECS deployment circuit breaker: task failed to start.
        Service: web
        Cluster: live
        Event: SERVICE_DEPLOYMENT_FAILED
        Deployment: ecs-svc/1234567890123456789
        Service -> https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/services/web/health?region=eu-west-2"#]],
    );
    check(
        &event("alert-ecs-service-action.json"),
        &expect![[r#"
        Task placement failure: web | info | error
          RESOURCE:CPU
        Service: web
        Cluster: live
        Event: SERVICE_TASK_PLACEMENT_FAILURE
        Instances: 0d1e2f
        Service -> https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/services/web/health?region=eu-west-2"#]],
    );
}

/// One line per way a task ends: `stop code, reason, exit code → title, severity`.
#[test]
fn endings_of_tasks() {
    let ended = |code: Value, reason: &str, exit: Value| {
        let detail = json!({"lastStatus": "STOPPED", "stopCode": code, "stoppedReason": reason,
            "group": "service:web", "containers": [{"name": "app", "exitCode": exit}]});
        let event =
            json!({"detail-type": "ECS Task State Change", "source": "aws.ecs", "detail": detail});
        let notice = read(&event, now()).pop().unwrap();
        format!("{:?}: {}", notice.severity, notice.title)
    };
    let exited = "Essential container in task exited";
    let check = |told: String, expected: &str| assert_eq!(told, expected);
    check(ended(json!("EssentialContainerExited"), exited, json!(0)), "Info: Task finished: web");
    check(ended(json!("EssentialContainerExited"), exited, json!(1)), "Error: Task failed: web");
    check(ended(json!("EssentialContainerExited"), exited, json!(null)), "Error: Task failed: web");
    check(ended(json!(null), exited, json!(137)), "Error: Task failed: web");
    check(
        ended(json!("TaskFailedToStart"), "CannotPullContainerError", json!(null)),
        "Error: Task could not start: web",
    );
    let scaling = "Scaling activity initiated by deployment ecs-svc/1";
    check(
        ended(json!("ServiceSchedulerInitiated"), scaling, json!(143)),
        "Info: Task stopped: web",
    );
    let unhealthy = "Task failed ELB health checks in (target-group web)";
    check(
        ended(json!("ServiceSchedulerInitiated"), unhealthy, json!(137)),
        "Error: Task failed: web",
    );
}

#[test]
fn hooks_and_instances() {
    let by_ecs = |detail_type: &str, detail: Value| {
        let source = "aws.ecs";
        json!({"detail-type": detail_type, "source": source, "region": "eu-west-2", "detail": detail})
    };
    check(
        &by_ecs(
            "ECS Hook State Change",
            json!({"eventName": "HOOK_AWAITING_ACTION", "hookType": "PAUSE", "lifecycleStage": "PRE_SCALE_UP",
                "expiresAt": "2026-03-05T16:54:41Z",
                "serviceDeploymentArn": "arn:aws:ecs:eu-west-2:123456789012:service-deployment/live/web/EZe5"}),
        ),
        &expect![[r#"
            Hook awaiting action: web | info | warning
            Service: web
            Cluster: live
            Event: HOOK_AWAITING_ACTION
            Hook: PAUSE
            Stage: Pre scale up
            Waits until: 2026-03-05T16:54:41Z
            Deployment: EZe5
            Deployment -> https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/services/web/deployments/EZe5?region=eu-west-2
            Service -> https://eu-west-2.console.aws.amazon.com/ecs/v2/clusters/live/services/web/health?region=eu-west-2"#]],
    );
    check(
        &by_ecs(
            "ECS Container Instance State Change",
            json!({"agentConnected": false, "status": "ACTIVE", "ec2InstanceId": "i-0123",
                "clusterArn": "arn:aws:ecs:eu-west-2:123456789012:cluster/live"}),
        ),
        &expect![[r#"
            Container instance lost its agent: i-0123 | info | warning
            Cluster: live
            Status: ACTIVE
            Agent connected: false"#]],
    );
}

#[test]
fn deployments() {
    check(
        &event("alert-codedeploy-trigger.json"),
        &expect![[r#"
        Deployment failed: web | info | error
          HEALTH_CONSTRAINTS: The overall deployment failed because too many individual instances failed deployment.
        Application: web
        Deployment group: live
        Deployment: d-KXQ0TI2MF
        Status: FAILED
        Instances: 2 failed, 1 succeeded
        Trigger: alerts
        Created: 2026-11-20T03:02:05Z
        Completed: 2026-11-20T03:12:33Z
        Deployment -> https://eu-west-2.console.aws.amazon.com/codesuite/codedeploy/deployments/d-KXQ0TI2MF?region=eu-west-2"#]],
    );
    check(
        &event("alert-codedeploy-event.json"),
        &expect![[r#"
        Deployment stopped: web | info | warning
        Application: web
        Deployment group: live
        Deployment: d-KXQ0TI2MF
        Status: STOPPED
        Deployment -> https://eu-west-2.console.aws.amazon.com/codesuite/codedeploy/deployments/d-KXQ0TI2MF?region=eu-west-2"#]],
    );
    check(
        &by_sns(
            "{\"deploymentId\": \"d-1\", \"status\": \"Failed\", \"createTime\": \"1446744188.595\",
            \"deploymentOverview\": {\"Failed\": \"1\", \"Succeeded\": \"0\"}, \"errorInformation\": \"no JSON\"}\n",
        ),
        &expect![[r#"
            Deployment failed: d-1 | info | error
              no JSON
            Deployment: d-1
            Status: Failed
            Instances: 1 failed
            Created: 2015-11-05T17:23:08Z
            Deployment -> https://eu-west-2.console.aws.amazon.com/codesuite/codedeploy/deployments/d-1?region=eu-west-2"#]],
    );
    check(
        &by_sns(
            r#"{"region": "eu-west-2", "deploymentId": "d-1", "instanceStatus": "Failed",
            "instanceId": "arn:aws:ec2:eu-west-2:123456789012:instance/i-0123",
            "lifecycleEvents": "[{\"LifecycleEvent\": \"BeforeInstall\", \"LifecycleEventStatus\": \"Failed\"}]"}"#,
        ),
        &expect![[r#"
            Instance failed: i-0123 | info | error
            Deployment: d-1
            Instance: i-0123
            Status: Failed
            Lifecycle events: BeforeInstall: Failed
            Deployment -> https://eu-west-2.console.aws.amazon.com/codesuite/codedeploy/deployments/d-1?region=eu-west-2"#]],
    );
    check(
        &by_sns("You are now subscribed to the CodeDeploy trigger alerts of web."),
        &expect![[r#"
            A trigger of CodeDeploy was set up | info | info
              You are now subscribed to the CodeDeploy trigger alerts of web."#]],
    );
}
