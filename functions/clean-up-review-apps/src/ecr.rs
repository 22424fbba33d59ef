//! Amazon ECR: tags of images.
//!
//! **Invariant:** images are removed by their tags, never by a digest: that would take all other tags of the
//! image with it, `production` among them.

use std::collections::{BTreeMap, BTreeSet};

use aws_call::{Call as _, Class, Failed};
use aws_sdk_ecr::types::{ImageDetail, ImageFailure, ImageIdentifier, ListImagesFilter, TagStatus};

use crate::aws::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Resource};
use crate::scope::{Removed, Scope};

/// ECR describes and deletes so many images at once.
const AT_ONCE: usize = 100;

/// The tags of images that may be a review app's. The tags that a repository carries are not its images'.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    let mut keys = Vec::new();
    if !scope.wants(Kind::Image) {
        return Ok(Vec::new());
    }
    let mut pages = aws.ecr.describe_repositories().into_paginator().page_size(1000).send();
    while let Some(page) = pages.next().await {
        for it in page.call("DescribeRepositories")?.repositories.unwrap_or_default() {
            let Some(repository) = it.repository_name else { continue };
            let tags = image_tags(aws, &repository).await?.into_iter();
            let ours = tags.filter(|it| scope.may_be_ours(Kind::Image, it, None, None));
            keys.extend(ours.map(|it| key(&repository, &it)));
        }
    }
    look(aws, &keys).await
}

/// These tags of images, as they are now.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let mut found = Vec::new();
    for (repository, tags) in by_repository(keys) {
        for tags in tags.chunks(AT_ONCE) {
            let images = images(aws, repository, tags).await?;
            found.extend(tags.iter().filter_map(|it| resource(repository, it, &images)));
        }
    }
    Ok(found)
}

/// Takes tags off images. AWS: "When you remove the last tag from an image, the image is deleted from your
/// repository."
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let keys: Vec<Key> = tickets.iter().map(|it| it.key().clone()).collect();
    let mut removed = Removed::new();
    for (repository, tags) in by_repository(&keys) {
        let request = aws.ecr.batch_delete_image().repository_name(repository);
        let request = request.set_image_ids(Some(identifiers(&tags)));
        let answer = request.send().await.call("BatchDeleteImage");
        let failures = answer.map(|it| it.failures.unwrap_or_default());
        removed.extend(tags.iter().map(|tag| {
            let result = failures.as_ref().map_err(Clone::clone);
            (key(repository, tag), result.and_then(|it| outcome(tag, it)))
        }));
    }
    removed
}

/// All tags of a repository's images; none if there is no such repository any more.
async fn image_tags(aws: &Aws, repository: &str) -> Result<BTreeSet<String>, Failed> {
    let filter = ListImagesFilter::builder().tag_status(TagStatus::Tagged).build();
    let request = aws.ecr.list_images().repository_name(repository).filter(filter);
    let mut pages = request.into_paginator().page_size(1000).send();
    let mut tags = BTreeSet::new();
    while let Some(page) = pages.next().await {
        match page.call("ListImages") {
            Ok(page) => {
                let images = page.image_ids.unwrap_or_default().into_iter();
                tags.extend(images.filter_map(|it| it.image_tag));
            }
            Err(failed) if failed.class == Class::Gone => return Ok(BTreeSet::new()),
            Err(failed) => return Err(failed),
        }
    }
    Ok(tags)
}

/// The images with these tags. One tag that is gone fails the whole call: then each is asked for by itself.
async fn images(aws: &Aws, repository: &str, tags: &[&str]) -> Result<Vec<ImageDetail>, Failed> {
    match describe(aws, repository, tags).await {
        Err(failed) if failed.is("ImageNotFoundException") => {}
        Err(failed) if failed.class == Class::Gone => return Ok(Vec::new()),
        answer => return answer,
    }
    let mut found = Vec::new();
    for tag in tags {
        match describe(aws, repository, &[*tag]).await {
            Ok(images) => found.extend(images),
            Err(failed) if failed.class == Class::Gone => {}
            Err(failed) => return Err(failed),
        }
    }
    Ok(found)
}

async fn describe(aws: &Aws, repository: &str, tags: &[&str]) -> Result<Vec<ImageDetail>, Failed> {
    let request = aws.ecr.describe_images().repository_name(repository);
    let request = request.set_image_ids(Some(identifiers(tags)));
    let answer = request.send().await.call("DescribeImages")?;
    Ok(answer.image_details.unwrap_or_default())
}

fn identifiers(tags: &[&str]) -> Vec<ImageIdentifier> {
    tags.iter().map(|it| ImageIdentifier::builder().image_tag(*it).build()).collect()
}

/// What became of a tag, by what AWS said of those that it kept.
fn outcome(tag: &str, failures: &[ImageFailure]) -> Result<(), Failed> {
    let is_tag = |it: &&ImageFailure| it.image_id().and_then(|it| it.image_tag()) == Some(tag);
    let Some(failure) = failures.iter().find(is_tag) else { return Ok(()) };
    Err(Failed {
        operation: "BatchDeleteImage",
        code: failure.failure_code().map(|it| it.as_str().to_owned()),
        message: failure.failure_reason().unwrap_or_default().to_owned(),
        class: Class::Real,
    })
}

/// A tag, if one of these images has it.
fn resource(repository: &str, tag: &str, images: &[ImageDetail]) -> Option<Resource> {
    let image = images.iter().find(|it| it.image_tags().iter().any(|it| it == tag))?;
    let pushed = image.image_pushed_at().map(|it| it.secs());
    Some(Resource::new(key(repository, tag), tag).born(pushed))
}

fn key(repository: &str, tag: &str) -> Key {
    Key::new(Kind::Image, format!("{repository}:{tag}"))
}

/// Tags by the repositories that they are in. Neither has a colon in it.
fn by_repository(keys: &[Key]) -> BTreeMap<&str, Vec<&str>> {
    let mut found = BTreeMap::<&str, Vec<&str>>::new();
    for (repository, tag) in keys.iter().filter_map(|it| it.id.split_once(':')) {
        found.entry(repository).or_default().push(tag);
    }
    found
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::types::ImageFailureCode;

    use super::*;

    #[test]
    fn tags_are_asked_for_by_repository() {
        let keys = [key("team/app", "review-12-a"), key("db", "x"), key("team/app", "review-12-b")];
        let grouped = by_repository(&keys);
        assert_eq!(grouped["team/app"], ["review-12-a", "review-12-b"]);
        assert_eq!(grouped["db"], ["x"]);
    }

    #[test]
    fn only_the_tag_that_was_asked_for_is_shown() {
        let image = ImageDetail::builder().image_tags("production").image_tags("review-12-a");
        let images = [image.build()];
        let shown = resource("app", "review-12-a", &images).unwrap();
        assert_eq!(
            (shown.key.id.as_str(), shown.name.as_str()),
            ("app:review-12-a", "review-12-a")
        );
        assert_eq!(resource("app", "review-12-b", &images), None);
    }

    #[test]
    fn a_failure_is_of_one_tag() {
        let failure = ImageFailure::builder()
            .image_id(ImageIdentifier::builder().image_tag("a").build())
            .failure_code(ImageFailureCode::ImageNotFound)
            .failure_reason("Requested image not found");
        let failures = [failure.build()];
        let failed = outcome("a", &failures).unwrap_err();
        assert_eq!(
            failed.to_string(),
            "BatchDeleteImage: ImageNotFound: Requested image not found"
        );
        assert_eq!(outcome("b", &failures), Ok(()));
    }
}
