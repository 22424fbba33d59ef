//! What GitHub is asked.

use std::collections::BTreeSet;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::Method;
use secret::Secret;
use serde_json::{Value, json};

use crate::repository::Repository;

/// So many pull requests at once. GitHub counts one point for up to a hundred of them.
pub(crate) const AT_ONCE: usize = 100;

/// The GraphQL query for pull requests: what GitHub calls them in its answer, [`alias`] says.
pub(crate) fn graphql(repository: &Repository, numbers: &BTreeSet<u32>) -> Value {
    let fields =
        "number state closedAt labels(first: 100) { pageInfo { hasNextPage } nodes { name } }";
    let wanted: Vec<String> = numbers
        .iter()
        .map(|number| format!("{}: pullRequest(number: {number}) {{ {fields} }}", alias(*number)))
        .collect();
    // The id comes with every answer: whatever has another one has closed pull requests with our numbers.
    let query = format!(
        "query($owner: String!, $name: String!) {{ repository(owner: $owner, name: $name) \
         {{ id databaseId nameWithOwner {} }} }}",
        wanted.join(" ")
    );
    json!({"query": query, "variables": {"owner": repository.owner(), "name": repository.name()}})
}

/// A request with a token.
pub(crate) fn request(
    method: &Method,
    url: &str,
    body: Option<&Value>,
    token: &Secret,
) -> Option<HttpRequest> {
    let mut token = http::HeaderValue::try_from(format!("Bearer {}", token.expose())).ok()?;
    token.set_sensitive(true);
    let builder = http::Request::builder()
        .method(method)
        .uri(url)
        .header("user-agent", "quayside")
        .header("accept", "application/vnd.github+json")
        .header("x-github-api-version", "2022-11-28")
        .header("authorization", token);
    let request = match body {
        Some(body) => {
            builder.header("content-type", "application/json").body(SdkBody::from(body.to_string()))
        }
        None => builder.body(SdkBody::empty()),
    };
    HttpRequest::try_from(request.ok()?).ok()
}

/// A pull request's name in a query and its answer.
pub(crate) fn alias(number: u32) -> String {
    format!("p{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_asks_for_the_repository_with_its_pull_requests() {
        let repository = Repository::new("acme/web", "R_1").unwrap();
        let asked = graphql(&repository, &BTreeSet::from([12, 7]));
        assert_eq!(asked["variables"], json!({"owner": "acme", "name": "web"}));
        let query = asked["query"].as_str().unwrap();
        assert!(query.contains("{ id databaseId nameWithOwner p7: pullRequest(number: 7) {"));
        assert!(query.contains(" p12: pullRequest(number: 12) { number state closedAt labels("));
        assert_eq!(query.matches('{').count(), query.matches('}').count());
    }
}
