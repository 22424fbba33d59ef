//! The digests by which a client knows that SQS has what it sent.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Digest as _;
use serde_json::{Map, Value};

pub(super) fn hex(content: &[u8]) -> String {
    md5::Md5::digest(content).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SQS: sort the names; then for each the length and bytes of its name and of its type, one byte
/// for the kind of the value, and the length and bytes of the value.
pub(super) fn attributes(attributes: &Map<String, Value>) -> String {
    let mut names: Vec<&String> = attributes.keys().collect();
    names.sort();
    let mut encoded = Vec::new();
    let part = |encoded: &mut Vec<u8>, bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        encoded.extend(length.to_be_bytes());
        encoded.extend(bytes);
    };
    for name in names {
        let it = &attributes[name];
        part(&mut encoded, name.as_bytes());
        part(&mut encoded, it["DataType"].as_str().unwrap_or_default().as_bytes());
        if let Some(binary) = it["BinaryValue"].as_str() {
            encoded.push(2);
            part(&mut encoded, &STANDARD.decode(binary).unwrap_or_default());
        } else {
            encoded.push(1);
            part(&mut encoded, it["StringValue"].as_str().unwrap_or_default().as_bytes());
        }
    }
    hex(&encoded)
}
