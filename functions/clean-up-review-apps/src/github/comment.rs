//! The one comment that says what became of a pull request's review app.

use std::collections::BTreeMap;

use serde_json::Value;

use super::question::AT_ONCE;
use crate::evidence::Unclear;

/// Tells our comment from all others, whatever its text is now; GitHub doesn't show it.
pub const MARKER: &str = "<!-- quayside:clean-up -->";

/// What is to be said under a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment<'a> {
    /// Which pull request.
    pub number: u32,
    /// What, in Markdown, without the marker.
    pub text: &'a str,
    /// Whether to say it where nothing was said yet.
    pub create: bool,
}

/// What became of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commented {
    /// There is a new one.
    Created,
    /// Ours says something else now.
    Edited,
    /// Ours said so already.
    Unchanged,
    /// There is none, and none was asked for.
    None,
    /// GitHub doesn't let us, as where the conversation is locked: not worth another try in this run.
    Refused(String),
}

/// All comments as far as they were looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pages {
    /// Ours by their ids: GitHub gives out larger ones later.
    ours: BTreeMap<u64, String>,
    /// Whether there are no more.
    pub(crate) are_all: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing.
    Leave(Commented),
    /// Edit the comment of this id.
    Edit(u64),
    /// Make one.
    Create,
}

/// The comment's whole text.
pub(crate) fn body(text: &str) -> String {
    format!("{MARKER}\n{}", text.trim())
}

impl Pages {
    /// One more page.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn add(&mut self, page: &Value) -> Result<(), Unclear> {
        let wrong = || Unclear::new("GitHub's comments can't be understood");
        let page = page.as_array().ok_or_else(wrong)?;
        for comment in page {
            // A comment may be empty.
            let body = comment.get("body").and_then(Value::as_str).unwrap_or_default();
            // Who quotes it, quotes.
            if body.lines().any(|it| it.starts_with(MARKER)) {
                let id = comment.get("id").and_then(Value::as_u64).ok_or_else(wrong)?;
                self.ours.insert(id, body.to_owned());
            }
        }
        self.are_all = page.len() < AT_ONCE;
        Ok(())
    }
}

/// What is to be done where these comments are. Two runs at once may have left two of ours: the older one
/// is the one that is kept up to date.
pub(crate) fn plan(pages: &Pages, comment: &Comment<'_>) -> Step {
    // GitHub may keep other line breaks than were sent.
    let plain = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    match pages.ours.first_key_value() {
        Some((_, there)) if plain(there) == plain(&body(comment.text)) => {
            Step::Leave(Commented::Unchanged)
        }
        Some((oldest, _)) => Step::Edit(*oldest),
        None if !comment.create => Step::Leave(Commented::None),
        None if !pages.are_all => {
            let why = "there are too many comments to know whether one is ours";
            Step::Leave(Commented::Refused(why.to_owned()))
        }
        None => Step::Create,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_oldest_comment_of_ours_is_kept_up_to_date() {
        let check = |bodies: &[&str], create, expected: Step| {
            let comments = bodies.iter().zip([9, 5, 7]);
            let page: Vec<Value> = comments.map(|(it, id)| json!({"id": id, "body": it})).collect();
            let mut pages = Pages::default();
            pages.add(&Value::Array(page)).unwrap();
            assert_eq!(plan(&pages, &Comment { number: 1, text: "gone\n", create }), expected);
        };
        let (same, other) = (body("gone"), body("stays"));
        check(&[], true, Step::Create);
        check(&[], false, Step::Leave(Commented::None));
        check(&["gone"], true, Step::Create);
        check(&[&same], false, Step::Leave(Commented::Unchanged));
        check(&[&other], false, Step::Edit(9));
        check(&[&same, &other], true, Step::Edit(5));
        check(&[&other, &same], true, Step::Leave(Commented::Unchanged));
        check(&[&format!("edited by hand\r\n{same}")], true, Step::Edit(9));
        check(&[&same.replace('\n', "\r\n")], true, Step::Leave(Commented::Unchanged));
    }

    #[test]
    fn a_page_is_a_list_and_a_full_one_is_not_the_last() {
        let mut pages = Pages::default();
        assert!(pages.add(&json!({"message": "?"})).is_err());
        assert!(pages.add(&json!([{"body": MARKER}])).is_err());
        pages.add(&Value::Array(vec![json!({"id": 1, "body": ""}); 100])).unwrap();
        assert!(!pages.are_all);
        let comment = Comment { number: 1, text: "gone", create: true };
        assert!(matches!(plan(&pages, &comment), Step::Leave(Commented::Refused(_))));
        pages.add(&json!([{"id": 1, "body": null}])).unwrap();
        assert_eq!(plan(&pages, &comment), Step::Create);
    }
}
