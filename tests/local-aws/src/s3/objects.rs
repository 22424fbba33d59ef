//! Objects and their versions.

use base64::Engine as _;
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use md5::Digest as _;
use serde_json::json;

use super::{Bucket, Version, chunked, no_such_bucket, option};
use crate::wire::{AwsError, Call, Reply};
use crate::world::World;

/// The id of the only version in a bucket that keeps none.
const NULL: &str = "null";

/// Stores a new version. The id to tell the caller (none without versioning), and the `ETag`.
pub(super) fn store(
    bucket: &mut Bucket,
    key: &str,
    content: Bytes,
    headers: Vec<(String, String)>,
    now: Timestamp,
) -> (Option<String>, String) {
    let digest = md5::Md5::digest(&content);
    let etag = format!("\"{}\"", digest.iter().map(|it| format!("{it:02x}")).collect::<String>());
    let version = Version {
        id: new_id(bucket),
        content: Some(content),
        etag: etag.clone(),
        modified: now,
        headers,
    };
    let id = bucket.versioning.is_some().then(|| version.id.clone());
    add(bucket, key, version);
    (id, etag)
}

fn new_id(bucket: &Bucket) -> String {
    match bucket.versioning.as_deref() {
        Some("Enabled") => uuid::Uuid::new_v4().simple().to_string(),
        _ => NULL.to_owned(),
    }
}

/// A bucket that never kept versions, or keeps none at present, has one object with the version id
/// `null` per key; the next one takes its place.
fn add(bucket: &mut Bucket, key: &str, version: Version) {
    let versions = bucket.objects.entry(key.to_owned()).or_default();
    versions.retain(|it| version.id != NULL || it.id != NULL);
    versions.push(version);
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|it| it.to_str().ok())
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub(super) fn put(world: &World, call: &Call, bucket: &str, key: &str) -> Result<Reply, AwsError> {
    if key.len() > 1024 {
        return Err(AwsError::bad("KeyTooLongError", "Your key is too long"));
    }
    let (content, trailers) = chunked::content(&call.headers, &call.body)?;
    let checksums: Vec<(String, String)> = call
        .headers
        .iter()
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .chain(trailers)
        .filter(|(name, _)| is_checksum(name))
        .collect();
    check(&call.headers, &checksums, &content)?;

    let mut headers: Vec<(String, String)> = call
        .headers
        .iter()
        .filter(|(name, _)| {
            name.as_str().starts_with("x-amz-meta-")
                || ["content-type", "cache-control", "content-disposition", "content-language"]
                    .contains(&name.as_str())
        })
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    // The transfer's own encoding is not the object's.
    let encoding = text(&call.headers, "content-encoding").unwrap_or_default();
    let encoding: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|it| !it.is_empty() && *it != "aws-chunked")
        .collect();
    if !encoding.is_empty() {
        headers.push(("content-encoding".into(), encoding.join(",")));
    }
    headers.extend(checksums.iter().cloned());

    let now = world.clock().now();
    let mut state = world.state();
    let bucket = state.s3.buckets.get_mut(bucket).ok_or_else(|| no_such_bucket(bucket))?;
    let present =
        bucket.objects.get(key).and_then(|it| it.last()).is_some_and(|it| it.content.is_some());
    // AWS: "Uploads the object only if the object key name does not already exist in the bucket
    // specified. Otherwise, Amazon S3 returns a 412 Precondition Failed error."
    if present && text(&call.headers, "if-none-match") == Some("*") {
        let message = "At least one of the pre-conditions you specified did not hold";
        return Err(AwsError::new(412, "PreconditionFailed", message)
            .with("Condition", json!("If-None-Match")));
    }
    let (id, etag) = store(bucket, key, content, headers, now);
    let mut answer = checksums;
    answer.push(("etag".into(), etag));
    answer.push(("x-amz-server-side-encryption".into(), "AES256".into()));
    answer.extend(id.map(|id| ("x-amz-version-id".to_owned(), id)));
    Ok(Reply::Raw(200, answer, Bytes::new()))
}

fn is_checksum(name: &str) -> bool {
    name.strip_prefix("x-amz-checksum-").is_some_and(|it| !matches!(it, "mode" | "algorithm"))
}

/// Refuses content that is not what the caller meant to send.
fn check(
    headers: &HeaderMap,
    checksums: &[(String, String)],
    content: &Bytes,
) -> Result<(), AwsError> {
    let md5 = base64(&md5::Md5::digest(content));
    if text(headers, "content-md5").is_some_and(|it| it != md5) {
        let message = "The Content-MD5 you specified did not match what we received.";
        return Err(AwsError::bad("BadDigest", message));
    }
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let sums = [
        ("x-amz-checksum-crc32", base64(&crc.sum().to_be_bytes())),
        ("x-amz-checksum-sha256", base64(&sha2::Sha256::digest(content))),
    ];
    for (name, sum) in sums {
        if checksums.iter().any(|(sent, value)| sent == name && *value != sum) {
            let kind = name.rsplit('-').next().unwrap_or_default().to_uppercase();
            let message =
                format!("The {kind} you specified did not match the calculated checksum.");
            return Err(AwsError::bad("BadDigest", message));
        }
    }
    Ok(())
}

