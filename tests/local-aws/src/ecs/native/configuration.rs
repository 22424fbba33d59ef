//! What a service may ask of its deployments: strategy and lifecycle hooks.

use serde_json::Value;

use crate::ecs::services::invalid;
use crate::wire::AwsError;

const STAGES: [&str; 8] = [
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
];

/// AWS: "Pause hooks cannot be configured at `TEST_TRAFFIC_SHIFT` or `PRODUCTION_TRAFFIC_SHIFT` because
/// these stages are also invoked during rollback."
const NO_PAUSE: [&str; 2] = ["TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"];

type Checked = Result<(), AwsError>;

/// Refuses a `deploymentConfiguration` that ECS would refuse.
pub(in crate::ecs) fn check(configuration: &Value, controller: &str) -> Checked {
    let strategy = match &configuration["strategy"] {
        Value::Null => "ROLLING",
        it => it.as_str().unwrap_or_default(),
    };
    if !["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"].contains(&strategy) {
        return Err(invalid(format!("The deployment strategy {strategy} is not supported.")));
    }
    // AWS: "only valid when you run CreateService or UpdateService with deploymentController set to
    // ECS".
    let hooks = configuration["lifecycleHooks"].as_array().map(Vec::as_slice).unwrap_or_default();
    if controller != "ECS" && (strategy != "ROLLING" || !hooks.is_empty()) {
        return Err(invalid(format!(
            "Deployment strategies and lifecycle hooks are not supported on services with a \
             {controller} deployment controller."
        )));
    }
    // AWS: "You must provide this parameter when you use the BLUE_GREEN deployment strategy."
    let bake = &configuration["bakeTimeInMinutes"];
    if strategy == "BLUE_GREEN" && bake.is_null() {
        return Err(invalid("bakeTimeInMinutes is required for the BLUE_GREEN strategy."));
    }
    minutes("bakeTimeInMinutes", bake, 0, 1440)?;
    check_steps(configuration, strategy)?;
    let pauses = hooks.iter().filter(|it| it["targetType"] == "PAUSE").count();
    // AWS: "You can configure a maximum of 10 pause hooks and 10 Lambda hooks per service."
    if pauses > 10 || hooks.len() - pauses > 10 {
        return Err(invalid("A service can have up to 10 Lambda hooks and 10 pause hooks."));
    }
    hooks.iter().try_for_each(check_hook)
}

/// AWS: "Only valid when the deployment strategy is LINEAR."; "Valid values are multiples of 0.1 from
/// 3.0 to 100.0."; and the same of CANARY, from 0.1.
fn check_steps(configuration: &Value, strategy: &str) -> Checked {
    for (member, own, percent, least, bake) in [
        ("linearConfiguration", "LINEAR", "stepPercent", 3.0, "stepBakeTimeInMinutes"),
        ("canaryConfiguration", "CANARY", "canaryPercent", 0.1, "canaryBakeTimeInMinutes"),
    ] {
        let steps = &configuration[member];
        if steps.is_null() {
            continue;
        }
        if strategy != own {
            return Err(invalid(format!("{member} is only valid with the {own} strategy.")));
        }
        if let Some(value) = steps[percent].as_f64() {
            let tenths = value * 10.0;
            let multiple = (tenths - tenths.round()).abs() < 1e-6;
            if !multiple || !(least..=100.0).contains(&value) {
                return Err(invalid(format!(
                    "{percent} must be a multiple of 0.1 from {least} to 100.0."
                )));
            }
        }
        minutes(bake, &steps[bake], 0, 1440)?;
    }
    Ok(())
}

fn check_hook(hook: &Value) -> Checked {
    let pauses = match hook["targetType"].as_str() {
        // AWS: "If not specified, the default value is AWS_LAMBDA."
        None | Some("AWS_LAMBDA") => false,
        Some("PAUSE") => true,
        Some(other) => return Err(invalid(format!("Unknown lifecycle hook target type {other}."))),
    };
    let targeted = !hook["hookTargetArn"].is_null();
    // AWS: "You must provide this parameter when configuring an AWS_LAMBDA lifecycle hook."
    if !pauses && !targeted {
        return Err(invalid("hookTargetArn is required for AWS_LAMBDA lifecycle hooks."));
    }
    // AWS: "Pause hooks do not use hookTargetArn or roleArn. These fields are only for Lambda hooks."
    if pauses && (targeted || !hook["roleArn"].is_null()) {
        return Err(invalid("Pause hooks cannot have a hookTargetArn or a roleArn."));
    }
    let stages = hook["lifecycleStages"].as_array().map(Vec::as_slice).unwrap_or_default();
    if stages.is_empty() {
        return Err(invalid("A lifecycle hook needs at least one lifecycle stage."));
    }
    for stage in stages {
        if !STAGES.iter().any(|it| stage == it) {
            return Err(invalid(format!("Unknown lifecycle stage {stage}.")));
        }
        if pauses && NO_PAUSE.iter().any(|it| stage == it) {
            return Err(invalid(format!("Pause hooks cannot be configured at {stage}.")));
        }
    }
    let timeout = &hook["timeoutConfiguration"];
    // AWS: 1 to 1,440 minutes for Lambda hooks, 1 to 20,160 for pause hooks.
    minutes(
        "timeoutInMinutes",
        &timeout["timeoutInMinutes"],
        1,
        if pauses { 20160 } else { 1440 },
    )?;
    match timeout["action"].as_str() {
        None | Some("ROLLBACK" | "CONTINUE") => Ok(()),
        Some(other) => Err(invalid(format!("Unknown timeout action {other}."))),
    }
}

fn minutes(name: &str, value: &Value, least: u64, most: u64) -> Checked {
    if value.is_null() || value.as_u64().is_some_and(|it| (least..=most).contains(&it)) {
        return Ok(());
    }
    Err(invalid(format!("{name} must be between {least} and {most}.")))
}
