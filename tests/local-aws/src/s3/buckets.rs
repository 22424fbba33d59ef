//! Buckets, and what is in them.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Bucket, iso, no_such_bucket, option};
use crate::wire::{AwsError, Call, Reply, escape, xml};
use crate::world::{ACCOUNT, REGION, World};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

fn document(root: &str, members: &str) -> Reply {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">{members}</{root}>"
    );
    Reply::Raw(200, vec![("content-type".into(), "application/xml".into())], text.into())
}

/// The text of an element in a small request body.
fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

pub(super) fn list(world: &World) -> Reply {
    let state = world.state();
    let buckets: String = state
        .s3
        .buckets
        .iter()
        .map(|(name, bucket)| {
            format!(
                "<Bucket><Name>{name}</Name><CreationDate>{}</CreationDate></Bucket>",
                iso(bucket.created)
            )
        })
        .collect();
    let owner = format!("<Owner><ID>{ACCOUNT}</ID></Owner>");
    document("ListAllMyBucketsResult", &format!("{owner}<Buckets>{buckets}</Buckets>"))
}

/// The user guide's rules for names: 3 to 63 lowercase letters, numbers, periods and hyphens that
/// begin and end with a letter or number.
fn is_name(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (3..=63).contains(&name.len())
        && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '.' | '-'))
        && edge(name.chars().next())
        && edge(name.chars().last())
}

pub(super) fn create(world: &World, call: &Call, name: &str) -> Result<Reply, AwsError> {
    if !is_name(name) {
        let message = "The specified bucket is not valid.";
        return Err(AwsError::bad("InvalidBucketName", message).with("BucketName", json!(name)));
    }
    // AWS: "If you don't specify a Region, the bucket is created in the US East (N. Virginia)
    // Region"; an endpoint of another region refuses that.
    let body = String::from_utf8_lossy(&call.body);
    let wanted = element(&body, "LocationConstraint").unwrap_or("unspecified");
    if wanted != REGION {
        return Err(AwsError::bad(
            "IllegalLocationConstraintException",
            format!(
                "The {wanted} location constraint is incompatible for the region specific \
                 endpoint this request was sent to."
            ),
        ));
    }
    let now = world.clock().now();
    let mut state = world.state();
    if state.s3.buckets.contains_key(name) {
        let message = "Your previous request to create the named bucket succeeded and you \
                       already own it.";
        return Err(
            AwsError::new(409, "BucketAlreadyOwnedByYou", message).with("BucketName", json!(name))
        );
    }
    let bucket = Bucket { created: now, versioning: None, objects: BTreeMap::new() };
    state.s3.buckets.insert(name.to_owned(), bucket);
    let location = format!("http://{name}.s3.amazonaws.com/");
    Ok(Reply::Raw(200, vec![("location".into(), location)], Bytes::new()))
}

pub(super) fn head(world: &World, name: &str) -> Result<Reply, AwsError> {
    let state = world.state();
    state.s3.buckets.get(name).ok_or_else(|| no_such_bucket(name))?;
    let headers = vec![("x-amz-bucket-region".to_owned(), REGION.to_owned())];
    Ok(Reply::Raw(200, headers, Bytes::new()))
}

pub(super) fn delete(world: &World, name: &str) -> Result<Reply, AwsError> {
    let mut state = world.state();
    let bucket = state.s3.buckets.get(name).ok_or_else(|| no_such_bucket(name))?;
    // AWS: "All objects (including all object versions and delete markers) in the bucket must be
    // deleted before the bucket itself can be deleted."
    if !bucket.objects.is_empty() {
        let message = "The bucket you tried to delete is not empty";
        return Err(AwsError::new(409, "BucketNotEmpty", message).with("BucketName", json!(name)));
    }
    state.s3.buckets.remove(name);
    Ok(Reply::Raw(204, Vec::new(), Bytes::new()))
}

pub(super) fn put_versioning(world: &World, call: &Call, name: &str) -> Result<Reply, AwsError> {
    let mut state = world.state();
    let bucket = state.s3.buckets.get_mut(name).ok_or_else(|| no_such_bucket(name))?;
    let body = String::from_utf8_lossy(&call.body);
    match element(&body, "Status") {
        Some(status @ ("Enabled" | "Suspended")) => bucket.versioning = Some(status.to_owned()),
        _ => {
            return Err(AwsError::bad(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our \
                 published schema",
            ));
        }
    }
    Ok(Reply::Raw(200, Vec::new(), Bytes::new()))
}

