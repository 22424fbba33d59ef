//! The shapes of the REST API.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::repository::{Comment, Issue, PullRequest, Repository};

pub(super) fn repository(it: &Repository) -> Value {
    json!({
        "id": it.id,
        "node_id": it.node_id,
        "name": it.name(),
        "full_name": it.full_name,
        "private": true,
        "archived": false,
        "default_branch": "main",
        "owner": {"login": it.owner(), "type": "Organization"},
    })
}

pub(super) fn pull_request(repository: &Repository, issue: &Issue, it: &PullRequest) -> Value {
    let labels = issue.labels.iter().map(|name| json!({"name": name}));
    json!({
        "id": issue.id,
        "node_id": node_id(repository, issue),
        "number": issue.number,
        "state": if issue.closed_at.is_some() { "closed" } else { "open" },
        "title": format!("Change {}", issue.number),
        "locked": issue.locked,
        "draft": it.draft,
        "merged": it.merged_at.is_some(),
        "created_at": time(issue.created_at),
        "updated_at": time(issue.updated_at),
        "closed_at": issue.closed_at.map(time),
        "merged_at": it.merged_at.map(time),
        "labels": labels.collect::<Value>(),
        "base": {"ref": "main", "repo": self::repository(repository)},
        // The fork is gone: what GitHub gives then, and nothing may depend on it.
        "head": {"ref": format!("change-{}", issue.number), "repo": null},
    })
}

pub(super) fn comment(it: &Comment) -> Value {
    let kind = if it.author.ends_with("[bot]") { "Bot" } else { "User" };
    json!({
        "id": it.id,
        "node_id": format!("IC_{}", it.id),
        "body": it.body,
        "user": {"login": it.author, "type": kind},
        "created_at": time(it.created_at),
        "updated_at": time(it.updated_at),
    })
}

/// The id of a pull request in GraphQL.
pub(super) fn node_id(repository: &Repository, issue: &Issue) -> String {
    format!("PR_{}_{}", repository.id, issue.number)
}

/// GitHub's times have no fractions of a second.
pub(super) fn time(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
