//! Which repository the pull requests are of.

use std::fmt;

use serde_json::Value;

/// A repository by its name and, because names are given away and taken again, its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    owner: String,
    name: String,
    id: String,
}

impl Repository {
    /// From `owner/name` and the id: the node id (`R_kgDOA1b2c3`) or the number.
    ///
    /// # Errors
    /// It is no such name, or there is no id.
    pub fn new(full_name: &str, id: &str) -> Result<Self, String> {
        let is_part = |part: &str| {
            // A path could be left with these.
            let is_dots = part.bytes().all(|it| it == b'.');
            let is_name = part.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it));
            !is_dots && is_name && part.len() <= 100
        };
        let Some((owner, name)) = full_name.split_once('/') else {
            return Err(format!("expected owner/name, such as acme/web, not {full_name:?}"));
        };
        if !is_part(owner) || !is_part(name) {
            return Err(format!("expected owner/name, such as acme/web, not {full_name:?}"));
        }
        if id.is_empty() || !id.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-=".contains(&it))
        {
            return Err(format!(
                "expected the id of {full_name}, such as R_kgDOA1b2c3, not {id:?}"
            ));
        }
        Ok(Self { owner: owner.to_owned(), name: name.to_owned(), id: id.to_owned() })
    }

    /// Whose it is.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Its name, without the owner's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id that it must have.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether what GitHub tells of a repository is told of this one.
    ///
    /// # Errors
    /// It is another one, or its ids are missing; in words.
    pub(crate) fn confirm(&self, told: &Value) -> Result<(), String> {
        confirm(told, &self.id).map_err(|other| match other {
            Some(other) => format!("{self} has the id {other}, not {}: wrong repository", self.id),
            None => format!("GitHub didn't say which id {self} has"),
        })
    }

    /// What the repository is called now, which is another name after it was renamed.
    ///
    /// # Errors
    /// It is another one, or has no name.
    pub(crate) fn name_now(&self, told: &Value) -> Result<String, String> {
        self.confirm(told)?;
        let name = told.get("full_name").and_then(Value::as_str).unwrap_or_default();
        Ok(Self::new(name, &self.id)?.to_string())
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// Whether a repository has this id: REST calls the two ids `node_id` and `id`, GraphQL `id` and
/// `databaseId`.
///
/// # Errors
/// The first id that it has instead, if it has any.
pub(crate) fn confirm(told: &Value, id: &str) -> Result<(), Option<String>> {
    let ids = ["node_id", "id", "databaseId"].map(|it| told.get(it).and_then(text));
    if ids.iter().flatten().any(|it| it == id) {
        return Ok(());
    }
    Err(ids.into_iter().flatten().next())
}

fn text(id: &Value) -> Option<String> {
    match id {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_cant_leave_their_place_in_a_path() {
        let check =
            |name: &str, good| assert_eq!(Repository::new(name, "7").is_ok(), good, "{name}");
        check("acme/web", true);
        check("acme-2/web.site_2", true);
        check("acme/.github", true);
        for name in ["", "acme", "acme/", "/web", "acme/web/x", "acme/..", "../web", "a me/web"] {
            check(name, false);
        }
        check("acme/web?x", false);
        check("acme/w%2Feb", false);
        assert!(Repository::new("acme/web", "").is_err());
    }

    #[test]
    fn either_id_will_do_and_no_other() {
        let check = |id: &str, told: Value, expected: Result<(), &str>| {
            let repository = Repository::new("acme/web", id).unwrap();
            assert_eq!(repository.confirm(&told), expected.map_err(str::to_owned));
        };
        check("R_1", json!({"id": "R_1", "databaseId": 7}), Ok(()));
        check("7", json!({"id": "R_1", "databaseId": 7}), Ok(()));
        check("R_1", json!({"id": 7, "node_id": "R_1"}), Ok(()));
        check("7", json!({"id": 7, "node_id": "R_1"}), Ok(()));
        let wrong = "acme/web has the id R_2, not R_1: wrong repository";
        check("R_1", json!({"id": "R_2", "databaseId": 8}), Err(wrong));
        check("R_1", json!({"id": null}), Err("GitHub didn't say which id acme/web has"));
        check("R_1", json!([]), Err("GitHub didn't say which id acme/web has"));
    }
}
