//! How an answer or an error is written in each protocol.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::{AwsError, Call, Protocol, Reply, Service, cbor};
use crate::{elasticache, route53};

/// Writes what a service answered, in its protocol.
pub(crate) fn write(call: &Call, answer: Result<Reply, AwsError>) -> Response<Bytes> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let protocol = call.protocol();
    let (status, kind, body) = match (answer, protocol) {
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
        (answer, Protocol::RpcV2Cbor) => return cbor_answer(call.service, answer, &request_id),
        (Ok(Reply::Json(value)), Protocol::RestJson) => {
            (200, "application/json", value.to_string())
        }
        (Ok(Reply::Json(value)), Protocol::RestXml) if call.service == Service::Route53 => {
            return route53_answer(call, &value, &request_id);
        }
        (Ok(Reply::Json(value)), Protocol::Query | Protocol::Ec2Query | Protocol::RestXml) => {
            (200, "text/xml", xml_answer(call, &value, &request_id))
        }
        (Err(error), Protocol::Json11) if was_query(call.service) => {
            return query_era_error(call.service, error, &request_id);
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
        (Err(error), Protocol::Query | Protocol::Ec2Query) => {
            (error.status, "text/xml", xml_error(call.service, &error, &request_id))
        }
        // The answer to a HEAD request has no body to say more in.
        (Err(error), Protocol::RestXml) if call.method == Method::HEAD => {
            (error.status, "application/xml", String::new())
        }
        (Err(error), Protocol::RestXml) if call.service == Service::Route53 => {
            (error.status, "text/xml", route53::error(&error, &request_id))
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

/// An error for clients that may still go by its code in the query protocol.
fn query_era_error(service: Service, error: AwsError, request_id: &str) -> Response<Bytes> {
    let response = Response::builder()
        .status(error.status)
        .header("content-type", json_kind(service))
        .header("x-amzn-query-error", query_error(&error))
        .header(request_id_header(service), request_id);
    let code = match service {
        Service::Sqs => qualified(&error.code),
        _ => error.code,
    };
    let error = AwsError { code, ..error };
    response.body(json_error(&error).into()).expect("static headers")
}

/// What is created is answered with where it is.
fn route53_answer(call: &Call, value: &Value, request_id: &str) -> Response<Bytes> {
    let mut response = Response::builder()
        .header("content-type", "text/xml")
        .header(request_id_header(call.service), request_id);
    if call.operation == "CreateHostedZone" {
        let id = value["HostedZone"]["Id"].as_str().unwrap_or_default();
        let place = format!("https://route53.amazonaws.com/2013-04-01{id}");
        response = response.status(StatusCode::CREATED).header("location", place);
    }
    // Route 53, of an operation without output: "an empty HTTP body".
    let body = match value == &json!({}) {
        true => String::new(),
        false => route53::document(&call.operation, value),
    };
    response.body(body.into()).expect("a zone's id is a valid header")
}

/// AWS: "Responses MUST contain the smithy-protocol header with the value of rpc-v2-cbor".
fn cbor_answer(
    service: Service,
    answer: Result<Reply, AwsError>,
    request_id: &str,
) -> Response<Bytes> {
    let mut response = Response::builder()
        .header(cbor::NAME.0, cbor::NAME.1)
        .header(request_id_header(service), request_id);
    let body = match answer {
        Ok(Reply::Json(value)) => cbor::write(&value),
        Ok(Reply::Raw(_, _, body)) => body,
        Err(error) => {
            response = response.status(error.status);
            if was_query(service) {
                response = response.header("x-amzn-query-error", query_error(&error));
            }
            cbor::write(&error_members(&error))
        }
    };
    if !body.is_empty() {
        response = response.header("content-type", "application/cbor");
    }
    response.body(body).expect("static headers")
}

/// SQS and `CloudWatch` are the services here of the older version of the protocol.
fn json_kind(service: Service) -> &'static str {
    match was_query(service) {
        true => "application/x-amz-json-1.0",
        false => "application/x-amz-json-1.1",
    }
}

/// Whether a service spoke the query protocol before, whose clients still go by its codes.
fn was_query(service: Service) -> bool {
    matches!(service, Service::Sqs | Service::CloudWatch)
}

/// The code that an error of SQS or `CloudWatch` had in the protocol the service came from: clients
/// still go by it.
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
        "LimitExceededFault" => "LimitExceeded".to_owned(),
        "InvalidFormatFault" => "InvalidFormat".to_owned(),
        "InvalidParameterValueException" => "InvalidParameterValue".to_owned(),
        "InvalidParameterCombinationException" => "InvalidParameterCombination".to_owned(),
        "MissingRequiredParameterException" => "MissingParameter".to_owned(),
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
    error_members(error).to_string()
}

fn error_members(error: &AwsError) -> Value {
    let mut body = error.members.clone();
    // How the world recognises what it does not know; nobody else's business.
    if let Some(members) = body.as_object_mut() {
        members.remove("local");
    }
    body["__type"] = json!(error.code);
    body["message"] = json!(error.message);
    body
}

/// The XML namespace of a query service's answers.
fn namespace(service: Service) -> &'static str {
    match service {
        Service::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
        Service::ElasticLoadBalancing => {
            "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"
        }
        Service::ElastiCache => "http://elasticache.amazonaws.com/doc/2015-02-02/",
        Service::CloudFormation => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        Service::CloudWatch => "http://monitoring.amazonaws.com/doc/2010-08-01/",
        Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        _ => "http://sns.amazonaws.com/doc/2010-03-31/",
    }
}

