//! The developer tools.

use super::*;

#[test]
fn what_the_developer_tools_tell() {
    check(
        &event("alert-pipeline-failed.json"),
        &expect![[r#"
        Pipeline failed: web | info | error
          Migrate: Function migrate failed: container app exited with 1
        Pipeline: web
        State: FAILED
        Execution: 0f3c2a11-5e60-4a6b-9d1e-6f1f2c3d4e5f
        Trigger: Webhook
        Triggered by: main
        Started: 2026-11-20T03:02:10Z
        Failed stage: Deploy
        Failed actions: Migrate
        Source: Source: Index the orders by day
        Notification rule: 7c1fa5a4
        Pipeline -> https://eu-west-2.console.aws.amazon.com/codesuite/codepipeline/pipelines/web/executions/0f3c2a11-5e60-4a6b-9d1e-6f1f2c3d4e5f/timeline?region=eu-west-2"#]],
    );
    check(
        &event("alert-pipeline-approval.json"),
        &expect![[r#"
            Approval needed: web / Live / Approve | info | warning
              Look at the preview first
            Pipeline: web
            Stage: Live
            Action: Approve
            Expires: 2026-11-27T03:12:00Z
            To review -> https://preview.example.com
            Pipeline -> https://console.aws.amazon.com/codepipeline/home?region=eu-west-2#/view/web
            Approve -> https://console.aws.amazon.com/codepipeline/home?region=eu-west-2#/view/web/Live/Approve"#]],
    );
    check(
        &event("alert-build-failed.json"),
        &expect![[r#"
        Build failed: web-image | info | error
          COMMAND_EXECUTION_ERROR: Error while executing command: docker build . Reason: exit status 1
        Project: web-image
        Status: FAILED
        Failed phase: BUILD
        Initiator: codepipeline/web
        Version: 9f2b1c0
        Started: Nov 20, 2026 3:05:12 AM
        Build: web-image:8745a7a9
        Build -> https://eu-west-2.console.aws.amazon.com/codesuite/codebuild/projects/web-image/build/web-image%3A8745a7a9/?region=eu-west-2
        Log -> https://console.aws.amazon.com/cloudwatch/home?region=eu-west-2#logEvent:group=/aws/codebuild/web-image;stream=8745a7a9"#]],
    );
}

#[test]
fn actions_phases_and_repositories() {
    check(
        &of(
            "aws.codepipeline",
            "CodePipeline Action Execution State Change",
            &json!({
                "pipeline": "web", "execution-id": "0f3c", "stage": "Deploy", "action": "Deploy",
                "state": "FAILED",
                "type": {
                    "owner": "AWS", "provider": "CodeDeploy", "category": "Deploy",
                    "version": "1",
                },
                "execution-result": {
                    "external-execution-url": "https://eu-west-2.console.aws.amazon.com/codesuite/codedeploy/deployments/d-1",
                    "external-execution-summary": "Deployment d-1 failed",
                    "error-code": "JobFailed",
                },
            }),
        ),
        &expect![[r#"
            Action failed: web / Deploy / Deploy | info | error
              JobFailed: Deployment d-1 failed
            Pipeline: web
            Stage: Deploy
            Action: Deploy
            Provider: CodeDeploy
            State: FAILED
            Execution: 0f3c
            Pipeline -> https://eu-west-2.console.aws.amazon.com/codesuite/codepipeline/pipelines/web/view?region=eu-west-2
            Job -> https://eu-west-2.console.aws.amazon.com/codesuite/codedeploy/deployments/d-1"#]],
    );
    check(
        &of(
            "aws.codepipeline",
            "CodePipeline Action Execution State Change",
            &json!({
                "pipeline": "web", "stage": "Live", "action": "Approve", "state": "STARTED",
                "type": {"category": "Approval"},
            }),
        ),
        &expect![[r#"
            Approval needed: web / Live / Approve | info | warning
            Pipeline: web
            Stage: Live
            Action: Approve
            State: STARTED
            Pipeline -> https://eu-west-2.console.aws.amazon.com/codesuite/codepipeline/pipelines/web/view?region=eu-west-2"#]],
    );
    check(
        &of(
            "aws.codebuild",
            "CodeBuild Build Phase Change",
            &json!({
                "completed-phase": "BUILD", "completed-phase-status": "TIMED_OUT",
                "completed-phase-context": "[TIMED_OUT: Build has timed out. ]",
                "completed-phase-duration-seconds": "3600", "project-name": "web-image",
            }),
        ),
        &expect![[r#"
            Build phase build timed out: web-image | info | error
              TIMED_OUT: Build has timed out.
            Project: web-image
            Status: TIMED_OUT
            Phase: BUILD
            Duration: 3600 s"#]],
    );
    check(&by_sns(&json!({
        "account": "123456789012", "detailType": "CodeCommit Pull Request State Change",
        "region": "eu-west-2", "source": "aws.codecommit",
        "notificationRuleArn": "arn:aws:codestar-notifications:eu-west-2:123456789012:notificationrule/7c1f",
        "detail": {
            "event": "pullRequestCreated", "repositoryNames": ["web"], "title": "Faster",
            "notificationBody": "A pull request was made.",
        },
    }).to_string()), &expect![[r#"
        CodeCommit Pull Request State Change: pullRequestCreated (web) | info | info
          A pull request was made.
        event: pullRequestCreated
        repositoryNames: web
        title: Faster
        Notification rule: 7c1f
        Repository -> https://eu-west-2.console.aws.amazon.com/codesuite/codecommit/repositories/web/browse?region=eu-west-2"#]]);
}
