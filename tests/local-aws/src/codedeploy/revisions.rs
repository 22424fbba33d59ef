//! Revisions: what is deployed. For ECS that is an `AppSpec`, given as text or kept in S3.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::Digest as _;

use super::{Answer, error, name};
use crate::wire::AwsError;
use crate::world::World;

/// A revision that an application knows.
pub(super) struct Registered {
    /// With content and hash.
    pub(super) revision: Value,
    description: String,
    registered: f64,
    used: Option<(f64, f64)>,
    groups: BTreeSet<String>,
}

fn invalid(message: &str) -> AwsError {
    error("InvalidRevisionException", message)
}

/// Checks a revision and adds the hash of its content.
pub(super) fn read(given: &Value) -> Result<Value, AwsError> {
    if given.is_null() {
        return Err(error("RevisionRequiredException", "Revision is required"));
    }
    let mut revision = given.clone();
    match given["revisionType"].as_str() {
        Some(kind @ ("String" | "AppSpecContent")) => {
            let member = member(kind);
            let given_hash = given[member]["sha256"].as_str();
            let hash = match (given[member]["content"].as_str(), given_hash) {
                (Some(content), Some(hash)) if sha256(content) != hash => {
                    return Err(invalid("The sha256 is not the hash of the content"));
                }
                (Some(content), _) => sha256(content),
                (None, Some(hash)) => hash.to_owned(),
                (None, None) => return Err(invalid("The revision has neither content nor sha256")),
            };
            revision[member]["sha256"] = json!(hash);
        }
        Some("S3") => {
            let location = &given["s3Location"];
            let empty = |member: &str| location[member].as_str().is_none_or(str::is_empty);
            if empty("bucket") || empty("key") {
                return Err(invalid("An S3 revision needs a bucket and a key"));
            }
            let kind = location["bundleType"].as_str().unwrap_or_default();
            if !["tar", "tgz", "zip", "YAML", "JSON"].contains(&kind) {
                return Err(invalid("The bundle type is not one of tar, tgz, zip, YAML, JSON"));
            }
        }
        Some("GitHub") => return Err(invalid("GitHub revisions are for EC2 deployments")),
        _ => return Err(invalid("The revision type is not valid")),
    }
    Ok(revision)
}

/// The member that holds the text of a revision of this type.
pub(super) fn member(kind: &str) -> &'static str {
    if kind == "String" { "string" } else { "appSpecContent" }
}

fn sha256(content: &str) -> String {
    sha2::Sha256::digest(content).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A revision as other operations than `GetApplicationRevision` show it.
///
/// AWS: "The content property of the appSpecContent object in the returned revision is always null.
/// Use `GetApplicationRevision` and the sha256 property of the returned appSpecContent object to get
/// the content of the deployment's `AppSpec` file."
pub(super) fn without_content(revision: &Value) -> Value {
    let mut shown = revision.clone();
    for member in ["string", "appSpecContent"] {
        if let Some(text) = shown.get_mut(member).and_then(Value::as_object_mut) {
            text.remove("content");
        }
    }
    shown
}

/// Whether a request for `wanted` means `known`.
fn same(wanted: &Value, known: &Value) -> bool {
    if wanted["revisionType"] != known["revisionType"] {
        return false;
    }
    match wanted["revisionType"].as_str() {
        Some("S3") => {
            let (wanted, known) = (&wanted["s3Location"], &known["s3Location"]);
            let given = |it: &&&str| !wanted[**it].is_null();
            let members = ["bucket", "key", "bundleType", "version", "eTag"];
            members.iter().filter(given).all(|it| wanted[*it] == known[*it])
        }
        Some(kind) => wanted[member(kind)]["sha256"] == known[member(kind)]["sha256"],
        None => false,
    }
}

/// The full form of a revision that may be given by its hash alone.
pub(super) fn find(known: &[Registered], wanted: &Value) -> Option<Value> {
    known.iter().map(|it| &it.revision).find(|it| same(wanted, it)).cloned()
}

/// Remembers a revision, and that a group deploys it.
pub(super) fn remember(
    known: &mut Vec<Registered>,
    revision: &Value,
    group: Option<&str>,
    at: f64,
) {
    let index = known.iter().position(|it| same(revision, &it.revision)).unwrap_or_else(|| {
        known.push(Registered {
            revision: revision.clone(),
            description: String::new(),
            registered: at,
            used: None,
            groups: BTreeSet::new(),
        });
        known.len() - 1
    });
    if let (Some(group), Some(entry)) = (group, known.get_mut(index)) {
        entry.groups.insert(group.to_owned());
        entry.used = Some((entry.used.map_or(at, |it| it.0), at));
    }
}

pub(super) fn register(world: &World, input: &Value) -> Answer {
    let application = name(input, "applicationName", "Application")?;
    let revision = read(&input["revision"])?;
    let description = input["description"].as_str().unwrap_or_default();
    if description.chars().count() > 512 {
        return Err(error("DescriptionTooLongException", "The description is too long"));
    }
    let now = world.clock().epoch_seconds();
    let mut state = world.state();
    let known = &mut state.codedeploy.application_mut(application)?.revisions;
    remember(known, &revision, None, now);
    if let Some(entry) = known.iter_mut().find(|it| same(&revision, &it.revision)) {
        entry.description = description.to_owned();
    }
    Ok(json!({}))
}

pub(super) fn get(world: &World, input: &Value) -> Answer {
    let application = name(input, "applicationName", "Application")?;
    let state = world.state();
    let known = &state.codedeploy.application(application)?.revisions;
    let wanted = read(&input["revision"])?;
    let Some(found) = known.iter().find(|it| same(&wanted, &it.revision)) else {
        let message = "The named revision does not exist with the user or AWS account.";
        return Err(error("RevisionDoesNotExistException", message));
    };
    let mut info = json!({
        "deploymentGroups": found.groups,
        "registerTime": found.registered,
    });
    if !found.description.is_empty() {
        info["description"] = json!(found.description);
    }
    if let Some((first, last)) = found.used {
        info["firstUsedTime"] = json!(first);
        info["lastUsedTime"] = json!(last);
    }
    Ok(json!({
        "applicationName": application,
        "revision": found.revision,
        "revisionInfo": info,
    }))
}