/// What a service calls the items of a list.
fn item_name(service: Service, list: &str) -> &'static str {
    match service {
        Service::Ec2 => "item",
        Service::ElastiCache => elasticache::item_name(list),
        _ => "member",
    }
}

/// Query answers wrap their members in `<OperationResult>`, if the operation has an output; those
/// of EC2 do not.
fn xml_answer(call: &Call, value: &Value, request_id: &str) -> String {
    let operation = &call.operation;
    let namespace = namespace(call.service);
    let members = elements(value, "", &|list| item_name(call.service, list));
    if call.service.protocol() == Protocol::Ec2Query {
        return format!(
            "<{operation}Response xmlns=\"{namespace}\"><requestId>{request_id}</requestId>\
             {members}</{operation}Response>"
        );
    }
    let result = match value {
        Value::Null => String::new(),
        _ => format!("<{operation}Result>{members}</{operation}Result>"),
    };
    format!(
        "<{operation}Response xmlns=\"{namespace}\">{result}<ResponseMetadata>\
         <RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )
}

fn xml_error(service: Service, error: &AwsError, request_id: &str) -> String {
    let (code, message) = (escape(&error.code), escape(&error.message));
    if service.protocol() == Protocol::Ec2Query {
        return format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>\
             </Errors><RequestID>{request_id}</RequestID></Response>"
        );
    }
    let namespace = namespace(service);
    let whose = if error.status < 500 { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{whose}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
}

/// Members as elements, lists as `<member>`, maps of the SNS attribute kind as `entry/key/value`.
pub(crate) fn xml(value: &Value) -> String {
    elements(value, "", &|_| "member")
}

/// The same, with a name for the items of each list: `name` is that of the element around `value`.
fn elements(value: &Value, name: &str, item: &dyn Fn(&str) -> &'static str) -> String {
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
                                elements(value, key, item)
                            )
                        })
                        .collect();
                    format!("<Attributes>{entries}</Attributes>")
                }
                _ => format!("<{name}>{}</{name}>", elements(value, name, item)),
            })
            .collect(),
        Value::Array(items) => {
            let tag = item(name);
            items.iter().map(|it| format!("<{tag}>{}</{tag}>", elements(it, tag, item))).collect()
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
