//! What becomes of review apps.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what it expects")]

use local_aws::scene::ReviewApps;
use local_aws::{Fault, Kind, Service};
use serde_json::{Value, json};
use story::inventory::inventory;
use story::review::Reviews;

const REPOSITORY: &str = ReviewApps::REPOSITORY;

/// An account with the apps of these pull requests, of which the first was closed an hour ago.
async fn account(numbers: &[u32]) -> Reviews {
    let reviews = Reviews::set().await;
    for number in numbers {
        reviews.apps.app(*number, 2).await.unwrap();
        reviews.apps.open(*number);
    }
    reviews.wait(3 * 3600).await;
    reviews.world.close(REPOSITORY, numbers[0].into(), reviews.ago(60));
    reviews
}

#[tokio::test(start_paused = true)]
async fn the_app_of_a_closed_pull_request_goes_in_order_and_its_neighbours_stay() {
    let reviews = account(&[12, 123, 1]).await;
    let before = inventory(&reviews.world).await;
    reviews.hours(6).await;
    let after = inventory(&reviews.world).await;
    let gone: Vec<_> = before.difference(&after).collect();
    assert!(
        gone.iter().all(|it| it.1.contains("-12")
            || it.1.contains("-rule/")
            || it.1.contains("REVIEW-12_"))
    );
    assert!(after.iter().all(|it| !it.1.contains("core-review-12-")), "{after:#?}");
    assert!(after.is_subset(&before));
    let order: Vec<String> = reviews.changes().into_iter().map(|it| it.0).collect();
    let first = |operation: &str| order.iter().position(|it| it == operation).unwrap();
    let in_order = [
        "DeleteAlarms",
        "DeleteService",
        "DeleteCluster",
        "DeleteLogGroup",
        "DeregisterTaskDefinition",
        "DeleteTaskDefinitions",
        "DeleteCacheParameterGroup",
    ];
    assert!(in_order.is_sorted_by_key(|it| first(it)), "{order:?}");
    let before = reviews.changes().len();
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(reviews.changes().len(), before);
    assert_eq!(report["apps"].as_object().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_the_same_and_does_nothing() {
    let reviews = account(&[12, 13]).await;
    let report = reviews.run(json!({"dry_run": true})).await.unwrap();
    assert_eq!(reviews.changes(), []);
    let steps = report["apps"]["12"]["steps"].as_array().unwrap();
    let phases: Vec<&Value> = steps.iter().map(|it| &it["phase"]).collect();
    let order = ["silence", "unroute", "spending", "shape", "leftovers", "task-definitions"];
    assert!(
        phases.is_sorted_by_key(|it| order.iter().position(|phase| *it == phase)),
        "{phases:?}"
    );
    let would: usize = steps.len();
    reviews.hours(6).await;
    let there = reviews.run(json!({})).await.unwrap();
    assert!(there["apps"]["12"].is_null());
    assert_eq!(would, 12 + 4 + 2 + 1 + 2 + 1 + 1 + 1 + 1 + 1 + 1 + 6);
}

#[tokio::test(start_paused = true)]
async fn a_grace_counts_from_the_end_or_from_the_last_deployment() {
    let reviews = Reviews::set().await;
    reviews.apps.app(12, 1).await.unwrap();
    reviews.apps.closed(12, reviews.ago(600));
    let run = async || reviews.run(json!({})).await.unwrap()["apps"]["12"]["state"].clone();
    // Closed long ago, deployed just now.
    assert_eq!(run().await, "stays");
    reviews.wait(29 * 60).await;
    assert_eq!(run().await, "stays");
    reviews.wait(2 * 60).await;
    assert_ne!(run().await, "stays");
}

#[tokio::test(start_paused = true)]
async fn a_date_in_the_future_is_not_over() {
    let reviews = Reviews::set().await;
    reviews.apps.app(12, 1).await.unwrap();
    reviews.wait(7200).await;
    reviews.apps.closed(12, reviews.ago(-120));
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["apps"]["12"]["state"], "stays");
    assert_eq!(reviews.changes(), []);
}

#[tokio::test(start_paused = true)]
async fn who_opens_a_pull_request_again_keeps_what_is_left() {
    let reviews = account(&[12, 13]).await;
    // It is opened again between the plan and the first removal.
    reviews.world.fault(
        Fault::new(Kind::Slow(std::time::Duration::from_secs(5))).on("GetParameter").times(1),
    );
    let world = reviews.world.clone();
    let opened = async {
        let clock = world.clock();
        loop {
            clock.sleep(std::time::Duration::from_millis(100)).await;
            if !world.github_requests().is_empty() {
                return world.reopen(REPOSITORY, 12);
            }
        }
    };
    let (report, ()) = tokio::join!(reviews.run(json!({})), opened);
    let state = report.unwrap()["apps"]["12"]["state"].clone();
    assert!(state == "going" || state == "stays", "{state}");
    let services: Vec<_> =
        reviews.changes().into_iter().filter(|it| it.0 == "DeleteService").collect();
    assert_eq!(services, []);
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["apps"]["12"]["state"], "stays");
}

