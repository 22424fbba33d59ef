//! AWS Systems Manager: the parameters of apps, and approvals.

use std::collections::{BTreeMap, BTreeSet};

use aws_call::{Call as _, Failed};
use aws_sdk_ssm::error::SdkError;
use aws_sdk_ssm::operation::describe_parameters::DescribeParametersError;
use aws_sdk_ssm::types::{
    ParameterMetadata, ParameterStringFilter, ParameterTier, ParameterType, ResourceTypeForTagging,
};

use crate::aws::Aws;
use crate::kind::Kind;
use crate::ownership::Ticket;
use crate::resource::{Key, Resource};
use crate::scope::{Removed, Scope};

/// What an ARN of a parameter says before the name.
const PART: &str = ":parameter/";

/// A filter takes so many values.
const AT_ONCE: usize = 50;

/// The parameters that may be a review app's.
pub(crate) async fn seen(aws: &Aws, scope: &Scope<'_>) -> Result<Vec<Resource>, Failed> {
    if !scope.wants(Kind::Parameter) {
        return Ok(Vec::new());
    }
    let mut found = BTreeMap::new();
    for prefix in scope.prefixes(Kind::Parameter) {
        let listed = parameters(aws, "BeginsWith", &[prefix.to_owned()]).await?.into_iter();
        found.extend(
            listed.filter(|(name, it)| scope.may_be_ours(Kind::Parameter, name, it.arn(), None)),
        );
    }
    let tagged: BTreeSet<String> = scope.tagged_with(PART).flat_map(names).collect();
    let missing: Vec<String> = tagged.into_iter().filter(|it| !found.contains_key(it)).collect();
    found.extend(named(aws, &missing).await?);
    described(aws, found).await
}

/// These parameters, as they are now.
pub(crate) async fn look(aws: &Aws, keys: &[Key]) -> Result<Vec<Resource>, Failed> {
    let names: Vec<String> = keys.iter().map(|it| it.id.clone()).collect();
    described(aws, named(aws, &names).await?).await
}

/// Deletes parameters. AWS lists those that it hasn't got, and deletes the others.
pub(crate) async fn remove(aws: &Aws, tickets: Vec<Ticket>) -> Removed {
    let names = tickets.iter().map(|it| it.id().to_owned()).collect();
    let request = aws.ssm.delete_parameters().set_names(Some(names));
    let answer = request.send().await.call("DeleteParameters").map(drop);
    tickets.iter().map(|it| (it.key().clone(), answer.clone())).collect()
}

/// What was approved; nothing if nothing ever was.
pub(crate) async fn approval(aws: &Aws, name: &str) -> Result<Option<String>, Failed> {
    match aws.ssm.get_parameter().name(name).send().await.call("GetParameter") {
        Ok(answer) => Ok(answer.parameter.and_then(|it| it.value)),
        Err(failed) if failed.is("ParameterNotFound") => Ok(None),
        Err(failed) => Err(failed),
    }
}

/// Remembers what was approved.
pub(crate) async fn approve(aws: &Aws, name: &str, value: &str) -> Result<(), Failed> {
    let request = aws.ssm.put_parameter().name(name).value(value).overwrite(true);
    let request = request.r#type(ParameterType::String).tier(ParameterTier::IntelligentTiering);
    request.send().await.call("PutParameter").map(drop)
}

/// The parameters with exactly these names.
async fn named(aws: &Aws, names: &[String]) -> Result<BTreeMap<String, ParameterMetadata>, Failed> {
    let mut found = BTreeMap::new();
    for names in names.chunks(AT_ONCE) {
        found.extend(parameters(aws, "Equals", names).await?);
    }
    Ok(found)
}

/// The parameters whose names equal, or begin with, one of these.
async fn parameters(
    aws: &Aws,
    option: &str,
    names: &[String],
) -> Result<BTreeMap<String, ParameterMetadata>, Failed> {
    const OPERATION: &str = "DescribeParameters";
    let mut request = aws.ssm.describe_parameters();
    // Every name begins with nothing, and AWS refuses an empty value.
    if names.iter().all(|it| !it.is_empty()) {
        let filter = ParameterStringFilter::builder().key("Name").option(option);
        let filter = filter.set_values(Some(names.to_vec())).build();
        let unbuilt = SdkError::<DescribeParametersError>::construction_failure;
        request = request.parameter_filters(filter.map_err(unbuilt).call(OPERATION)?);
    }
    let mut found = BTreeMap::new();
    let mut pages = request.into_paginator().page_size(50).send();
    while let Some(page) = pages.next().await {
        let listed = page.call(OPERATION)?.parameters.unwrap_or_default().into_iter();
        found.extend(listed.filter_map(|it| Some((it.name.clone()?, it))));
    }
    Ok(found)
}

/// Parameters with their tags. Those that vanished meanwhile are left out.
///
/// AWS only tells when one was last written. That is no deployment: whoever refreshes a value every hour
/// would keep the app for ever.
async fn described(
    aws: &Aws,
    parameters: BTreeMap<String, ParameterMetadata>,
) -> Result<Vec<Resource>, Failed> {
    let mut found = Vec::new();
    for (name, parameter) in parameters {
        let request = aws.ssm.list_tags_for_resource().resource_id(&name);
        let request = request.resource_type(ResourceTypeForTagging::Parameter);
        match request.send().await.call("ListTagsForResource") {
            Ok(answer) => {
                let tags = answer.tag_list.unwrap_or_default().into_iter();
                let mut it = Resource::new(Key::new(Kind::Parameter, &name), name)
                    .tags(tags.map(|it| (it.key, it.value)));
                it.arn = parameter.arn;
                found.push(it);
            }
            Err(failed) if failed.is("InvalidResourceId") => {}
            Err(failed) => return Err(failed),
        }
    }
    Ok(found)
}

/// The names that an ARN may stand for: it has one slash, whether the name begins with one or not. A name
/// with a slash in it has to begin with one.
fn names(arn: &str) -> Vec<String> {
    let Some((_, rest)) = arn.split_once(PART).filter(|_| arn.contains(":ssm:")) else {
        return Vec::new();
    };
    let absolute = format!("/{rest}");
    if rest.contains('/') { vec![absolute] } else { vec![absolute, rest.to_owned()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_an_arn() {
        let check = |end: &str, expected: &[&str]| {
            assert_eq!(names(&format!("arn:aws:ssm:eu-west-2:123456789012:{end}")), expected);
        };
        check("parameter/core-review-12", &["/core-review-12", "core-review-12"]);
        check("parameter/core-review-12/db", &["/core-review-12/db"]);
        check("document/core-review-12", &[]);
        assert!(names("arn:aws:other:eu-west-2:123456789012:parameter/core-review-12").is_empty());
    }
}
