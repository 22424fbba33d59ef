//! Two services that share a database deploy at once.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a story that is not as told should stop; a missing member of JSON is null"
)]

use std::time::Duration;

use expect_test::{Expect, expect};
use local_aws::{Image, Run, Script};
use story::{NEW_IMAGE, Stage, alone};

const LOCK: (&str, &str) = ("quayside.migrate.lock", "shop-database");
const ROLE: &str = "arn:aws:iam::123456789012:role/quayside-wait";
const PINNED: &str =
    "registry/web@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const MINUTE: Duration = Duration::from_secs(60);

/// Deploys the image to both services at once, each migration taking `minutes`; what became of both.
struct Case {
    image: &'static str,
    labels: [&'static [(&'static str, &'static str)]; 2],
    minutes: u32,
    exit_code: i32,
    waits: bool,
}

const BOTH: Case =
    Case { image: PINNED, labels: [&[LOCK], &[LOCK]], minutes: 5, exit_code: 0, waits: true };

impl Case {
    async fn stage(&self) -> (Stage, [String; 2]) {
        let (length, exit_code) = (MINUTE * self.minutes, self.exit_code);
        let mut stage = Stage::set(|_| Script::exits(0)).await;
        if self.waits {
            stage = stage.with("LOCK_WAIT_ROLE_ARN", ROLE);
        }
        let migration = move |_: &Run| Script::exits(exit_code).after(length);
        stage.world.image(self.image, Image::script(migration));
        stage.second_service("jobs").await;
        let web = stage.definition_of("web", self.image, self.labels[0]).await;
        let jobs = stage.definition_of("jobs", self.image, self.labels[1]).await;
        let first = stage.scene.deploy(&web).await.unwrap();
        let second = stage.deploy_to("jobs", &jobs).await;
        (stage, [first, second])
    }

    async fn told(&self) -> String {
        let (stage, ids) = self.stage().await;
        let mut lines = Vec::new();
        for (name, id) in ["web", "jobs"].into_iter().zip(&ids) {
            lines.push(format!("{name}: {}", stage.ended(id).await));
        }
        stage.world.clock().sleep(30 * MINUTE).await;
        lines.push(format!("tasks {}, at once {}", stage.tasks().len(), at_once(&stage).await));
        for alert in stage.alerts() {
            lines.push(format!("alert: {}", alert["reason"].as_str().unwrap_or_default()));
        }
        let (mut told, tasks) = (lines.join("\n"), stage.tasks());
        for (id, name) in ids.iter().zip(["WEB", "JOBS"]) {
            told = told.replace(id, name);
        }
        for task in tasks {
            told = told.replace(&task, "TASK");
        }
        told
    }

    async fn check(&self, expected: Expect) {
        expected.assert_eq(&self.told().await);
    }
}

/// How many one-off tasks ran at the same time at most, from their own start and end.
async fn at_once(stage: &Stage) -> usize {
    let moments = stage.times().await;
    let during = |(start, _): &(f64, f64)| {
        moments.iter().filter(|(from, to)| from <= start && start < to).count()
    };
    moments.iter().map(during).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn one_migrates_and_the_other_is_let_through() {
    BOTH.check(expect![[r#"
        web: Succeeded
        jobs: Succeeded
        tasks 1, at once 1"#]])
        .await;
}

#[tokio::test(start_paused = true)]
async fn the_one_that_is_let_through_says_why() {
    let (stage, [web, jobs]) = BOTH.stage().await;
    assert_eq!(stage.ended(&jobs).await, "Succeeded");
    let said = stage.hook_answers();
    let of = |id: &str, outcome: &str| {
        let mut all = said.iter().filter(|it| it["deployment"] == id && it["outcome"] == outcome);
        all.next().map(|it| it["reason"].as_str().unwrap_or_default().to_owned())
    };
    let task = &stage.tasks()[0];
    assert_eq!(
        of(&jobs, "waits").unwrap(),
        format!("the migration of {web} has the lock shop-database (task {task})")
    );
    assert_eq!(
        of(&jobs, "skipped").unwrap(),
        format!(
            "the migration of {web} has done the same with the same image (task {task}, lock \
             shop-database)"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_tag_proves_nothing_so_both_migrate_one_after_the_other() {
    Case { image: "registry/web:9", ..BOTH }
        .check(expect![[r#"
            web: Succeeded
            jobs: Succeeded
            tasks 2, at once 1"#]])
        .await;
}

#[tokio::test(start_paused = true)]
async fn other_commands_are_not_done_by_the_first() {
    let labels: &[_] = &[LOCK, ("quayside.migrate.command", "migrate-jobs")];
    Case { labels: [&[LOCK], labels], ..BOTH }
        .check(expect![[r#"
            web: Succeeded
            jobs: Succeeded
            tasks 2, at once 1"#]])
        .await;
}

#[tokio::test(start_paused = true)]
async fn services_without_a_common_lock_do_not_wait() {
    Case { labels: [&[], &[]], ..BOTH }
        .check(expect![[r#"
            web: Succeeded
            jobs: Succeeded
            tasks 2, at once 2"#]])
        .await;
}

#[tokio::test(start_paused = true)]
async fn without_the_means_to_wait_the_second_is_failed_and_says_who_was_first() {
    Case { waits: false, ..BOTH }
        .check(expect![[r#"
            web: Succeeded
            jobs: Failed
            tasks 1, at once 1
            alert: the migration of WEB has the lock shop-database (task TASK): LOCK_WAIT_ROLE_ARN is not set, so this one can't wait"#]])
        .await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_migrates_itself_if_the_first_fails() {
    Case { exit_code: 1, ..BOTH }
        .check(expect![[r#"
            web: Failed
            jobs: Failed
            tasks 2, at once 1
            alert: container app exited with 1
            alert: container app exited with 1"#]])
        .await;
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_a_migration_may_take() {
    let labels: &[_] = &[LOCK, ("quayside.migrate.timeout", "10m")];
    Case { labels: [&[LOCK], labels], minutes: 30, ..BOTH }
        .check(expect![[r#"
            web: Succeeded
            jobs: Failed
            tasks 1, at once 1
            alert: the migration of WEB has the lock shop-database (task TASK) and has kept it too long to wait for"#]])
        .await;
}

#[test]
fn both_start_at_the_same_instant_and_only_one_has_the_lock() {
    for appears_after in [0, 3, 8] {
        let (tasks, most) = alone(async move {
            let migration = |_: &Run| Script::exits(0).after(5 * MINUTE);
            let stage = Stage::set(migration).await.with("LOCK_WAIT_ROLE_ARN", ROLE);
            stage.second_service("jobs").await;
            stage.world.tasks_appear_after(Duration::from_secs(appears_after));
            let web = stage.definition_of("web", NEW_IMAGE, &[LOCK]).await;
            let jobs = stage.definition_of("jobs", NEW_IMAGE, &[LOCK]).await;
            let ids =
                [stage.scene.deploy(&web).await.unwrap(), stage.deploy_to("jobs", &jobs).await];
            for id in &ids {
                assert_eq!(stage.ended(id).await, "Succeeded");
            }
            (stage.tasks().len(), at_once(&stage).await)
        });
        assert_eq!((tasks, most), (2, 1), "tasks appear after {appears_after} s");
    }
}
