//! What the security services find, and who did what.

use super::*;

#[test]
fn what_endangers() {
    check(
        &event("alert-guardduty-finding.json"),
        &expect![[r#"
            Credentials of the instance role web were used from outside AWS. | info | error
              Credentials created only for an EC2 instance are used from 198.51.100.7.
            Type: UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS
            Severity: 8
            Account: 123456789012
            Resource: AccessKey
            User: web
            From: 198.51.100.7, Iceland, Example Hosting
            Call: ListBuckets
            Count: 4
            First seen: 2026-11-20T02:58:00Z
            Last seen: 2026-11-20T03:11:00Z
            Finding -> https://eu-west-2.console.aws.amazon.com/guardduty/home?region=eu-west-2#/findings?macros=current&fId=16afba5c"#]],
    );
    check(
        &event("alert-config-not-compliant.json"),
        &expect![[r#"
        Rule s3-bucket-public-read-prohibited not kept: invoices | firing | warning
          The policy allows everybody to read.
        Rule: s3-bucket-public-read-prohibited
        Resource: invoices
        Type: AWS::S3::Bucket
        Compliance: Non compliant
        Before: Compliant
        Recorded: 2026-11-20T03:12:30Z
        Rule -> https://eu-west-2.console.aws.amazon.com/config/home?region=eu-west-2#/rules/details?configRuleName=s3-bucket-public-read-prohibited"#]],
    );
    check(
        &event("alert-root-sign-in.json"),
        &expect![[r#"
        Console sign-in: root | info | error
        Who: root
        Identity: arn:aws:iam::123456789012:root
        Call: ConsoleLogin
        Service: signin.amazonaws.com
        From: 198.51.100.7
        With: Mozilla/5.0
        MFA: No
        Time: 2026-11-20T03:12:33Z
        Event -> https://eu-west-2.console.aws.amazon.com/cloudtrailv2/home?region=eu-west-2#/events/b8a1"#]],
    );
}

#[test]
fn findings() {
    check(
        &of(
            "aws.guardduty",
            "GuardDuty Malware Protection Object Scan Result",
            &json!({
                "scanStatus": "COMPLETED",
                "s3ObjectDetails": {"bucketName": "uploads", "objectKey": "a/b.pdf"},
                "scanResultDetails": {
                    "scanResultStatus": "THREATS_FOUND", "threats": [{"name": "EICAR-Test-File"}],
                },
            }),
        ),
        &expect![[r#"
            Malware found: uploads/a/b.pdf | info | error
              EICAR-Test-File
            Result: THREATS_FOUND
            Bucket: uploads
            Object: a/b.pdf
            Object -> https://eu-west-2.console.aws.amazon.com/s3/object/uploads?prefix=a%2Fb.pdf&region=eu-west-2"#]],
    );
    check(
        &of(
            "aws.securityhub",
            "Security Hub Findings - Imported",
            &json!({
                "findings": [
                    {
                        "Id": "arn:aws:securityhub:eu-west-2:123456789012:finding/1",
                        "Title": "Root has access keys",
                        "Description": "The root user has access keys.",
                        "Severity": {"Label": "CRITICAL"},
                        "Resources": [{"Id": "AWS::::Account:123456789012"}],
                        "RecordState": "ACTIVE", "Compliance": {"Status": "FAILED"},
                        "Remediation": {
                            "Recommendation": {
                                "Text": "Delete them.",
                                "Url": "https://docs.aws.amazon.com/console/securityhub/IAM.4/remediation",
                            },
                        },
                    },
                    {
                        "Id": "2", "Title": "A bucket is public", "Severity": {"Label": "HIGH"},
                        "RecordState": "ACTIVE",
                    },
                ],
            }),
        ),
        &expect![[r#"
            2 findings: Root has access keys, … | firing | critical
              CRITICAL: Root has access keys (AWS::::Account:123456789012)
              HIGH: A bucket is public
            Findings -> https://eu-west-2.console.aws.amazon.com/securityhub/home?region=eu-west-2#/findings?search=Id%3D%255Coperator%255C%253AEQUALS%255C%253Aarn%253Aaws%253Asecurityhub%253Aeu-west-2%253A123456789012%253Afinding%252F1
            What to do -> https://docs.aws.amazon.com/console/securityhub/IAM.4/remediation"#]],
    );
}

#[test]
fn packages_and_images() {
    check(
        &of(
            "aws.inspector2",
            "Inspector2 Finding",
            &json!({
                "awsAccountId": "123456789012",
                "findingArn": "arn:aws:inspector2:eu-west-2:123456789012:finding/f1",
                "title": "CVE-2026-0001 - openssl", "description": "A buffer is too small.",
                "severity": "HIGH", "status": "ACTIVE", "inspectorScore": 8.1,
                "fixAvailable": "YES",
                "packageVulnerabilityDetails": {
                    "vulnerabilityId": "CVE-2026-0001",
                    "sourceUrl": "https://nvd.nist.gov/vuln/detail/CVE-2026-0001",
                    "vulnerablePackages": [
                        {"name": "openssl", "version": "3.0.1", "fixedInVersion": "3.0.2"},
                    ],
                },
                "resources": [{"id": "i-0abc", "type": "AWS_EC2_INSTANCE"}],
            }),
        ),
        &expect![[r#"
            CVE-2026-0001 - openssl | firing | error
              A buffer is too small.
            Severity: HIGH
            Score: 8.1
            Resource: i-0abc
            Resource type: AWS_EC2_INSTANCE
            Packages: openssl 3.0.1, fixed in 3.0.2
            Vulnerability: CVE-2026-0001
            Fix: YES
            Findings -> https://eu-west-2.console.aws.amazon.com/inspector/v2/home?region=eu-west-2#/findings
            Vulnerability -> https://nvd.nist.gov/vuln/detail/CVE-2026-0001"#]],
    );
    check(
        &of(
            "aws.ecr",
            "ECR Image Scan",
            &json!({
                "scan-status": "COMPLETE", "repository-name": "team/web",
                "finding-severity-counts": {"CRITICAL": 2, "MEDIUM": 3},
                "image-digest": "sha256:7f5b", "image-tags": ["v7"],
            }),
        ),
        &expect![[r#"
            2 critical vulnerabilities: team/web:v7 | info | error
            Repository: team/web
            Tags: v7
            Findings: CRITICAL: 2, MEDIUM: 3
            Scan: COMPLETE
            Digest: sha256:7f5b
            Image -> https://eu-west-2.console.aws.amazon.com/ecr/repositories/private/123456789012/team/web/_/image/sha256:7f5b/details?region=eu-west-2"#]],
    );
    check(
        &of(
            "aws.ecr",
            "ECR Image Action",
            &json!({
                "result": "SUCCESS", "repository-name": "web", "image-digest": "sha256:7f5b",
                "action-type": "PUSH", "image-tag": "v7",
            }),
        ),
        &expect![[r#"
            Image push: web:v7 | info | info
            Repository: web
            Tags: v7
            Action: PUSH
            Result: SUCCESS
            Digest: sha256:7f5b
            Image -> https://eu-west-2.console.aws.amazon.com/ecr/repositories/private/123456789012/web/_/image/sha256:7f5b/details?region=eu-west-2"#]],
    );
}

#[test]
fn access_and_calls() {
    check(
        &of(
            "aws.access-analyzer",
            "Access Analyzer Finding",
            &json!({
                "id": "f1", "status": "ACTIVE", "resourceType": "AWS::S3::Bucket",
                "resource": "arn:aws:s3:::invoices", "principal": {"AWS": "*"},
                "action": ["s3:GetObject"], "isPublic": true, "condition": {},
                "createdAt": "2026-11-20T03:12:40Z", "accountId": "123456789012",
            }),
        ),
        &expect![[r#"
            Open to the public: invoices | firing | error
            Resource: arn:aws:s3:::invoices
            Type: AWS::S3::Bucket
            Status: ACTIVE
            Who: AWS: *
            May: s3:GetObject
            Account: 123456789012
            Created: 2026-11-20T03:12:40Z
            Finding -> https://eu-west-2.console.aws.amazon.com/access-analyzer/home?region=eu-west-2#/findings/details/f1"#]],
    );
    check(
        &of(
            "aws.iam",
            "AWS API Call via CloudTrail",
            &json!({
                "userIdentity": {
                    "type": "AssumedRole",
                    "arn": "arn:aws:sts::123456789012:assumed-role/admin/jane@example.com",
                },
                "eventName": "CreateAccessKey", "eventSource": "iam.amazonaws.com",
                "sourceIPAddress": "198.51.100.7", "errorCode": "AccessDenied",
                "errorMessage": "not authorized", "requestParameters": {"userName": "ci"},
                "eventID": "c9",
            }),
        ),
        &expect![[r#"
            CreateAccessKey by admin/jane@example.com was refused | info | warning
              AccessDenied: not authorized
            Who: admin/jane@example.com
            Identity: arn:aws:sts::123456789012:assumed-role/admin/jane@example.com
            Call: CreateAccessKey
            Service: iam.amazonaws.com
            From: 198.51.100.7
            Request: {"userName":"ci"}
            Event -> https://eu-west-2.console.aws.amazon.com/cloudtrailv2/home?region=eu-west-2#/events/c9"#]],
    );
}
