//! Where an asynchronous invocation ends: its destinations, and the function's dead letters.

use serde_json::{Value, json};

use super::{FunctionError, arn, invoke_event};
use crate::world::World;
use crate::{sns, sqs};

/// An event that was delivered, well or for the last time.
pub(super) struct Delivered<'a> {
    pub(super) function: &'a str,
    pub(super) payload: &'a Value,
    pub(super) request_id: &'a str,
    pub(super) attempts: usize,
    pub(super) outcome: &'a Result<Value, FunctionError>,
}

impl Delivered<'_> {
    /// Tells whoever the function's configuration names.
    pub(super) fn tell(&self, world: &World) {
        let (destinations, dead_letters) = {
            let state = world.state();
            let Some(function) = state.lambda.functions.get(self.function) else { return };
            let dead_letters = function.configuration["DeadLetterConfig"]["TargetArn"].clone();
            (function.event_invoke["DestinationConfig"].clone(), dead_letters)
        };
        let of = |which: &str| destinations[which]["Destination"].as_str().unwrap_or_default();
        match self.outcome {
            Ok(_) => self.send(world, of("OnSuccess"), &self.record(world), &json!({})),
            Err(error) => {
                self.send(world, of("OnFailure"), &self.record(world), &json!({}));
                let target = dead_letters.as_str().unwrap_or_default();
                self.send(world, target, self.payload, &self.attributes(error));
            }
        }
    }

    fn record(&self, world: &World) -> Value {
        let mut record = json!({
            "version": "1.0",
            "timestamp": world.clock().now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            "requestContext": {
                "requestId": self.request_id,
                "functionArn": format!("{}:$LATEST", arn(self.function)),
                "condition": "Success",
                "approximateInvokeCount": self.attempts,
            },
            "requestPayload": self.payload,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        });
        record["responsePayload"] = match self.outcome {
            Ok(answer) => answer.clone(),
            Err(error) => {
                record["requestContext"]["condition"] = json!("RetriesExhausted");
                record["responseContext"]["functionError"] = json!("Unhandled");
                error.body()
            }
        };
        record
    }

    /// AWS: "`RequestID` (String) – The ID of the invocation request. … `ErrorCode` (Number) – The
    /// HTTP status code. … `ErrorMessage` (String) – The first 1 KB of the error message."
    fn attributes(&self, error: &FunctionError) -> Value {
        let message = &error.message[..error.message.floor_char_boundary(1024)];
        json!({
            "RequestID": sqs::text(self.request_id),
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": sqs::text(message),
        })
    }

    fn send(&self, world: &World, target: &str, content: &Value, attributes: &Value) {
        let sent = match target.split(':').nth(2) {
            None => return,
            Some("sqs") => sqs::put(world, target, content.to_string(), attributes),
            Some("sns") => sns::put(world, target, &content.to_string(), attributes),
            Some("lambda") => {
                invoke_event(world, target, content.clone());
                true
            }
            Some(_) => false,
        };
        let what = if sent { "tells" } else { "cannot tell" };
        world.note(format!("lambda: {} {what} {target} about {}", self.function, self.request_id));
    }
}
