//! A function's folder, its resource in the template, its permissions and its settings agree.

use std::collections::{BTreeMap, BTreeSet};

use tidy::{
    Crate, File, Function, code_of, crates, documented_settings, files, functions_of, named_calls,
    read, snake_case, template, without,
};

/// Permissions that another one brings along: no call of their own needs them.
const COMPANIONS: [(&str, &str); 3] = [
    // RunTask hands the task its roles.
    ("iam:PassRole", "ecs:RunTask"),
    // "If tags are specified in the resource-creating action, Amazon ECS performs additional
    // authorization on the ecs:TagResource action."
    ("ecs:TagResource", "ecs:RunTask"),
    // GetObject of one version needs this one instead.
    ("s3:GetObjectVersion", "s3:GetObject"),
];

/// "No permissions are required to perform this operation" (`GetCallerIdentity`, the only one called).
const FREE: &str = "sts";

/// The function that removes review apps.
const CLEANER: &str = "clean-up-review-apps";

/// How the names of actions begin that leave everything as it is.
const READS: [&str; 4] = ["BatchGet", "Describe", "Get", "List"];

/// The crates under `functions/`, each with its part of the template.
fn deployed() -> Vec<(Crate, Function)> {
    let mut functions: BTreeMap<String, Function> =
        functions_of(&template()).into_iter().map(|it| (it.name.clone(), it)).collect();
    let folders = crates().into_values().filter(|it| it.folder.starts_with("functions/"));
    folders.filter_map(|it| functions.remove(&it.name).map(|function| (it, function))).collect()
}

fn code_under(folder: &str) -> Vec<File> {
    files(&format!("{folder}/src"), "rs")
        .into_iter()
        .map(|it| File { text: code_of(&it), path: it.path })
        .collect()
}

/// IAM's name of a service, where the SDK has another one.
fn prefix_of(service: &str) -> &str {
    match service {
        "applicationautoscaling" => "application-autoscaling",
        "cloudwatchlogs" => "logs",
        "elasticloadbalancingv2" => "elasticloadbalancing",
        "eventbridge" => "events",
        "resourcegroupstagging" => "tag",
        "sfn" => "states",
        same => same,
    }
}

#[test]
fn every_function_is_in_the_template_and_nothing_else_is() {
    let folders: Vec<String> = crates()
        .into_values()
        .filter_map(|it| it.folder.strip_prefix("functions/").map(str::to_owned))
        .collect();
    let mut deployed: Vec<String> =
        functions_of(&template()).into_iter().map(|it| it.name).collect();
    deployed.sort();
    assert!(!folders.is_empty());
    assert_eq!(deployed, folders, "CodeUri in template.yaml (left), folders of functions/ (right)");
}

#[test]
fn a_function_may_call_the_services_it_links_and_no_others() {
    let all = crates();
    for (it, function) in deployed() {
        let linked: BTreeSet<&str> =
            it.with_its_own(&all).iter().flat_map(|it| it.services()).map(prefix_of).collect();
        let linked: BTreeSet<&str> = linked.into_iter().filter(|it| *it != FREE).collect();
        let companions = COMPANIONS.map(|(action, _)| action);
        let allowed: BTreeSet<&str> = function
            .actions
            .iter()
            .filter(|it| !companions.contains(&it.as_str()))
            .filter_map(|it| it.split_once(':'))
            .map(|(service, _)| service)
            .collect();
        assert_eq!(allowed, linked, "{}: policies (left), aws-sdk-* crates (right)", it.name);
    }
}

#[test]
fn every_permission_is_used_by_a_call_in_the_file_of_its_service() {
    let all = crates();
    for (it, function) in deployed() {
        let own = it.with_its_own(&all);
        let code: Vec<File> = own.iter().flat_map(|it| code_under(&it.folder)).collect();
        for action in &function.actions {
            if let Some((_, of)) = COMPANIONS.iter().find(|(companion, _)| companion == action) {
                assert!(function.actions.contains(*of), "{}: {action} without {of}", it.name);
                continue;
            }
            let Some((service, name)) = action.split_once(':') else {
                panic!("{}: {action} is no action", it.name);
            };
            let call = format!(".{}()", snake_case(name));
            let edge = |file: &&File| {
                file.name().strip_suffix(".rs").is_some_and(|stem| prefix_of(stem) == service)
            };
            assert!(
                code.iter().filter(edge).any(|file| file.text.contains(&call)),
                "{}: nothing calls {call}, but template.yaml allows {action}",
                it.name
            );
        }
    }
}

#[test]
fn every_call_of_a_function_is_permitted() {
    for (it, function) in deployed() {
        for file in code_under(&it.folder) {
            let stem = file.name().trim_end_matches(".rs");
            if !it.services().contains(stem) || stem == FREE {
                continue;
            }
            let service = prefix_of(stem);
            for name in named_calls(&file.text) {
                let action = format!("{service}:{name}");
                assert!(
                    function.actions.contains(&action),
                    "{} calls {action}, template.yaml does not allow it",
                    file.path
                );
            }
        }
    }
}

#[test]
fn the_template_sets_what_the_settings_document() {
    for (it, function) in deployed() {
        let documented = documented_settings(&read(&format!("{}/src/settings.rs", it.folder)));
        assert_eq!(
            function.environment, documented,
            "{}: Environment in template.yaml (left), src/settings.rs (right)",
            it.name
        );
    }
}

#[test]
fn every_function_has_its_place_in_the_readme() {
    let readme = read("README.md");
    for it in crates().into_values().filter(|it| it.folder.starts_with("functions/")) {
        assert!(readme.contains(&format!("`{}`", it.name)), "README.md does not name {}", it.name);
    }
}

fn changes(action: &str) -> bool {
    action.split_once(':').is_none_or(|(_, name)| READS.iter().all(|it| !name.starts_with(it)))
}

/// The function that removes review apps, as the template deploys it.
fn cleaner(template: &serde_json::Value) -> Function {
    let mut functions = functions_of(template).into_iter();
    functions.find(|it| it.name == CLEANER).unwrap_or_default()
}

#[test]
fn a_dry_run_of_the_clean_up_has_no_permission_to_remove_anything() {
    let template = template();
    assert!(cleaner(&template).actions.contains("ecs:DeleteCluster"));
    let dry = cleaner(&without(&template, "RemovesReviewApps"));
    let changes: Vec<&str> =
        dry.actions.iter().map(String::as_str).filter(|it| changes(it)).collect();
    // It tells people, and has itself called again when a webhook asks for it.
    assert_eq!(changes, ["iam:PassRole", "scheduler:CreateSchedule", "sns:Publish"]);
}

#[test]
fn what_a_tag_protects_is_denied_wherever_iam_can_tell() {
    // What these remove has no tags, or IAM doesn't look at them.
    let blind = [
        "codedeploy:StopDeployment",
        "ecr:BatchDeleteImage",
        "ecs:DeregisterTaskDefinition",
        "route53:ChangeResourceRecordSets",
        "scheduler:DeleteSchedule",
        // Not removals.
        "ecs:RunTask",
        "iam:PassRole",
        "scheduler:CreateSchedule",
        "sns:Publish",
        "ssm:PutParameter",
    ];
    let function = cleaner(&template());
    let removals = function.actions.into_iter().filter(|it| changes(it));
    let expected: BTreeSet<String> = removals.filter(|it| !blind.contains(&it.as_str())).collect();
    assert!(!expected.is_empty(), "template.yaml does not deploy {CLEANER}");
    assert_eq!(function.denied, expected, "denied (left), removals (right)");
}