#[tokio::test(start_paused = true)]
async fn fuses_trip_and_zero_means_zero() {
    let reviews = account(&[12, 13, 14, 15, 16]).await.with("MAX_APPS", "0");
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(reviews.changes(), []);
    assert_eq!(report["tripped"]["why"], "1 apps would go, and MAX_APPS is 0");
    assert!(reviews.alerts()[0].contains("a fuse has tripped"), "{:?}", reviews.alerts());
    let reviews = reviews.with("MAX_APPS", "10").with("MAX_SHARE", "0");
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["tripped"]["why"], "1 of 5 apps would go, and MAX_SHARE is 0 %");
    assert_eq!(reviews.changes(), []);
    for number in [13, 14, 15, 16] {
        reviews.world.close(REPOSITORY, number, reviews.ago(60));
    }
    let reviews = reviews.with("MAX_SHARE", "50");
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["tripped"]["why"], "5 of 5 apps would go, and MAX_SHARE is 50 %");
    assert_eq!(reviews.changes(), []);
    // A wrong name approves nothing.
    let error = reviews.run(json!({"approve": "0123"})).await.unwrap_err();
    let name = report["tripped"]["approve"].as_str().unwrap();
    assert!(error.contains(name), "{error}");
    assert_eq!(reviews.changes(), []);
    let report = reviews.run(json!({"approve": name})).await.unwrap();
    assert!(report["tripped"].is_null(), "{report:#}");
    // The next runs need no further approval, though the share is as large as before.
    reviews.hours(12).await;
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["apps"], json!({}), "{report:#}");
}

#[tokio::test(start_paused = true)]
async fn a_tag_on_any_part_protects_the_whole_app() {
    for (key, value, kept) in [
        ("quayside.protect", "true", true),
        ("quayside.protect", "banana", true),
        ("quayside.protect", "2026-13-45", true),
        ("quayside.protect", "2027-01-01", true),
        ("quayside.protect", "2025-01-01", false),
        ("quayside.protect", "false", false),
    ] {
        let reviews = account(&[12]).await;
        reviews.apps.tag_cluster("core-review-12-app", key, value).await.unwrap();
        reviews.run(json!({})).await.unwrap();
        assert_eq!(reviews.changes().is_empty(), kept, "{value}");
    }
    // What was not described because its name says enough is asked for its tags, too.
    let reviews = account(&[12]).await;
    let tags = json!([{"Key": "quayside.protect", "Value": "true"}]);
    let arn = "arn:aws:cloudwatch:eu-west-2:123456789012:alarm:core-review-12-app-tasks-exited";
    let input = json!({"ResourceARN": arn, "Tags": tags});
    reviews.world.call(Service::CloudWatch, "TagResource", input).await.unwrap();
    reviews.run(json!({})).await.unwrap();
    assert_eq!(reviews.changes(), []);
}

