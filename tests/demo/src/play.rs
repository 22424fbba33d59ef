//! The story: a first deployment, a good migration, a bad one.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use jiff::Timestamp;
use local_aws::scene::{BlueGreen, CONCLUDE_FUNCTION, HOOK_FUNCTION};
use local_aws::{ACCOUNT, AwsError, Image, Pace, REGION, Service, World, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::prepare::{self, Programs};
use crate::show::Show;

/// No chapter of this story takes longer.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a chapter needs.
struct Set<'a> {
    show: &'a Show,
    world: World,
    scene: BlueGreen,
    /// The ARN of the secret that holds the database's address.
    database: String,
}

/// Builds, plays, checks; leaves nothing behind.
pub(crate) async fn play(
    show: &Show,
    cargo: &str,
    database: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    show.chapter("Setting the scene");
    let watched = show.is_watched();
    if watched {
        // Cargo's own progress is better than any of ours.
        show.step("building the functions and the sample app");
    } else {
        show.busy("building the functions and the sample app");
    }
    let programs = prepare::build(cargo, watched).await?;
    show.quiet();
    let scratch = prepare::scratch(now)?;
    let played = in_account(show, &programs, &scratch, database, now).await;
    // The story's folder is gone either way; the error that matters is the story's.
    let _ = std::fs::remove_dir_all(&scratch);
    played
}

async fn in_account(
    show: &Show,
    programs: &Programs,
    scratch: &Path,
    database: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let world = World::new(now, Pace::BRISK);
    for version in ["v1", "v2", "v3"] {
        let folder = prepare::image(programs, scratch, version)?;
        world.image(&format!("registry.local/shop:{version}"), Image::Folder(folder));
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let server = tokio::spawn(serve(world.clone(), listener));
    let set = set(show, &world, programs, scratch, database).await?;
    let told = story(&set).await;
    server.abort();
    told
}

async fn set<'a>(
    show: &'a Show,
    world: &World,
    programs: &Programs,
    scratch: &Path,
    database: Option<&str>,
) -> Result<Set<'a>> {
    let scene = BlueGreen::set(world, "registry.local/shop:v1").await.map_err(|it| said(&it))?;
    let settings: BTreeMap<_, _> = [("ALERTS_TOPIC_ARN".to_owned(), scene.topic.clone())].into();
    world.function_binary(HOOK_FUNCTION, programs.run_migrations.clone(), settings.clone());
    world.function_binary(CONCLUDE_FUNCTION, programs.conclude_task.clone(), settings);
    world.function_timeout(CONCLUDE_FUNCTION, Duration::from_secs(400));
    scene.wire_events().await.map_err(|it| said(&it))?;
    let (kind, address) = match database {
        Some(url) => ("PostgreSQL", url.to_owned()),
        None => ("SQLite", scratch.join("shop.sqlite3").display().to_string()),
    };
    let secret = json!({"Name": "shop/database", "SecretString": address, "ClientRequestToken": "0".repeat(32)});
    let secret = world
        .call(Service::SecretsManager, "CreateSecret", secret)
        .await
        .map_err(|it| said(&it))?;
    let database = secret["ARN"].as_str().unwrap_or_default().to_owned();
    show.checked(&format!("an account with ECS service `web`, CodeDeploy in front, {kind} behind"));
    show.checked(&format!(
        "the real binaries are installed as {HOOK_FUNCTION} and {CONCLUDE_FUNCTION}"
    ));
    Ok(Set { show, world: world.clone(), scene, database })
}

async fn story(set: &Set<'_>) -> Result<()> {
    set.show.chapter("1  The first deployment creates the tables");
    let deployment = deploy(set, "v1").await?;
    expect_live(set, &deployment, "Succeeded", "v1").await?;

    set.show.chapter("2  A migration that succeeds: the traffic moves");
    let deployment = deploy(set, "v2").await?;
    expect_live(set, &deployment, "Succeeded", "v2").await?;
    expect_no_alert(set)?;

    set.show.chapter("3  A migration that fails: the traffic stays, and somebody is told why");
    let deployment = deploy(set, "v3").await?;
    expect_live(set, &deployment, "Failed", "v2").await?;
    let status = set.scene.deployment(&deployment).await.map_err(|it| said(&it))?;
    let code = &status["errorInformation"]["code"];
    ensure!(code == "HOOK_EXECUTION_FAILURE", "CodeDeploy's error code is {code}");
    expect_alert(set, &deployment)
}

