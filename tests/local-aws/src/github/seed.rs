//! What people do at GitHub: they open, close, merge, label, rename and delete.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::State;
use super::repository::{Comment, Found, Issue, PullRequest, Repository};
use crate::world::World;

impl World {
    /// A private repository: `acme/web`, `R_kgDOABC123`, `4711`. A redirect from that name ends.
    pub fn repository(&self, full_name: &str, node_id: &str, id: u64) {
        assert!(is_full_name(full_name), "{full_name:?} is not OWNER/NAME");
        let mut state = self.state();
        let github = &mut state.github;
        assert!(github.repositories.values().all(|it| it.id != id), "{id} is another repository");
        let taken = matches!(github.named(full_name), Some(Found::Here(_)));
        assert!(!taken, "{full_name} is there already");
        github.renamed.remove(&full_name.to_ascii_lowercase());
        let (node_id, full_name) = (node_id.to_owned(), full_name.to_owned());
        github
            .repositories
            .insert(id, Repository { id, node_id, full_name, issues: BTreeMap::new() });
    }

    /// It gets another name; the old one leads to it.
    pub fn rename(&self, full_name: &str, new: &str) {
        assert!(is_full_name(new), "{new:?} is not OWNER/NAME");
        let mut state = self.state();
        let id = state.github.at(full_name).id;
        state.github.at(full_name).full_name = new.to_owned();
        state.github.renamed.remove(&new.to_ascii_lowercase());
        state.github.renamed.insert(full_name.to_ascii_lowercase(), id);
    }

    /// Nothing is left of it, and its former names lead nowhere.
    pub fn delete_repository(&self, full_name: &str) {
        let mut state = self.state();
        let id = state.github.at(full_name).id;
        state.github.repositories.remove(&id);
        state.github.renamed.retain(|_, it| *it != id);
    }

    /// An issue: "every pull request is an issue", but not the other way round.
    pub fn issue(&self, repository: &str, number: u64) {
        self.number(repository, number, None);
    }

    /// Opens a pull request.
    pub fn pull_request(&self, repository: &str, number: u64) {
        self.number(repository, number, Some(PullRequest::default()));
    }

    /// Closes it, without merging; `at` may be any time.
    pub fn close(&self, repository: &str, number: u64, at: Timestamp) {
        self.change(repository, number, |it| it.closed_at = Some(at));
    }

    /// Merges it, which closes it too.
    pub fn merge(&self, repository: &str, number: u64, at: Timestamp) {
        self.change(repository, number, |it| {
            it.closed_at = Some(at);
            pull_request(it).merged_at = Some(at);
        });
    }

    /// Opens it again; what is merged stays merged.
    pub fn reopen(&self, repository: &str, number: u64) {
        self.change(repository, number, |it| {
            let merged = it.pull_request.as_ref().is_some_and(|it| it.merged_at.is_some());
            assert!(!merged, "nobody can reopen what is merged");
            it.closed_at = None;
        });
    }

    /// Adds a label.
    pub fn label(&self, repository: &str, number: u64, label: &str) {
        self.change(repository, number, |it| {
            it.labels.insert(label.to_owned());
        });
    }

    /// Removes a label.
    pub fn unlabel(&self, repository: &str, number: u64, label: &str) {
        self.change(repository, number, |it| {
            it.labels.remove(label);
        });
    }

    /// Locks the conversation: comments are refused.
    pub fn lock(&self, repository: &str, number: u64) {
        self.change(repository, number, |it| it.locked = true);
    }

    /// Makes it a draft.
    pub fn draft(&self, repository: &str, number: u64) {
        self.change(repository, number, |it| pull_request(it).draft = true);
    }

    /// Somebody comments; gives the comment's id.
    pub fn comment(&self, repository: &str, number: u64, author: &str, body: &str) -> u64 {
        let now = self.clock().now();
        let mut state = self.state();
        let id = state.github.id();
        let issue = state.github.at_issue(repository, number);
        issue.comment(id, author, body, now);
        id
    }

    /// Id, author and text of each comment, oldest first.
    pub fn comments(&self, repository: &str, number: u64) -> Vec<(u64, String, String)> {
        let mut state = self.state();
        let comments = state.github.at_issue(repository, number).comments.iter();
        comments.map(|it| (it.id, it.author.clone(), it.body.clone())).collect()
    }

    fn number(&self, repository: &str, number: u64, pull_request: Option<PullRequest>) {
        let now = self.clock().now();
        let mut state = self.state();
        let id = state.github.id();
        let issues = &mut state.github.at(repository).issues;
        assert!(!issues.contains_key(&number), "{repository}#{number} is there already");
        let issue = Issue {
            id,
            number,
            pull_request,
            created_at: now,
            updated_at: now,
            closed_at: None,
            labels: std::collections::BTreeSet::new(),
            locked: false,
            comments: Vec::new(),
        };
        issues.insert(number, issue);
    }

    pub(super) fn change(&self, repository: &str, number: u64, what: impl FnOnce(&mut Issue)) {
        let now = self.clock().now();
        let mut state = self.state();
        let issue = state.github.at_issue(repository, number);
        what(issue);
        issue.updated_at = now;
    }
}

impl State {
    /// The repository that has this name today.
    fn at(&mut self, full_name: &str) -> &mut Repository {
        let Some(Found::Here(id)) = self.named(full_name) else {
            panic!("no repository is called {full_name:?}");
        };
        self.repositories.get_mut(&id).expect("names are of repositories")
    }

    fn at_issue(&mut self, full_name: &str, number: u64) -> &mut Issue {
        let issue = self.at(full_name).issues.get_mut(&number);
        issue.unwrap_or_else(|| panic!("{full_name} has no number {number}"))
    }
}

impl Issue {
    pub(super) fn comment(
        &mut self,
        id: u64,
        author: &str,
        body: &str,
        now: Timestamp,
    ) -> &Comment {
        let (author, body) = (author.to_owned(), body.to_owned());
        self.comments.push(Comment { id, author, body, created_at: now, updated_at: now });
        self.updated_at = now;
        self.comments.last().expect("just pushed")
    }
}

fn pull_request(issue: &mut Issue) -> &mut PullRequest {
    let number = issue.number;
    issue.pull_request.as_mut().unwrap_or_else(|| panic!("{number} is an issue"))
}

/// As GitHub has names: letters, digits, `-`, `_` and `.`.
pub(super) fn is_full_name(text: &str) -> bool {
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.');
    let is_name = |it: &str| !it.is_empty() && it.bytes().all(plain);
    text.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name))
}
