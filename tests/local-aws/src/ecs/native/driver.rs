//! What happens to a service deployment by itself, from its start to its end.

use serde_json::{Map, Value, json};

use super::{Deployment, Halt, Key, ending, event, hooks, revision, rollback, scaling};
use crate::ecs::{State as Ecs, services};
use crate::world::World;

/// A deployment under way.
pub(super) struct Run {
    pub(super) world: World,
    pub(super) arn: String,
    pub(super) key: Key,
    pub(super) target: String,
    /// The revision that had the production traffic when it began.
    pub(super) source: Option<String>,
    pub(super) configuration: Value,
    /// More than one revision was active when it began.
    reconciles: bool,
}

/// A stage with what its hooks are told.
pub(super) struct Stage {
    pub(super) name: &'static str,
    pub(super) test: Value,
    pub(super) production: Value,
}

impl Stage {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, test: json!({}), production: json!({}) }
    }
}

impl Run {
    pub(super) fn of(world: &World, arn: &str) -> Option<Self> {
        let mut state = world.state();
        let deployment = state.ecs.native.deployment(arn)?;
        let sources = &deployment.sources;
        let source = sources.iter().max_by(|a, b| a.production.total_cmp(&b.production));
        Some(Self {
            world: world.clone(),
            arn: arn.to_owned(),
            key: deployment.key.clone(),
            target: deployment.target.clone(),
            source: source.filter(|it| it.production > 0.0).map(|it| it.revision.clone()),
            configuration: deployment.shown["deploymentConfiguration"].clone(),
            reconciles: sources.len() > 1,
        })
    }

    /// Looks at or changes ECS; `f` is given the time too.
    pub(super) fn with<T>(&self, f: impl FnOnce(&mut Ecs, f64) -> T) -> T {
        let now = self.world.clock().epoch_seconds();
        f(&mut self.world.state().ecs, now)
    }

    /// Looks at the deployment.
    pub(super) fn look<T>(&self, f: impl FnOnce(&Deployment) -> T) -> T {
        self.with(|ecs, _| {
            f(ecs.native.deployment(&self.arn).expect("deployments are never forgotten"))
        })
    }

    /// Changes the deployment.
    pub(super) fn change<T>(&self, f: impl FnOnce(&mut Deployment, f64) -> T) -> T {
        self.with(|ecs, now| {
            let it = ecs.native.deployment(&self.arn).expect("deployments are never forgotten");
            it.shown["updatedAt"] = json!(now);
            f(it, now)
        })
    }

    pub(super) fn note(&self, what: &str) {
        let id = self.arn.rsplit('/').next().unwrap_or_default();
        self.world.note(format!("ecs: {id} {what}"));
    }

    /// Tells `EventBridge` of the entry of the service's `deployments` that runs a revision.
    pub(super) fn tell(&self, id: &str, event: &str, reason: &str) {
        let shown = self.look(|it| it.shown.clone());
        event::deployment(&self.world, &shown, id, event, reason);
    }

    /// The id, in the service's `deployments`, of an active revision.
    pub(super) fn id_of(&self, revision: &str) -> String {
        self.with(|ecs, _| {
            let active = ecs.native.active_mut(&self.key, revision);
            active.map(|it| it.id.clone()).unwrap_or_default()
        })
    }

    pub(super) fn is_rolling(&self) -> bool {
        matches!(self.configuration["strategy"].as_str(), None | Some("ROLLING"))
    }

    /// Who gets how much if the target gets `percent`.
    pub(super) fn weights(&self, percent: f64) -> Value {
        let mut weights = Map::new();
        weights.insert(self.target.clone(), number(percent));
        if let Some(source) = &self.source {
            weights.insert(source.clone(), number(100.0 - percent));
        }
        Value::Object(weights)
    }

    pub(super) async fn step(&self) {
        self.world.clock().sleep(self.world.pace().deployment_step).await;
    }

    async fn minutes(&self, minutes: &Value, default: u64) {
        let minutes = u32::try_from(minutes.as_u64().unwrap_or(default)).unwrap_or(u32::MAX);
        self.world.clock().sleep(self.world.pace().minute.saturating_mul(minutes)).await;
    }

    /// Says where the deployment is. `PRE_PRODUCTION_TRAFFIC_SHIFT` is a stage of hooks, but not one
    /// of the values that the API has for this: what it shows then is the stage before.
    pub(super) fn enter(&self, stage: &'static str) {
        if stage != "PRE_PRODUCTION_TRAFFIC_SHIFT" {
            self.change(|it, _| it.shown["lifecycleStage"] = json!(stage));
        }
    }

    async fn stage(&self, stage: Stage) -> Result<(), Halt> {
        self.enter(stage.name);
        hooks::call_all(self, &stage).await
    }

    /// Gives the target a share of the traffic.
    pub(super) fn shift(&self, kind: &str, percent: f64) {
        let runs = self.with(|ecs, now| {
            for active in ecs.native.active.get_mut(&self.key).into_iter().flatten() {
                let share = match Some(&active.revision) {
                    it if it == Some(&self.target) => percent,
                    it if it == self.source.as_ref() => 100.0 - percent,
                    _ => 0.0,
                };
                let traffic =
                    if kind == "test" { &mut active.test } else { &mut active.production };
                *traffic = share;
            }
            services::settle(ecs, &self.key, now);
            revision::runs(ecs, &self.target)
        });
        self.note(&format!("gives {runs} {percent} % of the {kind} traffic"));
    }
}

