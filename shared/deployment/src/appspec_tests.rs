//! Every way in which an AppSpec can be written.

use super::*;

const ARN: &str = "arn:aws:ecs:eu-west-2:123456789012:task-definition/web:8";

fn check(text: &str) {
    let spec = AppSpec::parse(text).unwrap_or_else(|error| panic!("{error:#}\n{text}"));
    assert_eq!(spec.task_definition, ARN, "{text}");
    assert_eq!(spec.container.as_deref(), Some("app"), "{text}");
}

fn refused(text: &str) -> String {
    format!("{:#}", AppSpec::parse(text).expect_err(text))
}

#[test]
fn every_way_to_write_it_is_read_alike() {
    let plain = format!(
        "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n      \
         Properties:\n        TaskDefinition: {ARN}\n        LoadBalancerInfo:\n          \
         ContainerName: app\n          ContainerPort: 8000\nHooks:\n  - BeforeInstall: hook\n"
    );
    check(&plain);
    check(&plain.replace('\n', "\r\n"));
    check(&format!("\u{feff}{plain}"));
    check(&format!("\u{feff}{}", plain.replace('\n', "\r\n")));
    check(&plain.replace(ARN, &format!("\"{ARN}\"")));
    check(&plain.replace(ARN, &format!("'{ARN}'")));
    check(&plain.replace(ARN, &format!("{ARN}   # the new one")));
    check(&plain.replace("Resources:", "# TaskDefinition: old:1\nResources:"));
    check(&plain.replace("version: 0.0\n", ""));
    check(&plain.replace("Resources", "resources").replace("Properties", "properties"));
    check(&plain.replace("TaskDefinition", "taskDefinition").replace("Type:", "type:"));
    check(&plain.replace("TargetService", "web"));
    check(&plain.replace("ContainerPort: 8000", "ContainerPort: \"8000\""));
    check(&format!("---\n{plain}...\n"));
    check(&plain.replace(&format!("TaskDefinition: {ARN}"), &format!("TaskDefinition:\t{ARN}")));
    check(&plain.replace(ARN, &format!(">-\n          {ARN}")));
    check(&format!("x: &arn {ARN}\n{}", plain.replace(ARN, "*arn")));
}

#[test]
fn json_is_read_too() {
    let json = format!(
        "{{\n\t\"version\": 0.0,\n\t\"Resources\": [{{\"TargetService\": {{\"Type\": \
         \"AWS::ECS::Service\",\n\t\t\"Properties\": {{\"TaskDefinition\": \"{ARN}\", \
         \"LoadBalancerInfo\": {{\"ContainerName\": \"app\", \"ContainerPort\": 80}}}}}}}}]\n}}"
    );
    check(&json);
    check(&json.replace(['\n', '\t'], ""));
    check(&json.replace("0.0", "\"\\ud83d\\ude80\""));
    check(&json.replace('\n', "\r\n"));
}

#[test]
fn the_optional_parts_are_honoured() {
    let spec = AppSpec::parse(&format!(
        "resources: [{{svc: {{type: aws::ecs::service, properties: {{taskDefinition: '{ARN}', \
         platformVersion: 1.4.0, networkConfiguration: {{awsvpcConfiguration: {{subnets: \
         [subnet-1, subnet-2], securityGroups: [sg-1], assignPublicIp: ENABLED}}}}, \
         capacityProviderStrategy: [{{capacityProvider: FARGATE_SPOT, weight: 2, base: 1}}]}}}}}}]"
    ))
    .unwrap();
    assert_eq!(
        spec,
        AppSpec {
            task_definition: ARN.into(),
            container: None,
            platform_version: Some("1.4.0".into()),
            network: Some(Network {
                subnets: vec!["subnet-1".into(), "subnet-2".into()],
                security_groups: vec!["sg-1".into()],
                public_ip: true,
            }),
            capacity: vec![Provider { name: "FARGATE_SPOT".into(), weight: 2, base: 1 }],
        }
    );
}

#[test]
fn what_cannot_be_read_says_why() {
    let service = |properties: &str| {
        format!("Resources: [{{web: {{Type: AWS::ECS::Service, Properties: {properties}}}}}]")
    };
    let check = |text: &str, why: &str| {
        let error = refused(text);
        assert!(error.contains(why), "{text}: {error}");
    };
    check("", "empty");
    check("\u{feff} \n", "empty");
    check("just words", "mapping");
    check("{ not: [closed", "neither YAML nor JSON");
    check("files: []", "no `Resources`");
    check("Resources: {web: {}}", "must be a list");
    check("Resources: [{web: {Properties: {}}}]", "no `Type`");
    check("Resources: [{f: {Type: AWS::Lambda::Function, Properties: {}}}]", "`AWS::ECS::Service`");
    check("Resources: [{web: {Type: AWS::ECS::Service}}]", "no `Properties`");
    check(&service("{}"), "no `TaskDefinition`");
    check(&service("{TaskDefinition: ''}"), "revision");
    check(&service("{TaskDefinition: web}"), "`web`; expected one with a revision");
    check(&service("{TaskDefinition: <TASK_DEFINITION>}"), "`<TASK_DEFINITION>`");
    check(&service("{TaskDefinition: [a]}"), "must be text");
    check(&service("{TaskDefinition: 'a:1', taskdefinition: 'a:2'}"), "twice");
    check("Resources: []\nResources: []", "twice");
    check(
        &service("{TaskDefinition: 'a:1', NetworkConfiguration: {AwsvpcConfiguration: {}}}"),
        "no `Subnets`",
    );
    check(
        "Resources: [{a: {Type: AWS::ECS::Service, Properties: {TaskDefinition: 'a:1'}}}, {b: \
         {Type: AWS::ECS::Service, Properties: {TaskDefinition: 'a:1'}}}]",
        "two ECS services, `a` and `b`",
    );
}

mod whatever_is_written {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_is_read_or_refused_in_words(text in "(?s).{0,200}") {
            if let Err(error) = AppSpec::parse(&text) {
                let words = format!("{error:#}");
                prop_assert!(words.contains(' '), "{}", words);
            }
        }

        #[test]
        fn a_task_definition_always_has_a_revision(name in "[a-z<>:/0-9. -]{0,30}") {
            let text = format!(
                "Resources: [{{web: {{Type: AWS::ECS::Service, Properties: {{TaskDefinition: '{name}'}}}}}}]"
            );
            if let Ok(spec) = AppSpec::parse(&text) {
                let revision = spec.task_definition.rsplit(':').next().unwrap_or_default().to_owned();
                prop_assert!(revision.parse::<u64>().is_ok() || revision.len() > 18, "{}", revision);
            }
        }

        #[test]
        fn bytes_of_a_bucket_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = crate::archive::appspec(&bytes);
            for magic in [&b"PK\x03\x04"[..], &[0x1f, 0x8b, 8]] {
                let bytes: Vec<u8> = magic.iter().chain(&bytes).copied().collect();
                prop_assert!(crate::archive::appspec(&bytes).is_err());
            }
        }
    }
}
