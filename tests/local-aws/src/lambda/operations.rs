//! Lambda's operations. A function created here is a record until code is registered for it.

use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::Digest as _;

use super::{Code, Function, arn, invoke, invoke_event, mappings, name_of};
use crate::wire::{AwsError, Call, Reply, page_offset, page_token};
use crate::world::{ACCOUNT, World, unknown};

/// Answers one operation.
pub(crate) async fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    match call.operation.as_str() {
        "Invoke" => invocation(world, call).await,
        "CreateFunction" => create(world, call),
        "GetFunction" => get(world, call),
        "GetFunctionConfiguration" => configuration_of(world, call).map(Reply::Json),
        "ListFunctions" => list(world, call),
        "DeleteFunction" => delete(world, call),
        "PutFunctionEventInvokeConfig" => put_event_invoke(world, call),
        "UpdateFunctionConfiguration" => update(world, call),
        "CreateEventSourceMapping" => mappings::create(world, call),
        "GetEventSourceMapping" => mappings::get(world, call),
        "ListEventSourceMappings" => mappings::list(world, call),
        "UpdateEventSourceMapping" => mappings::update(world, call),
        "DeleteEventSourceMapping" => mappings::delete(world, call),
        _ => Err(unknown(call)),
    }
}

pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterValueException", message).with("Type", json!("User"))
}

pub(super) fn not_found(reference: &str) -> AwsError {
    let name = name_of(reference).map_or_else(|| reference.to_owned(), |name| arn(&name));
    AwsError::new(404, "ResourceNotFoundException", &format!("Function not found: {name}"))
        .with("Type", json!("User"))
}

/// The function a request is about: in its path over HTTP, a member when called directly.
fn reference(call: &Call) -> String {
    let in_path = call.uri.path().split('/').skip_while(|it| *it != "functions").nth(1);
    match in_path.filter(|it| !it.is_empty()) {
        Some(name) => decoded(name),
        None => call.input["FunctionName"].as_str().unwrap_or_default().to_owned(),
    }
}

pub(super) fn decoded(text: &str) -> String {
    let pair = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn known(world: &World, call: &Call) -> Result<String, AwsError> {
    let reference = reference(call);
    name_of(&reference)
        .filter(|name| world.state().lambda.functions.contains_key(name))
        .ok_or_else(|| not_found(&reference))
}

/// A header over HTTP, a member when called directly.
fn option(call: &Call, header: &str, member: &str) -> Option<String> {
    let header = call.headers.get(header).and_then(|it| it.to_str().ok());
    header.or_else(|| call.input[member].as_str()).map(str::to_owned)
}

async fn invocation(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let direct = call.uri.path() == "/";
    let kind = match direct {
        true => call.input["InvocationType"].as_str().map(str::to_owned),
        false => option(call, "x-amz-invocation-type", ""),
    };
    let payload = match (direct, call.body.is_empty()) {
        (true, _) => call.input.get("Payload").cloned().unwrap_or_else(|| json!({})),
        (false, true) => json!({}),
        (false, false) => serde_json::from_slice(&call.body).map_err(|error| {
            let message = format!("Could not parse request body into json: {error}");
            AwsError::bad("InvalidRequestContentException", message).with("Type", json!("User"))
        })?,
    };
    let name = known(world, call)?;
    // "The maximum payload size is 6 MB for synchronous invocations and 1 MB for asynchronous
    // invocations."
    let most = if kind.as_deref() == Some("Event") { 1024 * 1024 } else { 6 * 1024 * 1024 };
    if call.body.len() > most {
        let message =
            format!("Request must be smaller than {most} bytes for the InvokeFunction operation");
        return Err(AwsError::new(413, "RequestTooLargeException", &message));
    }
    match kind.as_deref() {
        None | Some("RequestResponse") => Ok(synchronous(world, &name, payload).await),
        Some("Event") => {
            invoke_event(world, &name, payload);
            Ok(Reply::Raw(202, Vec::new(), Bytes::new()))
        }
        Some("DryRun") => Ok(Reply::Raw(204, Vec::new(), Bytes::new())),
        Some(other) => Err(invalid(format!(
            "1 validation error detected: Value '{other}' at 'invocationType' failed to satisfy \
             constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"
        ))),
    }
}

/// "The status code in the API response doesn't reflect function errors."
async fn synchronous(world: &World, name: &str, payload: Value) -> Reply {
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("x-amz-executed-version".to_owned(), "$LATEST".to_owned()),
    ];
    let body = match invoke(world, name, payload).await {
        Ok(value) => value,
        Err(error) => {
            headers.push(("x-amz-function-error".to_owned(), "Unhandled".to_owned()));
            error.body()
        }
    };
    Reply::Raw(200, headers, body.to_string().into())
}

fn create(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let input = &call.input;
    let reference = input["FunctionName"].as_str().unwrap_or_default();
    let Some(name) = name_of(reference) else {
        return Err(invalid(format!("Value '{reference}' at 'functionName' is not valid")));
    };
    if !input["Role"].as_str().is_some_and(|role| role.starts_with("arn:aws:iam::")) {
        return Err(invalid("The role defined for the function cannot be assumed by Lambda."));
    }
    if !input["Code"].is_object() {
        return Err(invalid("Please provide a source for function code."));
    }
    let image = input["PackageType"] == "Image";
    if !image && (input["Runtime"].is_null() || input["Handler"].is_null()) {
        return Err(invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ));
    }
    let configuration = configuration(world, &name, input);
    let timeout = Duration::from_secs(configuration["Timeout"].as_u64().unwrap_or(3));
    let mut state = world.state();
    if state.lambda.functions.contains_key(&name) {
        let message = format!("Function already exist: {name}");
        return Err(AwsError::new(409, "ResourceConflictException", &message));
    }
    let function = Function {
        code: Code::Archive,
        timeout,
        configuration: configuration.clone(),
        event_invoke: Value::Null,
    };
    state.lambda.functions.insert(name, function);
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Ok(Reply::Raw(201, headers, configuration.to_string().into()))
}

