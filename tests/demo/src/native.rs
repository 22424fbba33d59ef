//! ECS deploys the same app by itself: its own hook waits for the migration.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use jiff::Timestamp;
use local_aws::scene::Native;
use local_aws::{Image, Pace, World, serve};
use tokio::net::TcpListener;

use crate::play::{
    Database, PATIENCE, definition, expect_alert, install, is_routine, keep_address, said,
};
use crate::prepare::{self, Programs};
use crate::show::Show;

/// What these chapters need.
struct Set<'a> {
    show: &'a Show,
    world: World,
    scene: Native,
    database: Database,
}

/// In an account of its own, on the database as the chapters before have left it; the alert of the failure.
pub(crate) async fn play(
    show: &Show,
    programs: &Programs,
    scratch: &Path,
    database: Option<&str>,
    now: Timestamp,
) -> Result<String> {
    show.chapter("5  ECS deploys by itself: its hook asks until the migration has succeeded");
    let world = World::new(now, Pace::BRISK);
    for version in ["v1", "v2", "v3"] {
        let folder = prepare::image(programs, scratch, version)?;
        world.image(&format!("registry.local/shop:{version}"), Image::Folder(folder));
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let server = tokio::spawn(serve(world.clone(), listener));
    let scene = Native::lambda(&world, "registry.local/shop:v1").await.map_err(|it| said(&it))?;
    install(&world, programs, &scene.topic);
    scene.wire_events().await.map_err(|it| said(&it))?;
    let database = keep_address(&world, scratch, database).await?;
    let told = story(&Set { show, world, scene, database }).await;
    server.abort();
    told
}

async fn story(set: &Set<'_>) -> Result<String> {
    settled(set).await?;
    let arn = deploy(set, "v2").await?;
    expect(set, &arn, "SUCCESSFUL", "v2").await?;
    let alerts = set.world.published(&set.scene.topic);
    ensure!(alerts.is_empty(), "nobody should have been alerted, but: {alerts:?}");

    set.show
        .chapter("6  The failing migration, deployed by ECS: it rolls back, and somebody is told");
    let arn = deploy(set, "v3").await?;
    expect(set, &arn, "ROLLBACK_SUCCESSFUL", "v2").await?;
    expect_alert(set.show, &set.world, &set.scene.topic, &arn)
}

/// The service's own first deployment is no part of the story.
async fn settled(set: &Set<'_>) -> Result<()> {
    let service = set.scene.service().await.map_err(|it| said(&it))?;
    let first = service["currentServiceDeployment"].as_str().unwrap_or_default().to_owned();
    ended(set, &first, None).await
}

async fn deploy(set: &Set<'_>, version: &str) -> Result<String> {
    let definition = definition(version, &set.database);
    let definition = set.scene.register_with(definition).await.map_err(|it| said(&it))?;
    let before = set.world.timeline().len();
    let arn = set.scene.deploy(&definition).await.map_err(|it| said(&it))?;
    set.show.busy(&format!("UpdateService to shop:{version}"));
    ended(set, &arn, Some(before)).await?;
    set.show.quiet();
    Ok(arn)
}

/// Follows a service deployment to its end, and shows what happens after the first `shown` notes.
async fn ended(set: &Set<'_>, arn: &str, mut shown: Option<usize>) -> Result<()> {
    let began = set.world.clock().now();
    let id = arn.rsplit('/').next().unwrap_or_default();
    let follow = async {
        loop {
            let found = set.scene.service_deployment(arn).await.map_err(|it| said(&it))?;
            if let Some(shown) = &mut shown {
                show_new(set, id, shown, began);
            }
            let ends = ["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"];
            if ends.iter().any(|it| found["status"] == *it) {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    };
    let followed = tokio::time::timeout(PATIENCE, follow).await;
    followed.map_err(|_| anyhow!("service deployment {id} did not end within {PATIENCE:?}"))?
}

fn show_new(set: &Set<'_>, id: &str, shown: &mut usize, began: Timestamp) {
    for (at, what) in set.world.timeline().into_iter().skip(*shown) {
        *shown += 1;
        if !is_routine(&what) {
            let after = Duration::try_from(at.duration_since(began)).unwrap_or_default();
            set.show.happened(after, &what.replace(&format!("{id} "), ""));
        }
    }
}

async fn expect(set: &Set<'_>, arn: &str, status: &str, version: &str) -> Result<()> {
    let found = set.scene.service_deployment(arn).await.map_err(|it| said(&it))?;
    ensure!(found["status"] == status, "the deployment is {}, expected {status}", found["status"]);
    let live = set.scene.live();
    let wanted = serde_json::json!({"taskDefinition": live});
    let found = set.world.call(local_aws::Service::Ecs, "DescribeTaskDefinition", wanted).await;
    let found = found.map_err(|it| said(&it))?;
    let image = &found["taskDefinition"]["containerDefinitions"][0]["image"];
    let expected = format!("registry.local/shop:{version}");
    ensure!(*image == expected, "{image} has the traffic, expected {expected}");
    set.show.checked(&format!("{status}, the traffic is on shop:{version}"));
    Ok(())
}