#[tokio::test(start_paused = true)]
async fn labels_keep_an_app_or_let_it_go() {
    let reviews = account(&[12, 13]).await.with("REVIEW_LABEL", "review-app");
    reviews.world.label(REPOSITORY, 12, "keep-review-app");
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["apps"]["12"]["why"], "the pull request has the label keep-review-app");
    // 13 is open, without the label that review apps need.
    assert_eq!(report["apps"]["13"]["why"], "open, without the label");
    let reviews = account(&[12, 13]).await.with("REVIEW_LABEL", "review-app");
    reviews.world.label(REPOSITORY, 13, "review-app");
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["apps"]["13"]["state"], "stays");
}

#[tokio::test(start_paused = true)]
async fn the_app_of_an_open_pull_request_goes_when_nobody_deploys_it() {
    let reviews = account(&[12, 13]).await.with("MAX_AGE", "48h");
    reviews.world.reopen(REPOSITORY, 12);
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["apps"]["12"]["state"], "stays");
    reviews.wait(48 * 3600).await;
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["removed"]["service"], 4);
}

#[tokio::test(start_paused = true)]
async fn of_several_instances_of_an_open_pull_request_the_newest_stays() {
    let reviews = Reviews::set().await.with("KEEP_NEWEST_INSTANCE", "true");
    reviews.apps.open(12);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(reviews.apps.instance("preview", "12").await.unwrap());
        reviews.wait(60).await;
    }
    reviews.run(json!({})).await.unwrap();
    assert_eq!(reviews.changes(), [], "the newest may still be starting");
    reviews.wait(3600).await;
    reviews.run(json!({})).await.unwrap();
    let there = inventory(&reviews.world).await;
    let there = |id: &String| there.iter().any(|it| it.1 == *id);
    assert_eq!(ids.iter().map(there).collect::<Vec<_>>(), [false, false, true]);
}

#[tokio::test(start_paused = true)]
async fn tags_that_are_not_quite_right_are_nobodys() {
    let reviews = Reviews::set().await;
    for number in
        ["", "0", "007", "12 ", "+12", "12;13", "100000000000000000000", "\u{ff11}\u{ff12}"]
    {
        reviews.apps.instance("preview", number).await.unwrap();
    }
    for environment in ["Preview", "ENVIRONMENT", "production", "previews"] {
        reviews.apps.instance(environment, "12").await.unwrap();
    }
    reviews.apps.closed(12, reviews.ago(600));
    reviews.wait(7200).await;
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(reviews.changes(), []);
    assert_eq!(report["unclear"].as_object().unwrap().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn what_others_use_stays() {
    let reviews = account(&[12, 13]).await;
    let apps = &reviews.apps;
    // A rule that sends a part of its visitors to somebody else.
    let own = apps.target_group("core-review-99").await.unwrap();
    let foreign = apps.target_group("canary").await.unwrap();
    apps.route(990, &[&own, &foreign]).await.unwrap();
    apps.closed(99, reviews.ago(600));
    // Another app's service runs a definition of this family.
    apps.service("core-review-13-app", "core-review-13-ad-hoc", "core-review-12-ad-hoc")
        .await
        .unwrap();
    reviews.hours(6).await;
    let there = inventory(&reviews.world).await;
    let has = |name: &str| there.iter().any(|it| it.1.contains(name));
    assert!(has("core-review-99") && has("canary"));
    assert!(has("core-review-12-ad-hoc:2") && !has("core-review-12-ad-hoc:1"));
    assert!(!has("cluster/core-review-12-app"));
}

#[tokio::test(start_paused = true)]
async fn a_shared_cluster_stays_with_all_its_other_services() {
    let reviews = Reviews::set().await;
    let apps = &reviews.apps;
    for name in ["core-review-12-app", "core-review-13-app"] {
        apps.definition(name, "app").await.unwrap();
        apps.service("production", name, name).await.unwrap();
    }
    apps.open(13);
    apps.closed(12, reviews.ago(600));
    reviews.wait(7200).await;
    reviews.hours(3).await;
    let there = inventory(&reviews.world).await;
    let has = |name: &str| there.iter().any(|it| it.1.ends_with(name));
    assert!(has("cluster/production") && has("production/production"));
    assert!(has("production/core-review-13-app") && !has("production/core-review-12-app"));
    assert!(!has("core-review-12-app:1"));
}

#[tokio::test(start_paused = true)]
async fn what_is_denied_once_is_not_tried_again_and_stops_nothing_else() {
    let reviews = account(&[12, 13]).await;
    reviews.world.close(REPOSITORY, 13, reviews.ago(60));
    reviews.world.fault(Fault::new(Kind::AccessDenied).on("DeleteReplicationGroup"));
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["removed"]["service"], 4);
    let denied: Vec<_> = reviews.world.requests_for("DeleteReplicationGroup");
    assert!(denied.len() <= 8, "{}", denied.len());
    assert!(
        report["problems"].to_string().contains("DeleteReplicationGroup"),
        "{}",
        report["problems"]
    );
    // A day later it is told, with the reason.
    reviews.wait(25 * 3600).await;
    reviews.run(json!({})).await.unwrap();
    let alerts = reviews.alerts();
    assert!(
        alerts.iter().any(|it| it.contains("do not go") && it.contains("AccessDenied")),
        "{alerts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn in_the_wrong_account_nothing_is_even_listed() {
    let reviews = account(&[12]).await.with("ALLOWED_ACCOUNTS", "210987654321/eu-west-2");
    let error = reviews.run(json!({})).await.unwrap_err();
    assert!(error.contains("this is 123456789012/eu-west-2"), "{error}");
    let asked = reviews.world.requests();
    assert!(
        asked.iter().all(|it| it.operation == "GetCallerIdentity" || it.operation == "Publish"),
        "{asked:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_comment_says_what_became_of_the_app() {
    let reviews = account(&[12, 13]).await.with("MAX_COMMENTS", "50");
    reviews.hours(4).await;
    let comments = reviews.world.comments(REPOSITORY, 12);
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].2.contains("review app of this pull request"), "{comments:?}");
    assert_eq!(reviews.world.comments(REPOSITORY, 13).len(), 0);
    // Where nobody may write, everything else goes on.
    let reviews = account(&[12]).await.with("MAX_COMMENTS", "50");
    reviews.world.lock(REPOSITORY, 12);
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["removed"]["service"], 2);
    assert!(report["apps"]["12"]["note"].is_string(), "{report:#}");
}

