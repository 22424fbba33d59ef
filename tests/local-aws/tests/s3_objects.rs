//! Objects as SDKs send and read them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

mod over_http;

use local_aws::World;
use over_http::{send, served, signed_for};

struct S3 {
    world: World,
    address: String,
}

impl S3 {
    async fn with_a_bucket() -> Self {
        let (world, address) = served(None).await;
        let s3 = Self { world, address };
        let here = "<CreateBucketConfiguration><LocationConstraint>eu-west-2</LocationConstraint>\
                    </CreateBucketConfiguration>";
        assert_eq!(s3.send("PUT", "/revisions", &[], here).await.status(), 200);
        s3
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> http::Response<String> {
        let authorization = signed_for("s3");
        let mut all = vec![("authorization", authorization.as_str())];
        all.extend_from_slice(headers);
        let response = send(method, &format!("{}{path}", self.address), &all, body).await.unwrap();
        response.map(|body| String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = self.send("GET", path, &[], "").await;
        (response.status().as_u16(), response.into_body())
    }
}

fn code(answer: &str) -> &str {
    answer.split("<Code>").nth(1).and_then(|it| it.split("</Code>").next()).unwrap_or_default()
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_put() {
    let s3 = S3::with_a_bucket().await;
    let meta = [("x-amz-meta-commit", "abc"), ("content-type", "text/yaml")];
    let put = s3.send("PUT", "/revisions/web%20app/a%2Bb.yaml", &meta, "hello").await;
    assert_eq!(put.headers()["etag"], "\"5d41402abc4b2a76b9719d911017c592\"");
    assert!(!put.headers().contains_key("x-amz-version-id"));
    let got = s3.send("GET", "/revisions/web%20app/a+b.yaml", &[], "").await;
    assert_eq!(got.body(), "hello");
    assert_eq!(got.headers()["x-amz-meta-commit"], "abc");
    assert_eq!(got.headers()["content-type"], "text/yaml");
    assert_eq!(
        got.headers()["last-modified"].to_str().unwrap().len(),
        "Sat, 21 Nov 2026 12:00:00 GMT".len()
    );
}

#[tokio::test]
async fn missing_keys_and_buckets_are_404_with_their_names() {
    let s3 = S3::with_a_bucket().await;
    let (status, body) = s3.get("/revisions/none").await;
    assert_eq!((status, code(&body)), (404, "NoSuchKey"));
    assert!(body.contains("<Key>none</Key>"), "{body}");
    let (status, body) = s3.get("/elsewhere/none").await;
    assert_eq!((status, code(&body)), (404, "NoSuchBucket"));
    assert_eq!(s3.send("HEAD", "/revisions/none", &[], "").await.status(), 404);
}

#[tokio::test]
async fn a_chunked_upload_is_stored_without_its_chunks() {
    let s3 = S3::with_a_bucket().await;
    let chunked = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    let body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    assert_eq!(s3.send("PUT", "/revisions/a", &chunked, body).await.status(), 200);
    let got = s3.send("GET", "/revisions/a", &[("x-amz-checksum-mode", "ENABLED")], "").await;
    assert_eq!(got.body(), "hello");
    assert_eq!(got.headers()["x-amz-checksum-crc32"], "NhCmhg==");
    assert!(!got.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn content_that_does_not_match_its_checksum_is_refused() {
    let s3 = S3::with_a_bucket().await;
    let wrong = [("x-amz-checksum-crc32", "AAAAAA==")];
    let refused = s3.send("PUT", "/revisions/a", &wrong, "hello").await;
    assert_eq!((refused.status().as_u16(), code(refused.body())), (400, "BadDigest"));
    assert_eq!(s3.get("/revisions/a").await.0, 404);
}

#[tokio::test]
async fn a_range_is_a_part_of_the_object() {
    let s3 = S3::with_a_bucket().await;
    s3.world.put_object("revisions", "a", "0123456789");
    for (range, status, body) in [
        ("bytes=2-4", 206, "234"),
        ("bytes=7-", 206, "789"),
        ("bytes=-2", 206, "89"),
        ("bytes=5-99", 206, "56789"),
        ("lines=1-2", 200, "0123456789"),
    ] {
        let got = s3.send("GET", "/revisions/a", &[("range", range)], "").await;
        assert_eq!((got.status().as_u16(), got.body().as_str()), (status, body), "{range}");
    }
    let beyond = s3.send("GET", "/revisions/a", &[("range", "bytes=10-")], "").await;
    assert_eq!((beyond.status().as_u16(), code(beyond.body())), (416, "InvalidRange"));
}

#[tokio::test]
async fn versions_stay_readable_behind_a_delete_marker() {
    let s3 = S3::with_a_bucket().await;
    let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    assert_eq!(s3.send("PUT", "/revisions?versioning", &[], on).await.status(), 200);
    let first = s3.world.put_object("revisions", "a", "one").unwrap();
    s3.world.put_object("revisions", "a", "two").unwrap();
    assert_eq!(s3.get("/revisions/a").await.1, "two");

    let gone = s3.send("DELETE", "/revisions/a", &[], "").await;
    assert_eq!(
        (gone.status().as_u16(), &gone.headers()["x-amz-delete-marker"]),
        (204, &"true".parse().unwrap())
    );
    assert_eq!(s3.get("/revisions/a").await.0, 404);
    assert_eq!(s3.get(&format!("/revisions/a?versionId={first}")).await, (200, "one".to_owned()));
    let (status, body) = s3.get("/revisions/a?versionId=none").await;
    assert_eq!((status, code(&body)), (404, "NoSuchVersion"));

    let marker = gone.headers()["x-amz-version-id"].to_str().unwrap();
    s3.send("DELETE", &format!("/revisions/a?versionId={marker}"), &[], "").await;
    assert_eq!(s3.get("/revisions/a").await.1, "two");
}

#[tokio::test]
async fn listings_are_paged_and_grouped() {
    let s3 = S3::with_a_bucket().await;
    for key in ["a/1", "a/2", "b/1", "c"] {
        s3.world.put_object("revisions", key, "x");
    }
    let (_, grouped) = s3.get("/revisions?list-type=2&delimiter=/").await;
    assert!(grouped.contains("<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"), "{grouped}");
    assert!(grouped.contains("<KeyCount>3</KeyCount>"), "{grouped}");

    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/revisions?list-type=2&max-keys=3{token}");
        let (_, page) = s3.get(&path).await;
        seen.extend(page.split("<Key>").skip(1).map(|it| it.split('<').next().unwrap().to_owned()));
        let next = page.split("<NextContinuationToken>").nth(1);
        let Some(next) = next.and_then(|it| it.split('<').next()) else { break };
        token = format!("&continuation-token={}", next.replace('=', "%3D"));
    }
    assert_eq!(seen, ["a/1", "a/2", "b/1", "c"]);
}

#[tokio::test]
async fn a_bucket_with_objects_is_not_deleted() {
    let s3 = S3::with_a_bucket().await;
    s3.world.put_object("revisions", "a", "x");
    let refused = s3.send("DELETE", "/revisions", &[], "").await;
    assert_eq!((refused.status().as_u16(), code(refused.body())), (409, "BucketNotEmpty"));
    s3.send("DELETE", "/revisions/a", &[], "").await;
    assert_eq!(s3.send("DELETE", "/revisions", &[], "").await.status(), 204);
}
