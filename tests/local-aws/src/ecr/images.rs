//! Images: one for each digest, with as many tags as point to it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::Digest as _;

use super::{Answer, Image, Repository, invalid, paged};
use crate::wire::AwsError;
use crate::world::{ACCOUNT, World};

/// What a manifest is unless it or the request says.
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

fn digest_of(manifest: &str) -> String {
    let digest = sha2::Sha256::digest(manifest.as_bytes());
    digest.iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Repository {
    /// The digest an image id means, if there is such an image. With both a digest and a tag, the
    /// tag has to be the image's.
    fn find(&self, id: &Value) -> Option<String> {
        let (digest, tag) = (id["imageDigest"].as_str(), id["imageTag"].as_str());
        let is = |(has, image): &(&String, &Image)| {
            digest.is_none_or(|it| it == has.as_str())
                && tag.is_none_or(|it| image.tags.contains(it))
        };
        self.images.iter().find(is).map(|(digest, _)| digest.clone())
    }

    fn failure(&self, id: &Value) -> Value {
        let mut id = id.clone();
        if let Some(members) = id.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        let both = id["imageDigest"].is_string() && id["imageTag"].is_string();
        let (code, reason) =
            match (both, id["imageDigest"].is_string() || id["imageTag"].is_string()) {
                (_, false) => ("MissingDigestAndTag", "Missing image digest and tag"),
                (true, _) if self.find(&json!({"imageDigest": id["imageDigest"]})).is_some() => {
                    ("ImageTagDoesNotMatchDigest", "Requested image tag does not match the digest")
                }
                _ => ("ImageNotFound", "Requested image not found"),
            };
        json!({"imageId": id, "failureCode": code, "failureReason": reason})
    }

    /// An image as `PutImage` and `BatchGetImage` answer it.
    fn pulled(&self, digest: &str, tag: Option<&str>) -> Value {
        let image = &self.images[digest];
        let mut id = json!({"imageDigest": digest});
        if let Some(tag) = tag {
            id["imageTag"] = json!(tag);
        }
        json!({
            "registryId": ACCOUNT,
            "repositoryName": self.name,
            "imageId": id,
            "imageManifest": image.manifest,
            "imageManifestMediaType": image.media_type,
        })
    }

    /// An image as `DescribeImages` answers it.
    fn detail(&self, digest: &str) -> Value {
        let image = &self.images[digest];
        let mut detail = json!({
            "registryId": ACCOUNT,
            "repositoryName": self.name,
            "imageDigest": digest,
            "imageSizeInBytes": image.manifest.len(),
            "imagePushedAt": image.pushed,
            "imageManifestMediaType": image.media_type,
        });
        if !image.tags.is_empty() {
            detail["imageTags"] = json!(image.tags);
        }
        detail
    }
}

/// A tag that another image has moves to this one, unless the repository's tags are immutable.
pub(super) fn put(world: &World, input: &Value) -> Answer {
    let manifest = input["imageManifest"].as_str().filter(|it| !it.is_empty());
    let manifest = manifest.ok_or_else(|| invalid("imageManifest must not be empty."))?;
    let told: Value = serde_json::from_str(manifest)
        .map_err(|_| invalid("Invalid parameter at 'ImageManifest': it is no JSON."))?;
    let digest = digest_of(manifest);
    if input["imageDigest"].as_str().is_some_and(|it| it != digest) {
        let message = "The specified image digest does not match the digest of the manifest.";
        return Err(AwsError::bad("ImageDigestDoesNotMatchException", message));
    }
    let media_type = told["mediaType"].as_str().or(input["imageManifestMediaType"].as_str());
    let tag = input["imageTag"].as_str();
    let pushed = world.clock().epoch_seconds();
    let mut state = world.state();
    let repository = state.ecr.repository(input)?;
    let there = repository.images.get(&digest);
    if there.is_some_and(|it| tag.is_none_or(|tag| it.tags.contains(tag))) {
        let tagged = tag.unwrap_or("null");
        let message = format!(
            "Image with digest '{digest}' and tag '{tagged}' already exists in the repository with \
             name '{}' in registry with id '{ACCOUNT}'",
            repository.name
        );
        return Err(AwsError::bad("ImageAlreadyExistsException", message));
    }
    if let Some(tag) = tag {
        let mut others = repository.images.values_mut();
        if let Some(other) = others.find(|it| it.tags.contains(tag)) {
            if repository.mutability == "IMMUTABLE" {
                let message = format!(
                    "The image tag '{tag}' already exists in the '{}' repository and cannot be \
                     overwritten because the tag is immutable.",
                    repository.name
                );
                return Err(AwsError::bad("ImageTagAlreadyExistsException", message));
            }
            other.tags.remove(tag);
        }
    }
    let image = repository.images.entry(digest.clone()).or_insert_with(|| Image {
        manifest: manifest.to_owned(),
        media_type: media_type.unwrap_or(MANIFEST).to_owned(),
        pushed,
        tags: BTreeSet::new(),
    });
    image.tags.extend(tag.map(str::to_owned));
    Ok(json!({"image": repository.pulled(&digest, tag)}))
}

/// Whether a filter's `tagStatus` lets an image through.
fn status(input: &Value) -> Result<impl Fn(&Image) -> bool + use<>, AwsError> {
    let wanted = match input["filter"]["tagStatus"].as_str().unwrap_or("ANY") {
        "ANY" => None,
        "TAGGED" => Some(true),
        "UNTAGGED" => Some(false),
        _ => return Err(invalid("tagStatus must be TAGGED, UNTAGGED or ANY.")),
    };
    Ok(move |it: &Image| wanted.is_none_or(|wanted| wanted != it.tags.is_empty()))
}

/// One id for each tag, and one for an image without tags.
pub(super) fn list(world: &World, input: &Value) -> Answer {
    let wanted = status(input)?;
    let mut state = world.state();
    let repository = state.ecr.repository(input)?;
    let mut ids = Vec::new();
    for (digest, image) in repository.images.iter().filter(|it| wanted(it.1)) {
        match image.tags.is_empty() {
            true => ids.push(json!({"imageDigest": digest})),
            false => ids
                .extend(image.tags.iter().map(|it| json!({"imageDigest": digest, "imageTag": it}))),
        }
    }
    paged(input, "imageIds", &ids)
}

pub(super) fn describe(world: &World, input: &Value) -> Answer {
    let wanted = status(input)?;
    let mut state = world.state();
    let repository = state.ecr.repository(input)?;
    if input["imageIds"].is_null() {
        let images = repository.images.iter().filter(|it| wanted(it.1));
        let details: Vec<Value> = images.map(|(digest, _)| repository.detail(digest)).collect();
        return paged(input, "imageDetails", &details);
    }
    let mut found = BTreeSet::new();
    for id in image_ids(input)? {
        let digest = repository.find(id).ok_or_else(|| {
            let message = format!(
                "The image with imageId {id} does not exist within the repository with name \
                 '{}' in the registry with id '{ACCOUNT}'",
                repository.name
            );
            AwsError::bad("ImageNotFoundException", message)
        })?;
        found.insert(digest);
    }
    let details: Vec<Value> = found.iter().map(|it| repository.detail(it)).collect();
    Ok(json!({"imageDetails": details}))
}

/// The model: 1 to 100 ids.
fn image_ids(input: &Value) -> Result<&[Value], AwsError> {
    let ids = input["imageIds"].as_array().filter(|it| (1..=100).contains(&it.len()));
    ids.map(Vec::as_slice).ok_or_else(|| {
        invalid(
            "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have \
             length less than or equal to 100'",
        )
    })
}

pub(super) fn batch_get(world: &World, input: &Value) -> Answer {
    let ids = image_ids(input)?;
    let mut state = world.state();
    let repository = state.ecr.repository(input)?;
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in ids {
        match repository.find(id).filter(|_| names_something(id)) {
            Some(digest) => images.push(repository.pulled(&digest, id["imageTag"].as_str())),
            None => failures.push(repository.failure(id)),
        }
    }
    Ok(json!({"images": images, "failures": failures}))
}

fn names_something(id: &Value) -> bool {
    id["imageDigest"].is_string() || id["imageTag"].is_string()
}

/// AWS: "You can remove a tag from an image by specifying the image's tag in your request. When you
/// remove the last tag from an image, the image is deleted from your repository. You can completely
/// delete an image (and all of its tags) by specifying the image's digest in your request."
pub(super) fn batch_delete(world: &World, input: &Value) -> Answer {
    let ids = image_ids(input)?;
    let mut state = world.state();
    let repository = state.ecr.repository(input)?;
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for id in ids {
        let Some(digest) = repository.find(id).filter(|_| names_something(id)) else {
            failures.push(repository.failure(id));
            continue;
        };
        let Some(image) = repository.images.get_mut(&digest) else { continue };
        let gone: Vec<String> = match id["imageTag"].as_str() {
            Some(tag) => image.tags.take(tag).into_iter().collect(),
            None => std::mem::take(&mut image.tags).into_iter().collect(),
        };
        if image.tags.is_empty() {
            repository.images.remove(&digest);
        }
        match gone.is_empty() {
            true => deleted.push(json!({"imageDigest": digest})),
            false => {
                deleted.extend(gone.iter().map(|it| json!({"imageDigest": digest, "imageTag": it})))
            }
        }
    }
    Ok(json!({"imageIds": deleted, "failures": failures}))
}