/// The version a request means: the one it names, or the newest.
fn find<'a>(bucket: &'a Bucket, key: &str, version: Option<&str>) -> Result<&'a Version, AwsError> {
    let versions = bucket.objects.get(key);
    let missing = || {
        AwsError::new(404, "NoSuchKey", "The specified key does not exist.").with("Key", json!(key))
    };
    let Some(version) = version else {
        let newest = versions.and_then(|it| it.last()).ok_or_else(missing)?;
        return newest.content.is_some().then_some(newest).ok_or_else(missing);
    };
    let named = versions.and_then(|it| it.iter().find(|it| it.id == version)).ok_or_else(|| {
        AwsError::new(404, "NoSuchVersion", "The specified version does not exist.")
            .with("Key", json!(key))
            .with("VersionId", json!(version))
    })?;
    // AWS: "If the specified version is a delete marker, the response returns a 405 Method Not
    // Allowed error".
    match named.content {
        Some(_) => Ok(named),
        None => Err(AwsError::new(
            405,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        )),
    }
}

pub(super) fn get(world: &World, call: &Call, bucket: &str, key: &str) -> Result<Reply, AwsError> {
    let state = world.state();
    let bucket = state.s3.buckets.get(bucket).ok_or_else(|| no_such_bucket(bucket))?;
    let version = find(bucket, key, option(&call.uri, "versionId").as_deref())?;
    let content = version.content.clone().unwrap_or_default();
    let range = match text(&call.headers, "range") {
        Some(range) => slice(range, content.len())?,
        None => None,
    };
    let whole = text(&call.headers, "x-amz-checksum-mode") == Some("ENABLED") && range.is_none();
    let mut headers: Vec<(String, String)> = vec![
        ("etag".into(), version.etag.clone()),
        (
            "last-modified".into(),
            version.modified.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        ),
        ("accept-ranges".into(), "bytes".into()),
        ("x-amz-server-side-encryption".into(), "AES256".into()),
    ];
    if !version.headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".into(), "binary/octet-stream".into()));
    }
    headers.extend(version.headers.iter().filter(|(name, _)| whole || !is_checksum(name)).cloned());
    if bucket.versioning.is_some() {
        headers.push(("x-amz-version-id".into(), version.id.clone()));
    }
    let (status, body) = match range {
        None => (200, content),
        Some((first, last)) => {
            let all = content.len();
            headers.push(("content-range".into(), format!("bytes {first}-{last}/{all}")));
            (206, content.slice(first..=last))
        }
    };
    if call.operation == "HeadObject" {
        headers.push(("content-length".into(), body.len().to_string()));
        return Ok(Reply::Raw(status, headers, Bytes::new()));
    }
    Ok(Reply::Raw(status, headers, body))
}

/// The first and last byte of a `Range` header; a header S3 cannot read is ignored.
fn slice(range: &str, size: usize) -> Result<Option<(usize, usize)>, AwsError> {
    let parsed = range.strip_prefix("bytes=").and_then(|it| it.split_once('-'));
    let Some((first, last)) = parsed else { return Ok(None) };
    let bounds = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(size.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, size.saturating_sub(1)),
        (Err(_), Ok(count)) if first.is_empty() && count > 0 => {
            (size.saturating_sub(count), size.saturating_sub(1))
        }
        _ => return Ok(None),
    };
    if bounds.0 >= size {
        return Err(AwsError::new(416, "InvalidRange", "The requested range is not satisfiable"));
    }
    Ok(Some(bounds))
}

/// AWS: "If bucket versioning is enabled, the operation inserts a delete marker, which becomes
/// the current version of the object." What is not there is deleted without complaint.
pub(super) fn delete(
    world: &World,
    call: &Call,
    bucket: &str,
    key: &str,
) -> Result<Reply, AwsError> {
    let now = world.clock().now();
    let mut state = world.state();
    let bucket = state.s3.buckets.get_mut(bucket).ok_or_else(|| no_such_bucket(bucket))?;
    let mut headers = Vec::new();
    match option(&call.uri, "versionId") {
        Some(id) => {
            if let Some(versions) = bucket.objects.get_mut(key) {
                let marker = versions.iter().any(|it| it.id == id && it.content.is_none());
                versions.retain(|it| it.id != id);
                if marker {
                    headers.push(("x-amz-delete-marker".to_owned(), "true".to_owned()));
                }
            }
            headers.push(("x-amz-version-id".to_owned(), id));
        }
        None if bucket.versioning.is_some() => {
            let marker = Version {
                id: new_id(bucket),
                content: None,
                etag: String::new(),
                modified: now,
                headers: Vec::new(),
            };
            headers.push(("x-amz-delete-marker".to_owned(), "true".to_owned()));
            headers.push(("x-amz-version-id".to_owned(), marker.id.clone()));
            add(bucket, key, marker);
        }
        None => {
            bucket.objects.remove(key);
        }
    }
    bucket.objects.retain(|_, versions| !versions.is_empty());
    Ok(Reply::Raw(204, headers, Bytes::new()))
}
