//! What an AppSpec says about an ECS service: YAML or JSON, keys in any case.

use anyhow::{Context as _, Result, bail};
use one_off_task::{Network, Provider};
use yaml_serde::{Mapping, Value};

/// The part of an AppSpec that a one-off task needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSpec {
    /// The task definition that is being deployed, with its revision.
    pub task_definition: String,
    /// The container that gets the traffic.
    pub container: Option<String>,
    /// Where the new tasks run, if the AppSpec says so.
    pub network: Option<Network>,
    /// The Fargate platform version, if the AppSpec says so.
    pub platform_version: Option<String>,
    /// The capacity providers, if the AppSpec names any.
    pub capacity: Vec<Provider>,
}

impl AppSpec {
    /// Reads an AppSpec's text.
    pub fn parse(text: &str) -> Result<Self> {
        let document = parse_document(text)?;
        let document = mapping(&document, "the AppSpec")?;
        let resources = field(document, "Resources")?
            .context("the AppSpec has no `Resources`; is it one for ECS?")?;
        let Value::Sequence(resources) = resources else {
            bail!("`Resources` must be a list, as in `Resources: [{{TargetService: …}}]`");
        };
        let mut services = Vec::new();
        for resource in resources {
            for (name, body) in mapping(resource, "each of `Resources`")? {
                let name = name.as_str().unwrap_or("?").to_owned();
                let body = mapping(body, &format!("resource `{name}`"))?;
                let kind = text_field(body, "Type")?;
                match kind.as_deref() {
                    Some(kind) if kind.eq_ignore_ascii_case("AWS::ECS::Service") => {
                        services.push((name, body));
                    }
                    Some(_) => {}
                    None => bail!("resource `{name}` has no `Type`; expected `AWS::ECS::Service`"),
                }
            }
        }
        let (name, service) = match services.as_slice() {
            [] => bail!("no resource of the AppSpec is an `AWS::ECS::Service`"),
            [service] => service,
            [(first, _), (second, _), ..] => {
                bail!("the AppSpec names two ECS services, `{first}` and `{second}`; expected one")
            }
        };
        let properties = field(service, "Properties")?
            .with_context(|| format!("resource `{name}` has no `Properties`"))?;
        read_service(mapping(properties, &format!("`Properties` of `{name}`"))?)
    }
}

fn read_service(properties: &Mapping) -> Result<AppSpec> {
    let task_definition = text_field(properties, "TaskDefinition")?
        .context("the AppSpec's `Properties` have no `TaskDefinition`")?;
    require_revision(&task_definition)?;
    let container = match field(properties, "LoadBalancerInfo")? {
        Some(info) => text_field(mapping(info, "`LoadBalancerInfo`")?, "ContainerName")?,
        None => None,
    };
    let network = match field(properties, "NetworkConfiguration")? {
        Some(network) => Some(read_network(mapping(network, "`NetworkConfiguration`")?)?),
        None => None,
    };
    let capacity = match field(properties, "CapacityProviderStrategy")? {
        None => Vec::new(),
        Some(Value::Sequence(items)) => {
            items.iter().map(read_capacity).collect::<Result<Vec<_>>>()?
        }
        Some(_) => bail!("`CapacityProviderStrategy` must be a list"),
    };
    Ok(AppSpec {
        task_definition,
        container,
        network,
        platform_version: text_field(properties, "PlatformVersion")?,
        capacity,
    })
}

/// A family without a revision means "the latest", which is whatever was registered last, not what
/// is being deployed.
fn require_revision(task_definition: &str) -> Result<()> {
    let name = task_definition.rsplit('/').next().unwrap_or_default();
    let revision = name.split_once(':').map(|(_, revision)| revision);
    if revision.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit())) {
        return Ok(());
    }
    bail!(
        "`TaskDefinition` is `{task_definition}`; expected one with a revision, as in \
         `arn:aws:ecs:eu-west-2:123456789012:task-definition/web:7`"
    )
}

fn read_network(network: &Mapping) -> Result<Network> {
    let vpc = field(network, "AwsvpcConfiguration")?
        .context("`NetworkConfiguration` has no `AwsvpcConfiguration`")?;
    let vpc = mapping(vpc, "`AwsvpcConfiguration`")?;
    let subnets = list_field(vpc, "Subnets")?;
    if subnets.is_empty() {
        bail!("`AwsvpcConfiguration` has no `Subnets`");
    }
    let public_ip = match text_field(vpc, "AssignPublicIp")?.as_deref() {
        None | Some("") => false,
        Some(value) if value.eq_ignore_ascii_case("ENABLED") => true,
        Some(value) if value.eq_ignore_ascii_case("DISABLED") => false,
        Some(value) => bail!("`AssignPublicIp` is `{value}`; expected ENABLED or DISABLED"),
    };
    Ok(Network { subnets, security_groups: list_field(vpc, "SecurityGroups")?, public_ip })
}

fn read_capacity(item: &Value) -> Result<Provider> {
    let item = mapping(item, "each of `CapacityProviderStrategy`")?;
    // CodeDeploy's documentation writes `CapacityProvider`; ECS's own word is `capacityProvider`.
    let name = text_field(item, "CapacityProvider")?
        .context("an item of `CapacityProviderStrategy` has no `CapacityProvider`")?;
    let number = |field: &str| -> Result<i32> {
        let Some(text) = text_field(item, field)? else { return Ok(0) };
        text.parse().with_context(|| format!("`{field}` of `{name}` is `{text}`, not a number"))
    };
    Ok(Provider { weight: number("Weight")?, base: number("Base")?, name })
}

/// YAML, of which JSON is nearly a subset: JSON may be indented with tabs and may escape
/// characters in pairs, so it gets its own reader when YAML gives up.
fn parse_document(text: &str) -> Result<Value> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        bail!("the AppSpec is empty");
    }
    match yaml_serde::from_str::<Value>(text) {
        Ok(document) => Ok(document),
        Err(error) if error.to_string().contains("duplicate") => {
            Err(error).context("the AppSpec says something twice")
        }
        Err(error) => serde_json::from_str::<Value>(text)
            .map_err(|_| error)
            .context("the AppSpec is neither YAML nor JSON"),
    }
}

fn mapping<'a>(value: &'a Value, what: &str) -> Result<&'a Mapping> {
    value.as_mapping().with_context(|| format!("{what} must be a mapping of names to values"))
}

/// A member by its name, in any case: people write `resources` as well as `Resources`.
fn field<'a>(mapping: &'a Mapping, name: &str) -> Result<Option<&'a Value>> {
    let mut found = mapping
        .iter()
        .filter(|(key, _)| key.as_str().is_some_and(|key| key.eq_ignore_ascii_case(name)));
    let first = found.next();
    if found.next().is_some() {
        bail!("the AppSpec has `{name}` twice, in different case");
    }
    Ok(first.map(|(_, value)| value).filter(|value| !value.is_null()))
}

fn text_field(mapping: &Mapping, name: &str) -> Result<Option<String>> {
    match field(mapping, name)? {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => bail!("`{name}` must be text"),
    }
}

fn list_field(mapping: &Mapping, name: &str) -> Result<Vec<String>> {
    match field(mapping, name)? {
        None => Ok(Vec::new()),
        Some(Value::Sequence(items)) => items
            .iter()
            .map(|item| {
                item.as_str()
                    .map(|text| text.trim().to_owned())
                    .with_context(|| format!("`{name}` must be a list of text"))
            })
            .collect(),
        Some(_) => bail!("`{name}` must be a list"),
    }
}

#[cfg(test)]
#[path = "appspec_tests.rs"]
mod tests;