/// Deploys a version and follows the deployment to its end; its id.
async fn deploy(set: &Set<'_>, version: &str) -> Result<String> {
    let before = set.world.timeline().len();
    let began = set.world.clock().now();
    let image = format!("registry.local/shop:{version}");
    let mut definition = BlueGreen::definition(&image);
    let app = &mut definition["containerDefinitions"][0];
    app["command"] = json!(["sample-app", "serve"]);
    app["dockerLabels"] = json!({"quayside.migrate.command": "sample-app migrate"});
    let variable = if is_postgres(set).await? { "DATABASE_URL" } else { "DATABASE_PATH" };
    app["secrets"] = json!([{"name": variable, "valueFrom": set.database}]);
    let definition = set.scene.register_with(definition).await.map_err(|it| said(&it))?;
    let id = set.scene.deploy(&definition).await.map_err(|it| said(&it))?;
    set.show.busy(&format!("deployment {id} of image {image}"));
    let mut shown = before;
    let ended = tokio::time::timeout(PATIENCE, async {
        loop {
            let status = status(set, &id).await?;
            show_new(set, &id, &mut shown, began);
            if matches!(status.as_str(), "Succeeded" | "Failed" | "Stopped") {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    })
    .await;
    // What follows a deployment's end belongs to it: the original task set goes, a rollback ends.
    tokio::time::sleep(Duration::from_secs(1)).await;
    show_new(set, &id, &mut shown, began);
    set.show.quiet();
    ended.map_err(|_| anyhow!("deployment {id} did not end within {PATIENCE:?}"))??;
    Ok(id)
}

fn show_new(set: &Set<'_>, id: &str, shown: &mut usize, began: Timestamp) {
    for (at, what) in set.world.timeline().into_iter().skip(*shown) {
        *shown += 1;
        if is_routine(&what) {
            continue;
        }
        let after = Duration::try_from(at.duration_since(began)).unwrap_or_default();
        set.show.happened(after, &readable(&what, id));
    }
}

/// Without what a reader of this chapter knows: whose deployment it is, and in which account.
fn readable(what: &str, id: &str) -> String {
    let what = what
        .replace(&format!("{id} of web-live: "), "the deployment: ")
        .replace(&format!("{id} "), "")
        .replace(&format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/"), "");
    match what.split_once("ecs-svc/") {
        // A task set's id has 19 digits; the last four tell two of them apart.
        Some((before, digits)) => {
            let before = before.trim_end_matches("task set ");
            format!("{before}task set …{}", digits.get(15..).unwrap_or(digits))
        }
        None => what,
    }
}

/// Deliveries that came to nothing special: their effect is in the timeline anyway.
fn is_routine(what: &str) -> bool {
    what.starts_with("events: ") || what.ends_with("handled an event")
}

async fn is_postgres(set: &Set<'_>) -> Result<bool> {
    let wanted = json!({"SecretId": set.database});
    let secret = set.world.call(Service::SecretsManager, "GetSecretValue", wanted).await;
    let secret = secret.map_err(|it| said(&it))?;
    Ok(secret["SecretString"].as_str().is_some_and(|it| it.starts_with("postgres")))
}

async fn status(set: &Set<'_>, id: &str) -> Result<String> {
    let info = set.scene.deployment(id).await.map_err(|it| said(&it))?;
    Ok(info["status"].as_str().context("a deployment without a status")?.to_owned())
}

async fn expect_live(set: &Set<'_>, id: &str, status: &str, version: &str) -> Result<()> {
    let ended = self::status(set, id).await?;
    ensure!(ended == status, "deployment {id} ended as {ended}, expected {status}");
    let live = set.scene.live().await.map_err(|it| said(&it))?;
    let wanted = json!({"taskDefinition": live});
    let definition = set.world.call(Service::Ecs, "DescribeTaskDefinition", wanted).await;
    let definition = definition.map_err(|it| said(&it))?;
    let image = &definition["taskDefinition"]["containerDefinitions"][0]["image"];
    let expected = format!("registry.local/shop:{version}");
    ensure!(*image == expected, "{image} has the traffic, expected {expected}");
    set.show.checked(&format!("deployment {id} {status}, the traffic is on shop:{version}"));
    Ok(())
}

fn expect_no_alert(set: &Set<'_>) -> Result<()> {
    let alerts = set.world.published(&set.scene.topic);
    ensure!(alerts.is_empty(), "nobody should have been alerted, but: {alerts:?}");
    Ok(())
}

/// One alert, about this deployment, with the database's own words.
fn expect_alert(set: &Set<'_>, id: &str) -> Result<()> {
    let alerts = set.world.published(&set.scene.topic);
    let [alert] = alerts.as_slice() else { bail!("expected one alert, got {}", alerts.len()) };
    let text = alert["Message"].as_str().unwrap_or_default();
    let document: Value = serde_json::from_str(text).context("the alert is not JSON")?;
    ensure!(document["subject"]["deployment"] == id, "the alert is about another deployment");
    ensure!(document["exit_code"] == 1, "the alert's exit code is {}", document["exit_code"]);
    let lines: Vec<String> = document["log"]["lines"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect();
    ensure!(
        lines.iter().any(|line| line.contains("CREATE UNIQUE INDEX")),
        "the alert lacks the failing SQL line: {lines:?}"
    );
    let mut quoted = vec![document["reason"].as_str().unwrap_or_default().to_owned()];
    quoted.extend(lines);
    let links = document["links"].as_array().cloned().unwrap_or_default();
    quoted.extend(links.iter().filter_map(|it| Some(format!("→ {}", it["url"].as_str()?))));
    set.show.quote(document["title"].as_str().unwrap_or_default(), &quoted);
    set.show.checked("one alert on the topic, with the failing SQL line");
    Ok(())
}

fn said(error: &AwsError) -> anyhow::Error {
    anyhow!("{}: {}", error.code, error.message)
}
