//! The Resource Groups Tagging API: where to look.
//!
//! It also returns what is gone by now, and tags that were changed since: nothing is decided by what it says.

use std::collections::BTreeMap;

use aws_call::{Call as _, Failed};
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};

use crate::aws::Aws;
use crate::resource::{Resource, Tags};
use crate::rules::Rules;

/// The API returns so many at once.
const PER_PAGE: i32 = 100;

/// What is said to be tagged as review apps are, or protected, by ARN.
pub(crate) async fn tagged(aws: &Aws, rules: &Rules) -> Result<BTreeMap<String, Tags>, Failed> {
    let mut found = BTreeMap::new();
    for filters in queries(rules) {
        let resources = match resources(aws, &filters).await {
            // AWS: "To fix this, submit the request again without the token."
            Err(failed) if failed.is("PaginationTokenExpiredException") => {
                resources(aws, &filters).await?
            }
            resources => resources?,
        };
        found.extend(resources.into_iter().filter_map(mapping));
    }
    Ok(found)
}

/// The tags of these, a hundred in a request, as the index has them: for what already belongs to an app by its
/// name, so that an older answer can only keep it.
pub(crate) async fn tags_of(aws: &Aws, arns: &[String]) -> Result<BTreeMap<String, Tags>, Failed> {
    let mut found = BTreeMap::new();
    for some in arns.chunks(100) {
        let request = aws.resourcegroupstagging.get_resources();
        let request = request.set_resource_arn_list(Some(some.to_vec()));
        let answer = request.send().await.call("GetResources")?;
        let resources = answer.resource_tag_mapping_list.unwrap_or_default();
        found.extend(resources.into_iter().filter_map(mapping));
    }
    Ok(found)
}

/// The same resources with the tags that the index has of them.
pub(crate) async fn with_tags_of(
    aws: &Aws,
    mut resources: Vec<Resource>,
) -> Result<Vec<Resource>, Failed> {
    let arns: Vec<String> = resources.iter().filter_map(|it| it.arn.clone()).collect();
    let mut tags = tags_of(aws, &arns).await?;
    for it in &mut resources {
        it.tags = it.arn.as_ref().and_then(|arn| tags.remove(arn)).unwrap_or_default();
    }
    Ok(resources)
}

async fn resources(aws: &Aws, filters: &[TagFilter]) -> Result<Vec<ResourceTagMapping>, Failed> {
    let mut found = Vec::new();
    let mut pages = aws
        .resourcegroupstagging
        .get_resources()
        .set_tag_filters(Some(filters.to_vec()))
        .resources_per_page(PER_PAGE)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        found.extend(page.call("GetResources")?.resource_tag_mapping_list.unwrap_or_default());
    }
    Ok(found)
}

/// Filters of one query have to match all together, so that "or" takes several queries.
fn queries(rules: &Rules) -> Vec<Vec<TagFilter>> {
    let by_key = |key: &str| vec![TagFilter::builder().key(key).build()];
    let mut queries = Vec::new();
    if !rules.preview_tags.is_empty() {
        let exactly = |(key, value)| TagFilter::builder().key(key).values(value).build();
        queries.push(rules.preview_tags.clone().into_iter().map(exactly).collect());
        // What has the number and lacks another tag contradicts itself, which is worth a report.
        queries.push(by_key(&rules.pr_tag));
    }
    if let Some((key, value)) = &rules.repository_tag {
        queries.push(vec![TagFilter::builder().key(key).values(value).build()]);
    }
    queries.push(by_key(&rules.protect_tag));
    queries
}

fn mapping(it: ResourceTagMapping) -> Option<(String, Tags)> {
    let tags = it.tags.unwrap_or_default().into_iter().map(|it| (it.key, it.value)).collect();
    Some((it.resource_arn?, tags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(preview_tags: &[(&str, &str)], expected: &[&str]) {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let rules = Rules {
            preview_tags: preview_tags.iter().map(own).collect(),
            pr_tag: "github-pr".to_owned(),
            protect_tag: "keep".to_owned(),
            ..Rules::default()
        };
        let word = |it: &TagFilter| format!("{}={:?}", it.key().unwrap_or_default(), it.values());
        let query = |it: &Vec<TagFilter>| it.iter().map(word).collect::<Vec<_>>().join(" ");
        assert_eq!(queries(&rules).iter().map(query).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn tags_are_asked_for_together_and_the_keys_by_themselves() {
        check(
            &[("app", "core"), ("environment", "preview")],
            &[r#"app=["core"] environment=["preview"]"#, "github-pr=[]", "keep=[]"],
        );
    }

    #[test]
    fn where_tags_say_nothing_only_protection_is_asked_for() {
        check(&[], &["keep=[]"]);
    }
}
