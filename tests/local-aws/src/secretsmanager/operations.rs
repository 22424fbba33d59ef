//! Secrets Manager's operations.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CURRENT, Secret, Version, deletion, replicas};
use crate::wire::{AwsError, Call, Reply, page};
use crate::world::{ACCOUNT, REGION, World, unknown};

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    match call.operation.as_str() {
        "CreateSecret" => create(world, input),
        "GetSecretValue" => get_value(world, input),
        "PutSecretValue" => put_value(world, input),
        "UpdateSecret" => update(world, input),
        "DescribeSecret" => describe(world, input),
        "ListSecrets" => list(world, input),
        "DeleteSecret" => deletion::delete(world, input),
        "RestoreSecret" => deletion::restore(world, input),
        "ReplicateSecretToRegions" => replicas::add(world, input),
        "RemoveRegionsFromReplication" => replicas::remove(world, input),
        _ => Err(unknown(call)),
    }
    .map(Reply::Json)
}

pub(super) fn invalid_parameter(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterException", message)
}

pub(super) fn invalid_request(message: &str) -> AwsError {
    AwsError::bad("InvalidRequestException", message)
}

pub(super) fn epoch(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

/// The members everybody is told about a secret.
pub(super) fn named(secret: &Secret) -> Value {
    json!({"ARN": secret.arn, "Name": secret.name})
}

pub(super) fn secret_id(input: &Value) -> Result<&str, AwsError> {
    match input["SecretId"].as_str() {
        Some(id) if (1..=2048).contains(&id.len()) => Ok(id),
        Some(_) => Err(invalid_parameter("Invalid secret id. Must be 1 to 2048 characters.")),
        None => Err(invalid_parameter("You must provide a value for the SecretId parameter.")),
    }
}

/// The content a request brings: text, bytes, or nothing yet.
fn content(input: &Value) -> Result<Option<Value>, AwsError> {
    // Bytes travel as base64: four characters for three.
    let (member, text, most) = match (&input["SecretString"], &input["SecretBinary"]) {
        (Value::Null, Value::Null) => return Ok(None),
        (text, Value::Null) => ("SecretString", text, 65536),
        (Value::Null, bytes) => ("SecretBinary", bytes, 65536_usize.div_ceil(3) * 4),
        _ => {
            return Err(invalid_parameter(
                "You can't specify both a binary secret value and a string secret value in the \
                 same secret.",
            ));
        }
    };
    // The model's bounds for both.
    match text.as_str() {
        Some(text) if (1..=most).contains(&text.len()) => Ok(Some(json!({ member: text }))),
        _ => Err(invalid_parameter(format!("{member} must have 1 to 65536 bytes."))),
    }
}

/// AWS: "This value becomes the `VersionId` of the new version"; SDKs make one up.
fn version_id(input: &Value) -> Result<String, AwsError> {
    match input["ClientRequestToken"].as_str() {
        None => Ok(uuid::Uuid::new_v4().to_string()),
        Some(token) if (32..=64).contains(&token.len()) => Ok(token.to_owned()),
        Some(_) => Err(invalid_parameter("ClientRequestToken must be 32-64 characters long.")),
    }
}

fn create(world: &World, input: &Value) -> Result<Value, AwsError> {
    let name = input["Name"].as_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    if name.is_empty() || name.len() > 512 || !name.chars().all(fits) {
        return Err(invalid_parameter(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of \
             the following: -/_+=.@!",
        ));
    }
    let (content, id) = (content(input)?, version_id(input)?);
    let now = world.clock().now();
    let mut state = world.state();
    let state = &mut state.secretsmanager;
    state.forget_deleted(now);
    if let Some(existing) = state.secrets.get(name) {
        if existing.deletion.is_some() {
            return Err(invalid_request(
                "You can't create this secret because a secret with this name is already \
                 scheduled for deletion.",
            ));
        }
        // AWS: "If a version with this value already exists and the version SecretString and
        // SecretBinary values are the same as those in the request, then the request is ignored."
        let same =
            existing.versions.iter().any(|it| it.id == id && Some(&it.content) == content.as_ref());
        if same {
            let mut answer = named(existing);
            answer["VersionId"] = json!(id);
            return Ok(answer);
        }
        return Err(AwsError::bad(
            "ResourceExistsException",
            format!("The operation failed because the secret {name} already exists."),
        ));
    }
    // "Secrets Manager … adds six random characters": an ARN never means a secret made later.
    let random = uuid::Uuid::new_v4().simple().to_string();
    let mut told = json!({});
    for member in ["Description", "KmsKeyId", "Tags"] {
        if !input[member].is_null() {
            told[member] = input[member].clone();
        }
    }
    let mut secret = Secret {
        arn: format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{}", &random[..6]),
        name: name.to_owned(),
        told,
        created: now,
        changed: now,
        accessed: None,
        deletion: None,
        forced: false,
        replicas: replicas::read(&input["AddReplicaRegions"])?,
        owner: None,
        versions: Vec::new(),
    };
    let mut answer = named(&secret);
    if !secret.replicas.is_empty() {
        answer["ReplicationStatus"] = replicas::shown(&secret);
    }
    if let Some(content) = content {
        answer["VersionId"] = json!(id);
        secret.add(Version { id, content, stages: vec![CURRENT.into()], created: now });
    }
    state.secrets.insert(name.to_owned(), secret);
    Ok(answer)
}

/// AWS: "When a secret is scheduled for deletion, you cannot retrieve the secret value."
pub(super) fn usable(secret: &mut Secret) -> Result<&mut Secret, AwsError> {
    match secret.deletion {
        None => Ok(secret),
        Some(_) => Err(invalid_request(
            "You can't perform this operation on the secret because it was marked for deletion.",
        )),
    }
}

fn get_value(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().now();
    let mut state = world.state();
    let secret = usable(state.secretsmanager.find(secret_id(input)?, now)?)?;
    let (id, stage) = (input["VersionId"].as_str(), input["VersionStage"].as_str());
    let version = secret.version(id, stage)?.clone();
    secret.accessed = Some(now);
    let mut answer = named(secret);
    answer["VersionId"] = json!(version.id);
    answer["VersionStages"] = json!(version.stages);
    answer["CreatedDate"] = json!(epoch(version.created));
    for member in ["SecretString", "SecretBinary"] {
        if !version.content[member].is_null() {
            answer[member] = version.content[member].clone();
        }
    }
    Ok(answer)
}

fn put_value(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().now();
    let mut state = world.state();
    let secret = usable(state.secretsmanager.find(secret_id(input)?, now)?)?;
    let Some(content) = content(input)? else {
        return Err(invalid_request("You must provide either SecretString or SecretBinary."));
    };
    let id = version_id(input)?;
    let mut stages: Vec<String> = input["VersionStages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect();
    if stages.is_empty() {
        stages.push(CURRENT.to_owned());
    }
    // AWS: "If this operation creates the first version for the secret, then Secrets Manager
    // automatically attaches the staging label AWSCURRENT to it."
    if secret.versions.is_empty() && !stages.iter().any(|it| it == CURRENT) {
        stages.push(CURRENT.to_owned());
    }
    let mut answer = named(secret);
    answer["VersionId"] = json!(id);
    if let Some(existing) = secret.versions.iter().find(|it| it.id == id) {
        if existing.content != content {
            return Err(exists(&id));
        }
        answer["VersionStages"] = json!(existing.stages);
        return Ok(answer);
    }
    answer["VersionStages"] = json!(stages);
    secret.add(Version { id, content, stages, created: now });
    secret.changed = now;
    Ok(answer)
}

/// AWS: "you can't modify an existing version; you can only create new ones."
fn exists(id: &str) -> AwsError {
    AwsError::bad(
        "ResourceExistsException",
        format!(
            "You can't use ClientRequestToken {id} because that value is already in use for a \
             version of secret."
        ),
    )
}

fn update(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().now();
    let mut state = world.state();
    let secret = usable(state.secretsmanager.find(secret_id(input)?, now)?)?;
    let (content, id) = (content(input)?, version_id(input)?);
    if secret.versions.iter().any(|it| it.id == id) {
        return Err(exists(&id));
    }
    for member in ["Description", "KmsKeyId"] {
        if !input[member].is_null() {
            secret.told[member] = input[member].clone();
        }
    }
    let mut answer = named(secret);
    if let Some(content) = content {
        answer["VersionId"] = json!(id);
        secret.add(Version { id, content, stages: vec![CURRENT.into()], created: now });
    }
    secret.changed = now;
    Ok(answer)
}

/// What `DescribeSecret` and `ListSecrets` have in common; they call the version labels differently.
fn described(secret: &Secret, stages: &str) -> Value {
    let mut answer = named(secret);
    answer["CreatedDate"] = json!(epoch(secret.created));
    answer["LastChangedDate"] = json!(epoch(secret.changed));
    if let Some(at) = secret.accessed {
        // AWS: "The date that the secret was last accessed in the Region", without the time.
        let day = at.as_second().div_euclid(86_400) * 86_400;
        answer["LastAccessedDate"] = json!(day);
    }
    if let Some(at) = secret.deletion {
        answer["DeletedDate"] = json!(epoch(at));
    }
    for (member, value) in secret.told.as_object().into_iter().flatten() {
        answer[member] = value.clone();
    }
    if let Some(owner) = &secret.owner {
        answer["OwningService"] = json!(owner);
    }
    if !secret.replicas.is_empty() {
        answer["PrimaryRegion"] = json!(REGION);
    }
    if !secret.versions.is_empty() {
        answer[stages] = secret.stages();
    }
    answer
}

fn describe(world: &World, input: &Value) -> Result<Value, AwsError> {
    let now = world.clock().now();
    let mut state = world.state();
    let secret = state.secretsmanager.find(secret_id(input)?, now)?;
    let mut answer = described(secret, "VersionIdsToStages");
    if !secret.replicas.is_empty() {
        answer["ReplicationStatus"] = replicas::shown(secret);
    }
    Ok(answer)
}

fn list(world: &World, input: &Value) -> Result<Value, AwsError> {
    let limit = match &input["MaxResults"] {
        Value::Null => 100,
        value => match value.as_u64() {
            Some(limit @ 1..=100) => limit as usize,
            _ => return Err(invalid_parameter("MaxResults must be between 1 and 100.")),
        },
    };
    let filters = input["Filters"].as_array().cloned().unwrap_or_default();
    let planned = input["IncludePlannedDeletion"] == true;
    let now = world.clock().now();
    let mut state = world.state();
    state.secretsmanager.forget_deleted(now);
    let mut found: Vec<&Secret> = state
        .secretsmanager
        .secrets
        .values()
        .filter(|it| planned || it.deletion.is_none())
        .filter(|it| filters.iter().all(|filter| passes(it, filter)))
        .collect();
    found.sort_by_key(|it| it.created);
    if input["SortOrder"] == "desc" {
        found.reverse();
    }
    let all: Vec<Value> =
        found.into_iter().map(|it| described(it, "SecretVersionsToStages")).collect();
    let (page, next) = page(&all, &input["NextToken"], limit, "InvalidNextTokenException")?;
    let mut answer = json!({"SecretList": page});
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

/// AWS: "name: Prefix match, case-sensitive"; the same for tags, words of descriptions for
/// `description`. A value that begins with `!` means the rest.
fn passes(secret: &Secret, filter: &Value) -> bool {
    let tags = secret.told["Tags"].as_array().cloned().unwrap_or_default();
    let has: Vec<&str> = match filter["Key"].as_str() {
        Some("name" | "all") => vec![&secret.name],
        Some("tag-key") => tags.iter().filter_map(|it| it["Key"].as_str()).collect(),
        Some("tag-value") => tags.iter().filter_map(|it| it["Value"].as_str()).collect(),
        Some("description") => {
            secret.told["Description"].as_str().unwrap_or_default().split_whitespace().collect()
        }
        _ => return false,
    };
    filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str).any(|wanted| {
        match wanted.strip_prefix('!') {
            Some(unwanted) => !has.iter().any(|it| it.starts_with(unwanted)),
            None => has.iter().any(|it| it.starts_with(wanted)),
        }
    })
}
