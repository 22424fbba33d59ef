//! The story: a first deployment, a good migration, a bad one, a job; then ECS deploys by itself, and the
//! alert of its failure arrives; and the review app of a closed pull request goes.

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
use crate::{alerts, job, native, review};

/// No chapter of this story takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// What a chapter needs.
pub(crate) struct Set<'a> {
    pub(crate) show: &'a Show,
    pub(crate) world: World,
    pub(crate) scene: BlueGreen,
    /// The secret that holds the database's address.
    database: Database,
}

/// Where the app's data is.
pub(crate) struct Database {
    /// The ARN of the secret with its address.
    pub(crate) secret: String,
    /// The environment variable that the app reads it from.
    pub(crate) variable: &'static str,
    /// `SQLite` or `PostgreSQL`.
    pub(crate) kind: &'static str,
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
    told?;
    let alert = native::play(show, programs, scratch, database, now).await?;
    alerts::play(show, programs, &alert, now).await?;
    review::play(show, programs, now).await
}

/// The functions as they are deployed: binaries of their own.
pub(crate) fn install(world: &World, programs: &Programs, topic: &str) {
    let settings: BTreeMap<_, _> = [("ALERTS_TOPIC_ARN".to_owned(), topic.to_owned())].into();
    let functions = [
        (HOOK_FUNCTION, &programs.run_migrations),
        (CONCLUDE_FUNCTION, &programs.conclude_task),
        (job::FUNCTION, &programs.run_background_task),
    ];
    for (name, program) in functions {
        world.function_binary(name, program.clone(), settings.clone());
    }
    world.function_timeout(CONCLUDE_FUNCTION, Duration::from_secs(400));
}

/// Puts the database's address into a secret of the account.
pub(crate) async fn keep_address(
    world: &World,
    scratch: &Path,
    database: Option<&str>,
) -> Result<Database> {
    let (kind, variable, address) = match database {
        Some(url) => ("PostgreSQL", "DATABASE_URL", url.to_owned()),
        None => ("SQLite", "DATABASE_PATH", scratch.join("shop.sqlite3").display().to_string()),
    };
    let secret = json!({
        "Name": "shop/database", "SecretString": address, "ClientRequestToken": "0".repeat(32),
    });
    let secret = world.call(Service::SecretsManager, "CreateSecret", secret).await;
    let secret = secret.map_err(|it| said(&it))?["ARN"].as_str().unwrap_or_default().to_owned();
    Ok(Database { secret, variable, kind })
}

/// The task definition of a version of the shop.
pub(crate) fn definition(version: &str, database: &Database) -> Value {
    let mut definition = BlueGreen::definition(&format!("registry.local/shop:{version}"));
    let app = &mut definition["containerDefinitions"][0];
    app["command"] = json!(["sample-app", "serve"]);
    app["dockerLabels"] = json!({"quayside.migrate.command": "sample-app migrate"});
    app["secrets"] = json!([{"name": database.variable, "valueFrom": database.secret}]);
    definition
}

async fn set<'a>(
    show: &'a Show,
    world: &World,
    programs: &Programs,
    scratch: &Path,
    database: Option<&str>,
) -> Result<Set<'a>> {
    let scene = BlueGreen::set(world, "registry.local/shop:v1").await.map_err(|it| said(&it))?;
    install(world, programs, &scene.topic);
    scene.wire_events().await.map_err(|it| said(&it))?;
    let database = keep_address(world, scratch, database).await?;
    let kind = database.kind;
    show.checked(&format!("an account with ECS service `web`, CodeDeploy in front, {kind} behind"));
    show.checked(&format!(
        "the real binaries are installed as {HOOK_FUNCTION}, {CONCLUDE_FUNCTION} and {}",
        job::FUNCTION
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
    expect_alert(set.show, &set.world, &set.scene.topic, &deployment)?;

    set.show.chapter("4  A job runs on the image that is live, not on the latest one");
    job::play(set).await
}

/// Deploys a version and follows the deployment to its end; its id.
async fn deploy(set: &Set<'_>, version: &str) -> Result<String> {
    let before = set.world.timeline().len();
    let began = set.world.clock().now();
    let image = format!("registry.local/shop:{version}");
    let definition = definition(version, &set.database);
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
pub(crate) fn is_routine(what: &str) -> bool {
    what.starts_with("events: ") || what.ends_with("handled an event")
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

/// One alert, about this deployment, with the database's own words; the message as it was published.
pub(crate) fn expect_alert(show: &Show, world: &World, topic: &str, id: &str) -> Result<String> {
    let alerts = world.published(topic);
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
    show.quote(document["title"].as_str().unwrap_or_default(), &quoted);
    show.checked("one alert on the topic, with the failing SQL line");
    Ok(text.to_owned())
}

pub(crate) fn said(error: &AwsError) -> anyhow::Error {
    anyhow!("{}: {}", error.code, error.message)
}
