//! What `GetResources` is asked for.

use serde_json::Value;

use super::{PAGE, invalid};
use crate::tags::Tags;
use crate::wire::AwsError;

/// The filters of one request: a resource has to pass all of them.
pub(super) struct Wanted {
    /// Keys, and the values of which one is wanted; any, if there are none.
    tags: Vec<(String, Vec<String>)>,
    /// `service` or `service:type`.
    types: Vec<String>,
    arns: Vec<String>,
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

impl Wanted {
    pub(super) fn read(input: &Value) -> Result<Self, AwsError> {
        let mut tags = Vec::new();
        for filter in input["TagFilters"].as_array().into_iter().flatten() {
            let key = filter["Key"].as_str().unwrap_or_default();
            let values = texts(&filter["Values"]);
            if key.is_empty() || key.chars().count() > 128 {
                return Err(invalid("The key of a TagFilter must have 1 to 128 characters."));
            }
            if values.len() > 20 {
                return Err(invalid("A TagFilter can have at most 20 values."));
            }
            tags.push((key.to_owned(), values));
        }
        let wanted = Self {
            tags,
            types: texts(&input["ResourceTypeFilters"]),
            arns: texts(&input["ResourceARNList"]),
        };
        if wanted.tags.len() > 50 {
            return Err(invalid("A request can include up to 50 keys."));
        }
        if wanted.types.len() > 100 || wanted.arns.len() > 100 {
            return Err(invalid("A list can have at most 100 items."));
        }
        wanted.alone(input)?;
        Ok(wanted)
    }

    /// AWS: "You can't specify both this parameter and any of the pagination parameters
    /// (`ResourcesPerPage`, `TagsPerPage`, `PaginationToken`) in the same request", nor filters.
    fn alone(&self, input: &Value) -> Result<(), AwsError> {
        let pages = ["ResourcesPerPage", "TagsPerPage", "PaginationToken"];
        let others = !self.tags.is_empty()
            || !self.types.is_empty()
            || pages.iter().any(|it| !input[it].is_null() && input[it] != "");
        match !self.arns.is_empty() && others {
            true => Err(invalid("ResourceARNList cannot be specified with another parameter.")),
            false => Ok(()),
        }
    }

    pub(super) fn takes(&self, arn: &str, tags: &Tags) -> bool {
        let has = |(key, values): &(String, Vec<String>)| {
            tags.get(key).is_some_and(|it| values.is_empty() || values.contains(it))
        };
        self.tags.iter().all(has)
            && (self.types.is_empty() || self.types.iter().any(|it| is_of(arn, it)))
            && (self.arns.is_empty() || self.arns.iter().any(|it| it == arn))
    }
}

/// AWS: "The string for each service name and resource type is the same as that embedded in a
/// resource's Amazon Resource Name (ARN)."
fn is_of(arn: &str, wanted: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, service, _, _, resource] = parts.as_slice() else { return false };
    match wanted.split_once(':') {
        None => *service == wanted,
        Some((of, kind)) => *service == of && resource.split(['/', ':']).next() == Some(kind),
    }
}

/// AWS: "You can specify a minimum of 1 and a maximum value of 100."
pub(super) fn per_page(input: &Value) -> Result<usize, AwsError> {
    if !input["TagsPerPage"].is_null() {
        return Err(invalid("local-aws pages by ResourcesPerPage, as AWS recommends"));
    }
    match &input["ResourcesPerPage"] {
        Value::Null => Ok(PAGE),
        count => count
            .as_u64()
            .and_then(|it| usize::try_from(it).ok())
            .filter(|it| (1..=100).contains(it))
            .ok_or_else(|| invalid("ResourcesPerPage must be between 1 and 100.")),
    }
}