fn number(percent: f64) -> Value {
    if percent.fract() == 0.0 { json!(percent as i64) } else { json!(percent) }
}

/// Carries a service deployment out, in the background.
pub(in crate::ecs) fn drive(world: &World, arn: String) {
    let world = world.clone();
    tokio::spawn(async move {
        let Some(run) = Run::of(&world, &arn) else { return };
        let outcome = tokio::select! {
            biased;
            halt = halted(&run) => Err(halt),
            done = forward(&run) => done,
        };
        match outcome {
            Ok(()) => ending::succeed(&run),
            Err(halt) => rollback::halt(&run, halt).await,
        }
    });
}

/// Waits for somebody outside to decide that the deployment does not go on.
async fn halted(run: &Run) -> Halt {
    let mut changed = run.look(|it| it.changed.subscribe());
    loop {
        if let Some(halt) = run.look(|it| it.halt.clone()) {
            return halt;
        }
        // The deployment is never forgotten, so the sender lives.
        let _ = changed.changed().await;
    }
}

async fn forward(run: &Run) -> Result<(), Halt> {
    run.change(|it, now| {
        it.shown["status"] = json!("IN_PROGRESS");
        it.shown["startedAt"] = json!(now);
    });
    ending::tell_of_start(run);
    // AWS: "The reconciliation stage that only happens when you start a new service deployment with
    // more than 1 service revision in an ACTIVE state."
    if run.reconciles {
        run.stage(Stage::new("RECONCILE_SERVICE")).await?;
        reconcile(run);
    }
    run.stage(Stage::new("PRE_SCALE_UP")).await?;
    run.enter("SCALE_UP");
    scaling::up(run).await?;
    run.stage(Stage::new("POST_SCALE_UP")).await?;
    if run.is_rolling() {
        return Ok(());
    }
    shift_test_traffic(run).await?;
    shift_production_traffic(run).await?;
    run.stage(Stage::new("POST_PRODUCTION_TRAFFIC_SHIFT")).await?;
    run.enter("BAKE_TIME");
    run.minutes(&run.configuration["bakeTimeInMinutes"], 0).await;
    run.enter("CLEAN_UP");
    run.step().await;
    Ok(())
}

/// Removes what neither has the traffic nor is to get it.
fn reconcile(run: &Run) {
    run.with(|ecs, now| {
        let Some(active) = ecs.native.active.get_mut(&run.key) else { return };
        active.retain(|it| it.revision == run.target || Some(&it.revision) == run.source.as_ref());
        let ids: Vec<String> = active.iter().map(|it| it.id.clone()).collect();
        let service = ecs.services.get_mut(&run.key);
        let entries = service.and_then(|it| it["deployments"].as_array_mut());
        if let Some(entries) = entries {
            entries.retain(|it| ids.iter().any(|id| it["id"] == *id));
        }
        services::settle(ecs, &run.key, now);
    });
}

async fn shift_test_traffic(run: &Run) -> Result<(), Halt> {
    let name = "TEST_TRAFFIC_SHIFT";
    run.enter(name);
    run.step().await;
    run.shift("test", 100.0);
    run.stage(Stage { test: run.weights(100.0), ..Stage::new(name) }).await?;
    run.stage(Stage::new("POST_TEST_TRAFFIC_SHIFT")).await
}

/// AWS: "For linear and canary deployments, Lambda hooks configured at `PRODUCTION_TRAFFIC_SHIFT` or
/// `PRE_PRODUCTION_TRAFFIC_SHIFT` are invoked at each traffic shift step."
async fn shift_production_traffic(run: &Run) -> Result<(), Halt> {
    let (before, name) = ("PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT");
    let mut had = 0.0;
    for percent in steps(&run.configuration) {
        run.stage(Stage { production: run.weights(had), ..Stage::new(before) }).await?;
        run.enter(name);
        run.step().await;
        run.shift("production", percent);
        run.stage(Stage { production: run.weights(percent), ..Stage::new(name) }).await?;
        if percent < 100.0 {
            let (linear, canary) = (
                &run.configuration["linearConfiguration"],
                &run.configuration["canaryConfiguration"],
            );
            match run.configuration["strategy"] == "LINEAR" {
                true => run.minutes(&linear["stepBakeTimeInMinutes"], 6).await,
                false => run.minutes(&canary["canaryBakeTimeInMinutes"], 10).await,
            }
        }
        had = percent;
    }
    Ok(())
}

/// The shares of the production traffic, one step after the other.
fn steps(configuration: &Value) -> Vec<f64> {
    match configuration["strategy"].as_str() {
        Some("LINEAR") => {
            let linear = &configuration["linearConfiguration"];
            let percent = linear["stepPercent"].as_f64().unwrap_or(10.0);
            let count = (100.0 / percent).ceil() as u32;
            // In tenths, which is what AWS counts in.
            let step = |n: u32| (f64::from(n) * percent * 10.0).round() / 10.0;
            (1..=count).map(|n| step(n).min(100.0)).collect()
        }
        Some("CANARY") => {
            let canary = &configuration["canaryConfiguration"];
            let percent = canary["canaryPercent"].as_f64().unwrap_or(5.0);
            if percent < 100.0 { vec![percent, 100.0] } else { vec![100.0] }
        }
        _ => vec![100.0],
    }
}
