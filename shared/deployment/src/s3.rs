//! Amazon S3: where some revisions live.

use anyhow::{Context as _, Result};
use aws_call::Call as _;
use aws_sdk_codedeploy::types::S3Location;
use aws_sdk_s3::Client;

use crate::archive;

/// The AppSpec's text of a revision in a bucket, in exactly the version that is deployed.
pub(crate) async fn appspec(s3: &Client, location: &S3Location) -> Result<String> {
    let bucket = location.bucket().context("the revision names no bucket")?;
    let key = location.key().context("the revision names no key")?;
    let place = format!("s3://{bucket}/{key}");
    let object = s3
        .get_object()
        .bucket(bucket)
        .key(key)
        .set_version_id(location.version().map(str::to_owned))
        .set_if_match(location.e_tag().filter(|_| location.version().is_none()).map(str::to_owned))
        .send()
        .await
        .call("GetObject")
        .with_context(|| format!("reading {place}"))?;
    let body = object.body.collect().await.with_context(|| format!("reading {place}"))?;
    archive::appspec(&body.into_bytes()).with_context(|| format!("in {place}"))
}
