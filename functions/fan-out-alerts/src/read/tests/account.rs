//! What AWS tells the owner of an account.

use super::*;

#[test]
fn what_an_account_is_told() {
    check(
        &event("alert-health-issue.json"),
        &expect![[r#"
        Issue: EC2: Operational issue | firing | error
          We are investigating increased API error rates.
          Existing instances are not affected.
        Service: EC2
        Region: eu-west-2
        Affected: i-0abc (impaired)
        Began: 2026-11-20T02:40:00Z
        Updated: 2026-11-20T03:10:00Z
        Status: open
        Event: AWS_EC2_OPERATIONAL_ISSUE
        Health -> https://eu-west-2.console.aws.amazon.com/health/home?region=eu-west-2#/account/event-log?eventID=arn%3Aaws%3Ahealth%3Aeu-west-2%3A%3Aevent%2FEC2%2FAWS_EC2_OPERATIONAL_ISSUE%2FAWS_EC2_OPERATIONAL_ISSUE_7&eventTab=details"#]],
    );
    check(
        &event("alert-budget.json"),
        &expect![[r#"
        Budget monthly: $1,020.50 of $1,000.00 | info | error
          You requested that we alert you when the ACTUAL Cost associated with your monthly budget is greater than $800.00 for the current month. The ACTUAL Cost associated with this budget is $1,020.50.
        Budget: monthly
        Type: Cost
        Budgeted: $1,000.00
        Alert: ACTUAL
        Threshold: > $800.00
        Actual: $1,020.50
        Budgets -> https://us-east-1.console.aws.amazon.com/costmanagement/home#/budgets/overview"#]],
    );
    check(
        &event("alert-backup-failed.json"),
        &expect![[r#"
        Backup job failed: vol-012f | info | error
          An AWS Backup job failed. Resource ARN : arn:aws:ec2:eu-west-2:123456789012:volume/vol-012f. BackupJob ID : 1b2345b2
        Resource: arn:aws:ec2:eu-west-2:123456789012:volume/vol-012f
        State: FAILED
        Job: 1b2345b2
        Started: 2026-11-20T02:48:52Z
        Job -> https://eu-west-2.console.aws.amazon.com/backup/home?region=eu-west-2#/jobs/backup/details/1b2345b2"#]],
    );
    check(
        &event("alert-mail-bounced.json"),
        &expect![[r#"
        Mail bounced: jane@example.com | info | warning
          smtp; 550 5.1.1 user unknown
        Recipients: jane@example.com
        From: Invoices <invoices@example.org>
        Subject: Your invoice
        Bounce: Permanent
        Kind: General
        Sent: 2026-11-20T03:12:38Z
        Message: 0102018e
        Reputation -> https://eu-west-2.console.aws.amazon.com/ses/home?region=eu-west-2#/reputation"#]],
    );
}

#[test]
fn costs_and_mail() {
    check(&by_sns(&json!({
        "accountId": "123456789012", "anomalyId": "a-1",
        "anomalyStartDate": "2026-11-19T00:00:00Z", "dimensionalValue": "AWS Lambda",
        "impact": {
            "totalImpact": 120.5, "totalActualSpend": 150, "totalExpectedSpend": 29.5,
            "totalImpactPercentage": 408.4,
        },
        "rootCauses": [
            {
                "service": "AWS Lambda", "region": "eu-west-2", "usageType": "Lambda-GB-Second",
                "linkedAccount": "123456789012", "linkedAccountName": "live",
            },
        ],
        "anomalyDetailsLink": "https://console.aws.amazon.com/cost-management/home#/anomaly-detection/anomalies/a-1",
    }).to_string()), &expect![[r#"
        $120.5 more than expected: AWS Lambda | info | warning
          AWS Lambda, eu-west-2, Lambda-GB-Second, account live (123456789012)
        Impact: $120.5
        Impact in percent: 408.4
        Spent: $150
        Expected: $29.5
        Began: 2026-11-19T00:00:00Z
        Anomaly -> https://console.aws.amazon.com/cost-management/home#/anomaly-detection/anomalies/a-1"#]]);
    check(
        &by_sns(
            &json!({
                "budgetName": "monthly", "budgetType": "COST",
                "budgetLimit": {"amount": "1000", "unit": "USD"}, "alertType": "FORECASTED",
                "forecastedSpend": {"amount": "1100", "unit": "USD"},
            })
            .to_string(),
        ),
        &expect![[r#"
            Budget monthly: 1100 USD expected of 1000 USD | info | warning
            Budget: monthly
            Type: COST
            Budgeted: 1000 USD
            Alert: FORECASTED
            Forecast: 1100 USD
            Budgets -> https://us-east-1.console.aws.amazon.com/costmanagement/home#/budgets/overview"#]],
    );
    check(
        &by_sns(
            &json!({
                "eventType": "Complaint",
                "complaint": {
                    "complainedRecipients": [{"emailAddress": "jane@example.com"}],
                    "complaintFeedbackType": "abuse",
                },
                "mail": {"source": "news@example.org", "messageId": "m1"},
            })
            .to_string(),
        ),
        &expect![[r#"
            Mail complained of: jane@example.com | info | warning
              abuse
            Recipients: jane@example.com
            From: news@example.org
            Complaint: abuse
            Message: m1
            Reputation -> https://eu-west-2.console.aws.amazon.com/ses/home?region=eu-west-2#/reputation"#]],
    );
}

#[test]
fn copies_advice_and_planned_changes() {
    check(
        &of(
            "aws.backup",
            "Copy Job State Change",
            &json!({
                "copyJobId": "c1", "state": "COMPLETED",
                "resourceArn": "arn:aws:rds:eu-west-2:123456789012:db:orders",
            }),
        ),
        &expect![[r#"
            Copy Job completed: orders | info | info
            Resource: arn:aws:rds:eu-west-2:123456789012:db:orders
            State: COMPLETED
            Job: c1
            Job -> https://eu-west-2.console.aws.amazon.com/backup/home?region=eu-west-2#/jobs/copy/details/c1"#]],
    );
    check(
        &of(
            "aws.trustedadvisor",
            "Trusted Advisor Check Item Refresh Notification",
            &json!({
                "check-name": "Service Limits",
                "check-item-detail": {
                    "Status": "Yellow", "Current Usage": "80", "Limit Name": "VPCs",
                    "Service": "VPC", "Region": "eu-west-2", "Limit Amount": "100",
                },
                "status": "WARN", "resource_id": "", "uuid": "u",
            }),
        ),
        &expect![[r#"
            Service Limits: VPC | firing | warning
            Check: Service Limits
            Status: WARN
            Current Usage: 80
            Limit Amount: 100
            Limit Name: VPCs
            Region: eu-west-2
            Service: VPC
            Trusted Advisor -> https://eu-west-2.console.aws.amazon.com/trustedadvisor/home?region=eu-west-2#/dashboard"#]],
    );
    check(
        &of(
            "aws.health",
            "AWS Health Event",
            &json!({
                "eventArn": "arn:aws:health:eu-west-2::event/1", "service": "RDS",
                "eventTypeCode": "AWS_RDS_MAINTENANCE_SCHEDULED",
                "eventTypeCategory": "scheduledChange", "statusCode": "closed",
                "eventDescription": [{"language": "fr_FR", "latestDescription": "Terminé."}],
            }),
        ),
        &expect![[r#"
            Planned change: RDS: Maintenance scheduled | resolved | warning
              Terminé.
            Service: RDS
            Region: eu-west-2
            Status: closed
            Event: AWS_RDS_MAINTENANCE_SCHEDULED
            Health -> https://eu-west-2.console.aws.amazon.com/health/home?region=eu-west-2#/account/event-log?eventID=arn%3Aaws%3Ahealth%3Aeu-west-2%3A%3Aevent%2F1&eventTab=details"#]],
    );
}
