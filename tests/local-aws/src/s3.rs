//! Amazon S3: buckets, objects and their versions. Enough for revisions and reports.

mod buckets;
mod chunked;
mod objects;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, Request, Uri};
use jiff::Timestamp;

use crate::wire::{AwsError, Call, Reply};
use crate::world::{World, unknown};

/// What the service remembers.
#[derive(Default)]
pub(crate) struct State {
    buckets: BTreeMap<String, Bucket>,
}

struct Bucket {
    created: Timestamp,
    /// `Enabled`, `Suspended`, or never set.
    versioning: Option<String>,
    /// The versions of each key, oldest first.
    objects: BTreeMap<String, Vec<Version>>,
}

/// One version of an object; without content it is a delete marker.
#[derive(Clone)]
struct Version {
    id: String,
    content: Option<Bytes>,
    etag: String,
    modified: Timestamp,
    /// `content-type`, `x-amz-meta-…`, checksums: what `GetObject` gives back as it came.
    headers: Vec<(String, String)>,
}

impl World {
    /// Puts an object; creates the bucket if there is none. The version's id, if it has one.
    pub fn put_object(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) -> Option<String> {
        let now = self.clock().now();
        let mut state = self.state();
        let bucket = state.s3.buckets.entry(bucket.to_owned()).or_insert_with(|| Bucket {
            created: now,
            versioning: None,
            objects: BTreeMap::new(),
        });
        objects::store(bucket, key, bytes.into(), Vec::new(), now).0
    }
}

/// The operation a request asks for. Sub-resources (`?versioning`) are operations of their own.
pub(crate) fn operation(request: &Request<Bytes>) -> &'static str {
    let (bucket, key) = place(request.uri(), request.headers());
    let asks = |name: &str| option(request.uri(), name).is_some();
    let method = request.method().as_str();
    // Query parameters that only qualify the plain operation.
    const PLAIN: [&str; 12] = [
        "x-id",
        "list-type",
        "prefix",
        "delimiter",
        "max-keys",
        "continuation-token",
        "start-after",
        "encoding-type",
        "fetch-owner",
        "versionId",
        "max-buckets",
        "bucket-region",
    ];
    let query = request.uri().query().unwrap_or_default();
    let foreign = url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| {
        !PLAIN.contains(&name.as_ref())
            && name != "versioning"
            && !name.starts_with("X-Amz-")
            && !name.starts_with("response-")
    });
    match (method, bucket.is_empty(), key.is_empty()) {
        _ if foreign => "Unknown",
        ("GET", false, true) if asks("versioning") => "GetBucketVersioning",
        ("PUT", false, true) if asks("versioning") => "PutBucketVersioning",
        ("GET", true, _) => "ListBuckets",
        ("GET", false, true) if asks("list-type") => "ListObjectsV2",
        ("GET", false, false) => "GetObject",
        ("HEAD", false, true) => "HeadBucket",
        ("HEAD", false, false) => "HeadObject",
        ("PUT", false, true) => "CreateBucket",
        ("PUT", false, false) => "PutObject",
        ("DELETE", false, true) => "DeleteBucket",
        ("DELETE", false, false) => "DeleteObject",
        _ => "Unknown",
    }
}

/// Answers one operation.
pub(crate) fn answer(world: &World, call: &Call) -> Result<Reply, AwsError> {
    let (bucket, key) = place(&call.uri, &call.headers);
    match call.operation.as_str() {
        "ListBuckets" => Ok(buckets::list(world)),
        "CreateBucket" => buckets::create(world, call, &bucket),
        "HeadBucket" => buckets::head(world, &bucket),
        "DeleteBucket" => buckets::delete(world, &bucket),
        "PutBucketVersioning" => buckets::put_versioning(world, call, &bucket),
        "GetBucketVersioning" => buckets::get_versioning(world, &bucket),
        "ListObjectsV2" => buckets::list_objects(world, call, &bucket),
        "PutObject" => objects::put(world, call, &bucket, &key),
        "GetObject" | "HeadObject" => objects::get(world, call, &bucket, &key),
        "DeleteObject" => objects::delete(world, call, &bucket, &key),
        _ => Err(unknown(call)),
    }
}

/// Bucket and key, from `/bucket/key` or from a host name that begins with the bucket.
fn place(uri: &Uri, headers: &HeaderMap) -> (String, String) {
    let host = headers.get("host").and_then(|it| it.to_str().ok());
    let host = host.or_else(|| uri.authority().map(http::uri::Authority::as_str)).unwrap_or("");
    let host = host.split(':').next().unwrap_or_default();
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let in_host = host
        .split_once(".s3.")
        .filter(|(_, rest)| rest.ends_with("amazonaws.com"))
        .map(|(bucket, _)| bucket)
        .or_else(|| host.strip_suffix(".localhost"));
    match in_host {
        Some(bucket) => (bucket.to_owned(), decoded(path)),
        None => match path.split_once('/') {
            Some((bucket, key)) => (decoded(bucket), decoded(key)),
            None => (decoded(path), String::new()),
        },
    }
}

fn decoded(text: &str) -> String {
    // Form decoding reads `+` as a space and `&` as a separator; in a path both are themselves.
    let pair = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    let first = url::form_urlencoded::parse(pair.as_bytes()).next();
    first.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// A query parameter; present without a value is the empty text.
fn option(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn no_such_bucket(bucket: &str) -> AwsError {
    AwsError::new(404, "NoSuchBucket", "The specified bucket does not exist")
        .with("BucketName", bucket.into())
}

fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}
