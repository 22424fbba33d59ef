//! How an answer or an error is written in each protocol.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::{AwsError, Call, Protocol, Reply, Service};

/// Writes what a service answered, in its protocol.
pub(crate) fn write(call: &Call, answer: Result<Reply, AwsError>) -> Response<Bytes> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let (status, kind, body) = match (answer, call.service.protocol()) {
        (Ok(Reply::Raw(status, headers, body)), _) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            return response
                .header(request_id_header(call.service), request_id)
                .body(body)
                .expect("a service's own headers are valid");
        }
        // An operation without output answers with an empty body, not with `null`.
        (Ok(Reply::Json(Value::Null)), Protocol::Json11 | Protocol::RestJson) => {
            (200, json_kind(call.service), String::new())
        }
        (Ok(Reply::Json(value)), Protocol::Json11) => {
            (200, json_kind(call.service), value.to_string())
        }
        (Ok(Reply::Json(value)), Protocol::RestJson) => {
            (200, "application/json", value.to_string())
        }
        (Ok(Reply::Json(value)), Protocol::Query | Protocol::RestXml) => {
            (200, "text/xml", xml_answer(call, &value, &request_id))
        }
        (Err(error), Protocol::Json11) if call.service == Service::Sqs => {
            let response = Response::builder()
                .status(error.status)
                .header("content-type", json_kind(call.service))
                .header("x-amzn-query-error", query_error(&error))
                .header("x-amzn-requestid", request_id);
            let error = AwsError { code: qualified(&error.code), ..error };
            return response.body(json_error(&error).into()).expect("static headers");
        }
        (Err(error), Protocol::Json11) => {
            (error.status, "application/x-amz-json-1.1", json_error(&error))
        }
        (Err(error), Protocol::RestJson) => {
            let response = Response::builder()
                .status(error.status)
                .header("content-type", "application/json")
                .header("x-amzn-errortype", &error.code)
                .header("x-amzn-requestid", request_id);
            return response.body(json_error(&error).into()).expect("static headers");
        }
        (Err(error), Protocol::Query) => (
            error.status,
            "text/xml",
            format!(
                "<ErrorResponse xmlns=\"{SNS_NAMESPACE}\"><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message></Error>\
                 <RequestId>{request_id}</RequestId></ErrorResponse>",
                if error.status < 500 { "Sender" } else { "Receiver" },
                escape(&error.code),
                escape(&error.message)
            ),
        ),
        // The answer to a HEAD request has no body to say more in.
        (Err(error), Protocol::RestXml) if call.method == Method::HEAD => {
            (error.status, "application/xml", String::new())
        }
        (Err(error), Protocol::RestXml) => (
            error.status,
            "application/xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code>\
                 <Message>{}</Message>{}<RequestId>{request_id}</RequestId></Error>",
                escape(&error.code),
                escape(&error.message),
                xml(&error.members)
            ),
        ),
    };
    Response::builder()
        .status(StatusCode::from_u16(status).expect("a modelled status"))
        .header("content-type", kind)
        .header(request_id_header(call.service), request_id)
        .body(body.into())
        .expect("static headers")
}

/// SQS is the one service here of the older version of the protocol.
fn json_kind(service: Service) -> &'static str {
    match service {
        Service::Sqs => "application/x-amz-json-1.0",
        _ => "application/x-amz-json-1.1",
    }
}

/// The code that an error of SQS had in the protocol it came from: clients still go by it.
fn query_error(error: &AwsError) -> String {
    let code = error.code.as_str();
    let code = match code {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue".to_owned(),
        "QueueNameExists" => "QueueAlreadyExists".to_owned(),
        "EmptyBatchRequest"
        | "TooManyEntriesInBatchRequest"
        | "BatchEntryIdsNotDistinct"
        | "BatchRequestTooLong"
        | "InvalidBatchEntryId"
        | "MessageNotInflight"
        | "PurgeQueueInProgress"
        | "QueueDeletedRecently"
        | "UnsupportedOperation" => format!("AWS.SimpleQueueService.{code}"),
        code => code.to_owned(),
    };
    let whose = if error.status < 500 { "Sender" } else { "Receiver" };
    format!("{code};{whose}")
}

/// An error's code with its namespace; what is not in the model of SQS comes from what is below.
fn qualified(code: &str) -> String {
    match code {
        "InvalidParameterValue" => "com.amazon.coral.service#InvalidParameterValueException".into(),
        "MissingParameter" => "com.amazon.coral.service#MissingRequiredParameterException".into(),
        code => format!("com.amazonaws.sqs#{code}"),
    }
}

fn request_id_header(service: Service) -> &'static str {
    if service == Service::S3 { "x-amz-request-id" } else { "x-amzn-requestid" }
}

fn json_error(error: &AwsError) -> String {
    let mut body = error.members.clone();
    // How the world recognises what it does not know; nobody else's business.
    if let Some(members) = body.as_object_mut() {
        members.remove("local");
    }
    body["__type"] = json!(error.code);
    body["message"] = json!(error.message);
    body.to_string()
}

const SNS_NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// Query answers wrap their members in `<OperationResult>`, if the operation has an output.
fn xml_answer(call: &Call, value: &Value, request_id: &str) -> String {
    let operation = &call.operation;
    let result = match value {
        Value::Null => String::new(),
        value => format!("<{operation}Result>{}</{operation}Result>", xml(value)),
    };
    format!(
        "<{operation}Response xmlns=\"{SNS_NAMESPACE}\">{result}<ResponseMetadata>\
         <RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )
}

/// Members as elements, lists as `<member>`, maps of the SNS attribute kind as `entry/key/value`.
pub(crate) fn xml(value: &Value) -> String {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| match (name.as_str(), value) {
                ("Attributes", Value::Object(map)) => {
                    let entries: String = map
                        .iter()
                        .map(|(key, value)| {
                            format!(
                                "<entry><key>{}</key><value>{}</value></entry>",
                                escape(key),
                                xml(value)
                            )
                        })
                        .collect();
                    format!("<Attributes>{entries}</Attributes>")
                }
                _ => format!("<{name}>{}</{name}>", xml(value)),
            })
            .collect(),
        Value::Array(items) => {
            items.iter().map(|item| format!("<member>{}</member>", xml(item))).collect()
        }
        Value::String(text) => escape(text),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Text inside an XML element.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