#[tokio::test(start_paused = true)]
async fn a_command_before_the_removal_runs_once_and_keeps_nothing() {
    for (code, told) in [(0, false), (1, true)] {
        let reviews = account(&[12])
            .await
            .with("PRE_DELETE_COMMAND", r#"["bin/rails", "db:drop"]"#)
            .with("PRE_DELETE_SERVICE", "core-review-{pr}-app");
        let image = local_aws::Image::script(move |run: &local_aws::Run| {
            let _ = run;
            local_aws::Script::exits(code)
        });
        reviews.world.image("registry/web:1", image);
        let report = reviews.run(json!({})).await.unwrap();
        assert_eq!(reviews.world.requests_for("RunTask").len(), 1);
        assert_eq!(report["removed"]["service"], 2);
        assert_eq!(report["problems"].to_string().contains("exit code 1"), told, "{report:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_learns_a_secret() {
    let reviews = account(&[12]).await;
    reviews.world.github_is(Some(local_aws::GitHubAnswer::Status {
        status: 401,
        body: format!("{{\"message\": \"Bad credentials {}\"}}", reviews.apps.token),
        headers: Vec::new(),
    }));
    let error = reviews.run(json!({})).await.unwrap_err();
    assert!(!error.contains(&reviews.apps.token), "{error}");
    assert!(!reviews.alerts().concat().contains(&reviews.apps.token));
}

#[tokio::test(start_paused = true)]
async fn two_runs_at_once_harm_nobody() {
    let reviews = account(&[12, 123]).await;
    let before = inventory(&reviews.world).await;
    let (one, other) = tokio::join!(reviews.run(json!({})), reviews.run(json!({})));
    assert!(one.is_ok() && other.is_ok());
    reviews.hours(4).await;
    let after = inventory(&reviews.world).await;
    assert!(
        after.is_subset(&before) && after.iter().any(|it| it.1.contains("core-review-123-app"))
    );
    assert!(!after.iter().any(|it| it.1.contains("core-review-12-")));
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_time_is_up_is_continued_by_the_next() {
    let reviews = account(&[12, 123]).await;
    reviews
        .world
        .fault(Fault::new(Kind::Slow(std::time::Duration::from_secs(900))).on("DeleteCluster"));
    let report = reviews.run(json!({})).await.unwrap();
    assert_eq!(report["out_of_time"], true, "{report:#}");
    assert_eq!(report["removed"]["service"], 2);
    reviews.world.heal();
    reviews.hours(5).await;
    assert!(!inventory(&reviews.world).await.iter().any(|it| it.1.contains("core-review-12-")));
}

#[tokio::test(start_paused = true)]
async fn tasks_that_nobody_keeps_running_and_many_revisions_go() {
    let reviews = account(&[12]).await;
    for _ in 0..25 {
        reviews.apps.definition("core-review-12-ad-hoc", "ad-hoc").await.unwrap();
    }
    // A task by hand that runs for days.
    let image = local_aws::Image::script(|_: &local_aws::Run| local_aws::Script::never_ends());
    reviews.world.image("registry/web:1", image);
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    let input = json!({
        "cluster": "core-review-12-app", "taskDefinition": "core-review-12-ad-hoc", "launchType": "FARGATE",
        "networkConfiguration": network,
    });
    reviews.world.call(Service::Ecs, "RunTask", input).await.unwrap();
    reviews.wait(7200).await;
    reviews.hours(5).await;
    let there = inventory(&reviews.world).await;
    assert!(!there.iter().any(|it| it.1.contains("core-review-12-")), "{there:#?}");
    let batches: Vec<usize> = reviews
        .world
        .requests_for("DeleteTaskDefinitions")
        .iter()
        .map(|it| it.input["taskDefinitions"].as_array().map_or(0, Vec::len))
        .collect();
    assert!(batches.iter().all(|it| *it <= 10), "{batches:?}");
}

#[tokio::test(start_paused = true)]
async fn two_repositories_in_one_account_are_told_apart_by_a_tag() {
    let reviews =
        Reviews::set().await.with("NAME_TEMPLATES", "").with("REPOSITORY_TAG", "repository");
    let of = async |repository: Option<&str>| {
        let id = reviews.apps.instance("preview", "12").await.unwrap();
        if let Some(repository) = repository {
            reviews.apps.tag_instance(&id, "repository", repository).await.unwrap();
        }
        id
    };
    let (ours, theirs, nobodys) =
        (of(Some(REPOSITORY)).await, of(Some("acme/api")).await, of(None).await);
    reviews.apps.closed(12, reviews.ago(600));
    reviews.wait(7200).await;
    reviews.hours(3).await;
    let there = inventory(&reviews.world).await;
    let has = |id: &String| there.iter().any(|it| it.1 == *id);
    assert_eq!([has(&ours), has(&theirs), has(&nobodys)], [false, true, true]);
}

#[tokio::test(start_paused = true)]
async fn kinds_that_are_not_looked_after_stay() {
    let reviews = account(&[12]).await.with("KINDS", "service,task,listener-rule");
    reviews.hours(4).await;
    let kinds: std::collections::BTreeSet<String> =
        reviews.changes().into_iter().map(|it| it.0).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["DeleteRule", "DeleteService"]);
}

#[tokio::test(start_paused = true)]
async fn a_name_says_nothing_against_the_tags_of_what_it_is_a_part_of() {
    let reviews = account(&[12]).await;
    reviews.apps.tag_cluster("core-review-12-app", "environment", "production").await.unwrap();
    let report = reviews.run(json!({})).await.unwrap();
    assert!(reviews.changes().iter().all(|it| it.0 != "DeleteService" && it.0 != "DeleteCluster"));
    assert!(reviews.changes().iter().all(|it| it.0 != "DeregisterScalableTarget"), "{report:#}");
    assert!(report["unclear"].to_string().contains("environment"), "{report:#}");
}