/// `FunctionConfiguration` of a new function.
pub(super) fn configuration(world: &World, name: &str, input: &Value) -> Value {
    let zip = input["Code"]["ZipFile"].as_str().unwrap_or_default();
    let zip = base64::engine::general_purpose::STANDARD.decode(zip).unwrap_or_default();
    let sha = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(&zip));
    let mut configuration = json!({
        "FunctionName": name,
        "FunctionArn": arn(name),
        "Runtime": "provided.al2023",
        "Role": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        "Handler": "bootstrap",
        "CodeSize": zip.len(),
        "CodeSha256": sha,
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "LastModified": modified(world),
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": uuid::Uuid::new_v4().to_string(),
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}")},
    });
    apply(&mut configuration, input);
    configuration
}

/// Takes over the members that callers may set.
fn apply(configuration: &mut Value, input: &Value) {
    const SETTABLE: [&str; 11] = [
        "Runtime",
        "Role",
        "Handler",
        "Description",
        "Timeout",
        "MemorySize",
        "PackageType",
        "Architectures",
        "EphemeralStorage",
        "TracingConfig",
        "DeadLetterConfig",
    ];
    for member in SETTABLE {
        if let Some(value) = input.get(member).filter(|it| !it.is_null()) {
            configuration[member] = value.clone();
        }
    }
    if input["Environment"]["Variables"].is_object() {
        configuration["Environment"] = json!({"Variables": input["Environment"]["Variables"]});
    }
}

fn modified(world: &World) -> String {
    world.clock().now().strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

fn configuration_of(world: &World, call: &Call) -> Result<Value, AwsError> {
    let name = known(world, call)?;
    Ok(world.state().lambda.functions[&name].configuration.clone())
}

fn get(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let configuration = configuration_of(world, call)?;
    let name = configuration["FunctionName"].as_str().unwrap_or_default();
    let location = format!("https://awslambda-eu-west-2-tasks.s3.amazonaws.com/{ACCOUNT}/{name}");
    let code = json!({"RepositoryType": "S3", "Location": location});
    Ok(json!({"Configuration": configuration, "Code": code}).into())
}

/// A parameter of the query over HTTP, a member when called directly.
pub(super) fn from_query(call: &Call, name: &str) -> Option<String> {
    let query = call.uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let in_query = pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    in_query.or_else(|| match &call.input[name] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    })
}

fn list(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let marker = from_query(call, "Marker");
    let start = match marker.as_deref().filter(|it| !it.is_empty()) {
        None => 0,
        Some(token) => page_offset(token).ok_or_else(|| invalid("Invalid Marker"))?,
    };
    // "ListFunctions returns a maximum of 50 items in each response, even if you set the number
    // higher."
    let most = from_query(call, "MaxItems").and_then(|it| it.parse().ok());
    let most: usize = most.unwrap_or(50).clamp(1, 50);
    let state = world.state();
    let all = &state.lambda.functions;
    let page: Vec<&Value> =
        all.values().map(|it| &it.configuration).skip(start).take(most).collect();
    let mut answer = json!({"Functions": page});
    if start + most < all.len() {
        answer["NextMarker"] = json!(page_token(start + most));
    }
    Ok(answer.into())
}

fn delete(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let name = known(world, call)?;
    let removed = {
        let mut state = world.state();
        let removed = state.lambda.functions.remove(&name);
        mappings::function_is_gone(&state, &name);
        removed
    };
    if let Some(Function { code: Code::Binary(pool), .. }) = removed {
        pool.kill_all();
    }
    Ok(Reply::Raw(204, Vec::new(), Bytes::new()))
}

fn update(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let name = known(world, call)?;
    let changed = modified(world);
    let mut state = world.state();
    let function = state.lambda.functions.get_mut(&name).ok_or_else(|| not_found(&name))?;
    apply(&mut function.configuration, &call.input);
    if let Some(seconds) = call.input["Timeout"].as_u64() {
        function.timeout = Duration::from_secs(seconds);
    }
    function.configuration["LastModified"] = json!(changed);
    function.configuration["RevisionId"] = json!(uuid::Uuid::new_v4().to_string());
    Ok(function.configuration.clone().into())
}

fn put_event_invoke(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let name = known(world, call)?;
    let input = &call.input;
    let within = |member: &str, least: u64, most: u64| match &input[member] {
        Value::Null => Ok(()),
        value if value.as_u64().is_some_and(|n| (least..=most).contains(&n)) => Ok(()),
        value => Err(invalid(format!(
            "Value '{value}' at '{member}' must be between {least} and {most}"
        ))),
    };
    within("MaximumRetryAttempts", 0, 2)?;
    within("MaximumEventAgeInSeconds", 60, 21600)?;
    // "If you exclude any settings, they are removed."
    let mut config = json!({
        "FunctionArn": format!("{}:$LATEST", arn(&name)),
        "LastModified": world.clock().epoch_seconds(),
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
    });
    for member in ["MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"] {
        if let Some(value) = input.get(member).filter(|it| !it.is_null()) {
            config[member] = value.clone();
        }
    }
    let mut state = world.state();
    let function = state.lambda.functions.get_mut(&name).ok_or_else(|| not_found(&name))?;
    function.event_invoke = config.clone();
    Ok(config.into())
}