pub(super) fn get_versioning(world: &World, name: &str) -> Result<Reply, AwsError> {
    let state = world.state();
    let bucket = state.s3.buckets.get(name).ok_or_else(|| no_such_bucket(name))?;
    let status = bucket.versioning.as_ref().map(|status| format!("<Status>{status}</Status>"));
    Ok(document("VersioningConfiguration", &status.unwrap_or_default()))
}

/// One entry of a listing: a key, or the common prefix of several.
enum Entry {
    Object(Value),
    Prefix(String),
}

/// AWS: "Returns some or all (up to 1,000) of the objects in a bucket with each request."
pub(super) fn list_objects(world: &World, call: &Call, name: &str) -> Result<Reply, AwsError> {
    let asked = |what: &str| option(&call.uri, what);
    let (prefix, delimiter) = (asked("prefix").unwrap_or_default(), asked("delimiter"));
    let delimiter = delimiter.filter(|it| !it.is_empty());
    let limit: usize = match asked("max-keys").map(|it| it.parse()) {
        None => 1000,
        Some(Ok(limit)) => std::cmp::min(limit, 1000),
        Some(Err(_)) => {
            let message = "Provided max-keys not an integer or within integer range";
            return Err(AwsError::bad("InvalidArgument", message));
        }
    };
    let encoding = asked("encoding-type").filter(|it| it == "url");
    let shown = |key: &str| match &encoding {
        Some(_) => key.split('/').map(url_encoded).collect::<Vec<_>>().join("/"),
        None => key.to_owned(),
    };
    let token = asked("continuation-token");
    let after = match &token {
        Some(token) => Some(after(token).ok_or_else(|| {
            AwsError::bad("InvalidArgument", "The continuation token provided is incorrect")
        })?),
        None => asked("start-after"),
    };

    let state = world.state();
    let bucket = state.s3.buckets.get(name).ok_or_else(|| no_such_bucket(name))?;
    let mut prefixes = BTreeSet::new();
    let mut entries: Vec<(String, Entry)> = Vec::new();
    for (key, versions) in &bucket.objects {
        let Some(version) = versions.last().filter(|it| it.content.is_some()) else { continue };
        let Some(rest) = key.strip_prefix(&prefix) else { continue };
        let common = delimiter.as_ref().and_then(|delimiter| {
            let (first, _) = rest.split_once(delimiter.as_str())?;
            Some(format!("{prefix}{first}{delimiter}"))
        });
        match common {
            Some(common) if prefixes.insert(common.clone()) => {
                entries.push((common.clone(), Entry::Prefix(common)));
            }
            Some(_) => {}
            None => {
                let size = version.content.as_ref().map_or(0, Bytes::len);
                let object = json!({
                    "Key": shown(key),
                    "LastModified": iso(version.modified),
                    "ETag": version.etag,
                    "Size": size,
                    "StorageClass": "STANDARD",
                });
                entries.push((key.clone(), Entry::Object(object)));
            }
        }
    }
    entries.retain(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let more = entries.len() > limit;
    entries.truncate(limit);

    let mut members = json!({
        "Name": name,
        "Prefix": shown(&prefix),
        "MaxKeys": limit,
        "KeyCount": entries.len(),
        "IsTruncated": more,
    });
    for (member, value) in [
        ("Delimiter", delimiter.as_deref().map(shown)),
        ("EncodingType", encoding.clone()),
        ("StartAfter", asked("start-after")),
        ("ContinuationToken", token),
        ("NextContinuationToken", entries.last().filter(|_| more).map(|it| token_after(&it.0))),
    ] {
        if let Some(value) = value {
            members[member] = json!(value);
        }
    }
    let listed: String = entries
        .iter()
        .map(|(_, entry)| match entry {
            Entry::Object(object) => format!("<Contents>{}</Contents>", xml(object)),
            Entry::Prefix(prefix) => format!(
                "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
                escape(&shown(prefix))
            ),
        })
        .collect();
    Ok(document("ListBucketResult", &format!("{}{listed}", xml(&members))))
}

fn url_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn token_after(key: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("after:{key}"))
}

fn after(token: &str) -> Option<String> {
    let text = base64::engine::general_purpose::STANDARD.decode(token).ok()?;
    String::from_utf8(text).ok()?.strip_prefix("after:").map(str::to_owned)
}
