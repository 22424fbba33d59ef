//! Amazon EC2: instances, security groups, network interfaces.
//!
//! Members have the names that they have on the wire: in a request `InstanceId`, not `InstanceIds`,
//! in an answer `instancesSet`.

mod addresses;
mod filter;
mod groups;
mod instances;
mod interfaces;
mod permissions;
mod tags;
mod terminate;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{AwsError, Call, Reply, is_true, page, whole};
use crate::world::{ACCOUNT, REGION, State as Account, World, hex_id, unknown};

/// The network of everything that is in one.
pub(crate) const VPC: &str = "vpc-0a1b2c3d4e5f60718";

/// What the service remembers.
pub(crate) struct State {
    /// How many were ever made: where their ids come from.
    made: u64,
    instances: BTreeMap<String, instances::Instance>,
    groups: BTreeMap<String, groups::Group>,
    /// Those of tasks, caches and load balancers: who they are for. An instance has its own.
    interfaces: BTreeMap<String, interfaces::Interface>,
    addresses: BTreeMap<String, String>,
    /// Of everything that has tags, by its id.
    tags: BTreeMap<String, BTreeMap<String, String>>,
    /// What a client token was answered with.
    launched: BTreeMap<String, Value>,
}

impl Default for State {
    fn default() -> Self {
        let mut state = Self {
            made: 0,
            instances: BTreeMap::new(),
            groups: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            addresses: BTreeMap::new(),
            tags: BTreeMap::new(),
            launched: BTreeMap::new(),
        };
        groups::insert(&mut state, "default", "default VPC security group");
        state
    }
}

/// When a request came, and how long the account takes.
#[derive(Clone, Copy)]
struct Moment {
    now: Timestamp,
    start: Duration,
    stop: Duration,
    hour: Duration,
}

type Answer = Result<Value, AwsError>;

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    let pace = world.pace();
    let at = Moment {
        now: world.clock().now(),
        start: pace.task_start,
        stop: pace.task_stop,
        hour: pace.minute * 60,
    };
    let mut account = world.state();
    let state = &mut account.ec2;
    let act = operation(&call.operation).ok_or_else(|| unknown(call))?;
    // AWS: "If you have the required permissions, the error response is DryRunOperation."
    if is_true(&input["DryRun"]) {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(AwsError::new(412, "DryRunOperation", message));
    }
    instances::forget(state, at);
    act(state, input, at).map(Reply::Json)
}

type Operation = fn(&mut State, &Value, Moment) -> Answer;

fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        "RunInstances" => instances::run,
        "DescribeInstances" => instances::describe,
        "TerminateInstances" => terminate::terminate,
        "ModifyInstanceAttribute" => instances::modify_attribute,
        "DescribeInstanceAttribute" => instances::attribute,
        "CreateTags" => tags::create,
        "DeleteTags" => tags::delete,
        "DescribeTags" => tags::describe,
        "CreateSecurityGroup" => groups::create,
        "DescribeSecurityGroups" => groups::describe,
        "DeleteSecurityGroup" => groups::delete,
        "AuthorizeSecurityGroupIngress" => permissions::authorize_ingress,
        "AuthorizeSecurityGroupEgress" => permissions::authorize_egress,
        "RevokeSecurityGroupIngress" => permissions::revoke_ingress,
        "RevokeSecurityGroupEgress" => permissions::revoke_egress,
        "DescribeNetworkInterfaces" => interfaces::describe,
        "AllocateAddress" => addresses::allocate,
        "DescribeAddresses" => addresses::describe,
        "ReleaseAddress" => addresses::release,
        _ => return None,
    })
}

/// The ARN and the tags of everything that has tags; a terminated instance has them for as long as
/// it is listed.
pub(crate) fn tagged(state: &Account, now: Timestamp) -> Vec<(String, BTreeMap<String, String>)> {
    let ec2 = &state.ec2;
    let exists = |id: &str| ec2.instances.get(id).is_none_or(|it| !it.is_forgotten(now));
    let tags = ec2.tags.iter().filter(|(id, _)| exists(id));
    tags.map(|(id, tags)| (arn(id), tags.clone())).collect()
}

impl State {
    fn new_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}-0{}", hex_id(self.made))
    }
}

/// The kind of resource that an id is one of.
fn kind(id: &str) -> &'static str {
    match id.split('-').next() {
        Some("i") => "instance",
        Some("sg") => "security-group",
        Some("eni") => "network-interface",
        _ => "elastic-ip",
    }
}

fn arn(id: &str) -> String {
    format!("arn:aws:ec2:{REGION}:{ACCOUNT}:{}/{id}", kind(id))
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterValue", message)
}

fn missing_parameter(name: &str) -> AwsError {
    let message = format!("The request must contain the parameter {name}");
    AwsError::bad("MissingParameter", message)
}

/// Whether an id is written as AWS writes them: the prefix, and 8 or 17 hexadecimal digits.
fn is_id(id: &str, prefix: &str) -> bool {
    let digits = id.strip_prefix(prefix).and_then(|it| it.strip_prefix('-')).unwrap_or_default();
    matches!(digits.len(), 8 | 17) && digits.chars().all(|c| c.is_ascii_hexdigit())
}

/// One page. AWS: "You cannot specify this parameter and the instance IDs parameter in the same
/// call."
fn paged<T: Clone>(
    items: &[T],
    input: &Value,
    ids: &str,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let most = match &input["MaxResults"] {
        Value::Null => 1000,
        _ if !input[ids].is_null() => {
            let message =
                format!("The parameter {ids} cannot be used with the parameter MaxResults");
            return Err(AwsError::bad("InvalidParameterCombination", message));
        }
        given => whole(given)
            .filter(|it| (5..=1000).contains(it))
            .ok_or_else(|| invalid(format!("maxResults {given} must be between 5 and 1000")))?,
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    page(items, &input["NextToken"], most, "InvalidParameterValue")
}

/// The same, for what is one list.
fn paged_list(list: &str, items: &[Value], input: &Value, ids: &str) -> Answer {
    let (items, next) = paged(items, input, ids)?;
    let mut answer = json!({list: items});
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}
