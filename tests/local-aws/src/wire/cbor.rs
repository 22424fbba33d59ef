//! Smithy's RPC v2 CBOR protocol: paths that name the operation, and bodies that are CBOR.

use aws_smithy_cbor::data::Type;
use aws_smithy_cbor::decode::DeserializeError;
use aws_smithy_cbor::{Decoder, Encoder};
use aws_smithy_types::DateTime;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value, json};

/// The name that a request and its answer give the protocol.
pub(super) const NAME: (&str, &str) = ("smithy-protocol", "rpc-v2-cbor");

/// Whether a request comes in this protocol.
pub(super) fn is_spoken(headers: &HeaderMap) -> bool {
    headers.get(NAME.0).is_some_and(|it| it == NAME.1)
}

/// The service's name and the operation in `/service/{service}/operation/{operation}`.
pub(super) fn operation(path: &str) -> Option<(&str, &str)> {
    path.split_once("/service/")?.1.split_once("/operation/")
}

/// The structure of a body; `null` if it cannot be read.
pub(super) fn read(body: &[u8]) -> Value {
    if body.is_empty() {
        return json!({});
    }
    value(&mut Decoder::new(body)).unwrap_or(Value::Null)
}

fn value(decoder: &mut Decoder<'_>) -> Result<Value, DeserializeError> {
    Ok(match decoder.datatype()? {
        Type::Bool => json!(decoder.boolean()?),
        Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::I8
        | Type::I16
        | Type::I32
        | Type::I64 => json!(decoder.long()?),
        Type::F16 | Type::F32 | Type::F64 => json!(decoder.double()?),
        Type::String | Type::StringIndef => json!(decoder.str()?),
        Type::Tag => json!(decoder.timestamp()?.as_secs_f64()),
        Type::Array | Type::ArrayIndef => {
            let count = decoder.list()?;
            let mut items = Vec::new();
            while has_more(decoder, count, items.len())? {
                items.push(value(decoder)?);
            }
            json!(items)
        }
        Type::Map | Type::MapIndef => {
            let count = decoder.map()?;
            let (mut members, mut read) = (Map::new(), 0);
            while has_more(decoder, count, read)? {
                let name = decoder.str()?.into_owned();
                members.insert(name, value(decoder)?);
                read += 1;
            }
            Value::Object(members)
        }
        _ => {
            decoder.skip()?;
            Value::Null
        }
    })
}

/// A list or map says how long it is, or ends with a break.
fn has_more(
    decoder: &mut Decoder<'_>,
    count: Option<u64>,
    read: usize,
) -> Result<bool, DeserializeError> {
    match count {
        Some(count) => Ok((read as u64) < count),
        None if decoder.datatype()? == Type::Break => decoder.skip().map(|()| false),
        None => Ok(true),
    }
}

/// The body of an answer; an operation without output has none.
pub(super) fn write(value: &Value) -> Bytes {
    if value.is_null() {
        return Bytes::new();
    }
    let mut encoder = Encoder::new(Vec::new());
    put(&mut encoder, "", value);
    encoder.into_writer().into()
}

fn put(encoder: &mut Encoder, name: &str, value: &Value) {
    match value {
        Value::Null => encoder.null(),
        Value::Bool(it) => encoder.boolean(*it),
        Value::Number(it) if is_timestamp(name) => {
            encoder.timestamp(&DateTime::from_secs_f64(it.as_f64().unwrap_or_default()))
        }
        Value::Number(it) => match it.as_i64() {
            Some(whole) => encoder.long(whole),
            None => encoder.double(it.as_f64().unwrap_or_default()),
        },
        Value::String(it) => encoder.str(it),
        Value::Array(items) => {
            encoder.array(items.len());
            items.iter().for_each(|it| put(encoder, "", it));
            encoder
        }
        Value::Object(members) => {
            encoder.map(members.len());
            for (name, value) in members {
                encoder.str(name);
                put(encoder, name, value);
            }
            encoder
        }
    };
}

/// Whether a member is a time: JSON has no type for it, and these protocols' services say it in
/// the member's name.
pub(crate) fn is_timestamp(name: &str) -> bool {
    name.ends_with("Timestamp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let answer = json!({
            "Alarms": [{"Threshold": 80.0, "Period": 60, "Least": -3, "Enabled": true}],
            "StateUpdatedTimestamp": 1_795_262_400.5,
            "Name": "é",
            "Nothing": null,
        });
        assert_eq!(read(&write(&answer)), answer);
    }

    #[test]
    fn lists_and_maps_may_end_with_a_break() {
        let mut encoder = Encoder::new(Vec::new());
        encoder.begin_map().str("AlarmNames").begin_array().str("a").str("b").end().end();
        assert_eq!(read(&encoder.into_writer()), json!({"AlarmNames": ["a", "b"]}));
        assert_eq!(read(b""), json!({}));
        assert_eq!(read(b"\xbf\x61"), Value::Null);
    }

    #[test]
    fn a_time_has_its_tag() {
        let body = write(&json!({"StateUpdatedTimestamp": 1.0}));
        assert_eq!(body[23..25], [0xc1, 0xfb], "{body:x?}");
    }

    #[test]
    fn the_path_names_the_operation() {
        let path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        assert_eq!(operation(path), Some(("GraniteServiceVersion20100801", "DescribeAlarms")));
        assert_eq!(operation("/"), None);
    }
}
