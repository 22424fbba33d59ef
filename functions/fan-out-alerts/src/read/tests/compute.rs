//! What runs: instances, jobs, stacks, functions.

use super::*;

#[test]
fn what_runs() {
    check(
        &event("alert-auto-scaling-launch-error.json"),
        &expect![[r#"
        Instance could not be launched: workers | info | error
          Could not launch On-Demand Instances. InsufficientInstanceCapacity
          Launching a new EC2 instance.  Status Reason: Could not launch On-Demand Instances.
          At 2026-11-20T03:12:30Z an instance was started in response to a difference between desired and actual capacity.
        Group: workers
        Status: Failed
        Zone: eu-west-2a
        Subnet: subnet-0a1b
        Started: 2026-11-20T03:12:31Z
        Ended: 2026-11-20T03:12:32Z
        Activity: a1b2
        Group -> https://eu-west-2.console.aws.amazon.com/ec2/home?region=eu-west-2#AutoScalingGroupDetails:id=workers;view=activity"#]],
    );
    check(
        &event("alert-stack-failed.json"),
        &expect![[r#"
        Resource update failed: web / Service | info | error
          Resource handler returned message: "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'."
          (HandlerErrorCode: GeneralServiceException)
        Stack: web
        Resource: Service
        Type: AWS::ECS::Service
        Status: UPDATE_FAILED
        Caller: AROAEXAMPLE:deploy
        Started: 2026-11-20T03:12:40Z
        Stack -> https://eu-west-2.console.aws.amazon.com/cloudformation/home?region=eu-west-2#/stacks/events?stackId=arn%3Aaws%3Acloudformation%3Aeu-west-2%3A123456789012%3Astack%2Fweb%2F0f3c2a11"#]],
    );
    check(
        &event("alert-lambda-destination-failure.json"),
        &expect![[r#"
        Function failed: invoices | info | error
          KeyError: 'total'
        Function: invoices
        Condition: RetriesExhausted
        Error: Unhandled
        Tries: 3
        Request: e4b46cbf
        Time: 2026-11-20T03:12:41Z
        Event: {"month":"2026-10"}
        > File "/var/task/app.py", line 7, in handler
        Function -> https://eu-west-2.console.aws.amazon.com/lambda/home?region=eu-west-2#/functions/invoices?tab=monitoring"#]],
    );
}

#[test]
fn instances_and_jobs() {
    check(
        &by_sns(
            &json!({
                "Event": "autoscaling:TEST_NOTIFICATION", "AutoScalingGroupName": "workers",
                "Time": "2026-11-20T03:12:40Z",
            })
            .to_string(),
        ),
        &expect![[r#"
            Test notification: workers | info | info
            Group: workers
            Group -> https://eu-west-2.console.aws.amazon.com/ec2/home?region=eu-west-2#AutoScalingGroupDetails:id=workers;view=activity"#]],
    );
    check(
        &of(
            "aws.ec2",
            "EC2 Spot Instance Interruption Warning",
            &json!({"instance-id": "i-0abc", "instance-action": "terminate"}),
        ),
        &expect![[r#"
            Spot instance goes in two minutes: i-0abc | info | warning
            Instance: i-0abc
            Action: terminate
            Instance -> https://eu-west-2.console.aws.amazon.com/ec2/home?region=eu-west-2#InstanceDetails:instanceId=i-0abc"#]],
    );
    check(
        &of(
            "aws.ec2",
            "EC2 Instance State-change Notification",
            &json!({"instance-id": "i-0abc", "state": "stopped"}),
        ),
        &expect![[r#"
            Instance stopped: i-0abc | info | info
            Instance: i-0abc
            State: stopped
            Instance -> https://eu-west-2.console.aws.amazon.com/ec2/home?region=eu-west-2#InstanceDetails:instanceId=i-0abc"#]],
    );
    check(
        &of(
            "aws.batch",
            "Batch Job State Change",
            &json!({
                "jobName": "invoices", "jobId": "4c7599ae",
                "jobQueue": "arn:aws:batch:eu-west-2:123456789012:job-queue/nightly",
                "status": "FAILED", "statusReason": "Essential container in task exited",
                "attempts": [{}], "createdAt": 1_795_144_360_000_i64,
                "container": {"exitCode": 1, "logStreamName": "invoices/default/0f"},
            }),
        ),
        &expect![[r#"
            Job failed: invoices | info | error
              Essential container in task exited
            Job: invoices
            Id: 4c7599ae
            Status: FAILED
            Queue: nightly
            Attempts: 1
            Exit code: 1
            Created: 2026-11-20T03:12:40Z
            Job -> https://eu-west-2.console.aws.amazon.com/batch/home?region=eu-west-2#jobs/detail/4c7599ae
            Log -> https://eu-west-2.console.aws.amazon.com/cloudwatch/home?region=eu-west-2#logsV2:log-groups/log-group/$252Faws$252Fbatch$252Fjob/log-events/invoices$252Fdefault$252F0f"#]],
    );
}

#[test]
fn executions_stacks_and_environments() {
    check(
        &of(
            "aws.states",
            "Step Functions Execution Status Change",
            &json!({
                "executionArn": "arn:aws:states:eu-west-2:123456789012:execution:orders:run-1",
                "stateMachineArn": "arn:aws:states:eu-west-2:123456789012:stateMachine:orders",
                "name": "run-1", "status": "TIMED_OUT", "startDate": 1_795_144_360_000_i64,
                "stopDate": 1_795_147_960_000_i64, "error": "States.Timeout", "cause": null,
            }),
        ),
        &expect![[r#"
            Execution timed out: orders | info | error
              States.Timeout
            State machine: orders
            Execution: run-1
            Status: TIMED_OUT
            Started: 2026-11-20T03:12:40Z
            Stopped: 2026-11-20T04:12:40Z
            Execution -> https://eu-west-2.console.aws.amazon.com/states/home?region=eu-west-2#/v2/executions/details/arn:aws:states:eu-west-2:123456789012:execution:orders:run-1"#]],
    );
    check(
        &of(
            "aws.cloudformation",
            "CloudFormation Stack Status Change",
            &json!({
                "stack-id": "arn:aws:cloudformation:eu-west-2:123456789012:stack/web/0f3c2a11",
                "status-details": {"status": "UPDATE_ROLLBACK_COMPLETE", "status-reason": ""},
            }),
        ),
        &expect![[r#"
            Stack update rollback complete: web | info | error
            Stack: web
            Status: UPDATE_ROLLBACK_COMPLETE
            Stack -> https://eu-west-2.console.aws.amazon.com/cloudformation/home?region=eu-west-2#/stacks/events?stackId=arn%3Aaws%3Acloudformation%3Aeu-west-2%3A123456789012%3Astack%2Fweb%2F0f3c2a11"#]],
    );
    check(
        &by_sns(
            "Timestamp: Fri Nov 20 03:12:40 UTC 2026\nMessage: Environment health has transitioned from Ok to Severe. 100.0 % of the requests are failing.\n\nEnvironment: shop-live\nApplication: shop\n\nEnvironment URL: https://shop.example.com\n",
        ),
        &expect![[r#"
            shop-live: Environment health has transitioned from Ok to Severe. 100.0 % of the requests are failing. | info | error
              Environment health has transitioned from Ok to Severe. 100.0 % of the requests are failing.
            Environment: shop-live
            Application: shop
            Time: 2026-11-20T03:12:40Z
            Environments -> https://eu-west-2.console.aws.amazon.com/elasticbeanstalk/home?region=eu-west-2#/environments
            Environment -> https://shop.example.com"#]],
    );
}
