//! What GitHub was told to do with a request.

use std::time::Duration;

use serde_json::Value;

use super::State;

/// Which of GitHub's two interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitHubApi {
    /// `POST /graphql`.
    Graphql,
    /// Everything else.
    Rest,
}

/// What GitHub does with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitHubAnswer {
    /// What it does when all is well.
    Ok,
    /// Nobody listens. Over HTTP, where somebody does, the connection is closed without an answer.
    Down,
    /// As [`GitHubAnswer::Ok`], but the connection breaks before the answer.
    Cut,
    /// Neither done nor ever answered.
    Hang,
    /// As [`GitHubAnswer::Ok`], after this long; nothing happens if the sender gives up before.
    Slow(Duration),
    /// Exactly this, and nothing was done.
    Status {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
        /// Names and values.
        headers: Vec<(String, String)>,
    },
    /// A page for people with this status: an Enterprise Server in maintenance (503), the unicorn
    /// of a query that took longer than ten seconds (502).
    Html(u16),
    /// 200 and an empty body.
    Empty,
    /// 200 and `[]`.
    List,
    /// 200 and `{"data": null}`.
    DataNull,
    /// The hour's requests or points are used up.
    RateLimited,
    /// Too much at once: 403.
    SecondaryLimit {
        /// Seconds, in the header.
        retry_after: u64,
    },
    /// As [`GitHubAnswer::Ok`], but every nth pull request of a query is missing: GitHub stops a
    /// query that takes too many resources, and answers what it has.
    Partial(usize),
    /// As [`GitHubAnswer::Ok`], but half of the body is all that arrives.
    Garbled,
    /// For the next request of this interface; others do not use it up. [`GitHubAnswer::only`]
    /// makes it.
    Only {
        /// The interface.
        api: GitHubApi,
        /// What it does.
        answer: Box<Self>,
    },
}

impl GitHubAnswer {
    /// The same, only for requests of this interface.
    #[must_use]
    pub fn only(self, api: GitHubApi) -> Self {
        Self::Only { api, answer: Box::new(self) }
    }

    /// What this is for a request of `api`, if it is for it.
    fn at(&self, api: GitHubApi) -> Option<&Self> {
        match self {
            Self::Only { api: only, answer } if *only == api => answer.at(api),
            Self::Only { .. } => None,
            answer => Some(answer),
        }
    }

    /// Reads `"down"`, `{"slow": 500}` (ms), `{"status": 500, "body": "…", "headers": {}}` and the
    /// like; each with `"only": "graphql"` or `"rest"`, if it is an object.
    pub(super) fn from_json(answer: &Value) -> Result<Self, String> {
        const EXAMPLES: &str = r#""ok", "down", "cut", "hang", "empty", "list", "data-null",
            "rate-limited", "garbled", {"slow": 500}, {"html": 503}, {"secondary-limit": 60},
            {"partial": 2}, {"status": 500, "body": "", "headers": {}}, {"is": "down", "only":
            "graphql"}"#;
        let unknown = || format!("unknown answer {answer}; one of {EXAMPLES}");
        let number = |member: &str| answer[member].as_u64();
        let status = |member: &str| {
            let status = number(member).and_then(|it| u16::try_from(it).ok());
            status.filter(|it| (100..1000).contains(it))
        };
        let word = answer.as_str().or(answer["is"].as_str());
        let read = if let Some(word) = word {
            Self::named(word).ok_or_else(unknown)?
        } else if let Some(milliseconds) = number("slow") {
            Self::Slow(Duration::from_millis(milliseconds))
        } else if let Some(status) = status("html") {
            Self::Html(status)
        } else if let Some(retry_after) = number("secondary-limit") {
            Self::SecondaryLimit { retry_after }
        } else if let Some(every) = number("partial").filter(|it| *it > 0) {
            Self::Partial(usize::try_from(every).map_err(|_| unknown())?)
        } else if let Some(status) = status("status") {
            let body = answer["body"].as_str().unwrap_or_default().to_owned();
            let headers = answer["headers"].as_object().into_iter().flatten();
            let headers = headers.map(|(name, value)| header(name, value).ok_or_else(unknown));
            let headers = headers.collect::<Result<_, _>>()?;
            Self::Status { status, body, headers }
        } else {
            return Err(unknown());
        };
        match answer["only"].as_str() {
            None => Ok(read),
            Some("graphql") => Ok(read.only(GitHubApi::Graphql)),
            Some("rest") => Ok(read.only(GitHubApi::Rest)),
            Some(_) => Err(unknown()),
        }
    }

    fn named(word: &str) -> Option<Self> {
        match word {
            "ok" => Some(Self::Ok),
            "down" => Some(Self::Down),
            "cut" => Some(Self::Cut),
            "hang" => Some(Self::Hang),
            "empty" => Some(Self::Empty),
            "list" => Some(Self::List),
            "data-null" => Some(Self::DataNull),
            "rate-limited" => Some(Self::RateLimited),
            "garbled" => Some(Self::Garbled),
            _ => None,
        }
    }
}

/// A header that can be sent.
fn header(name: &str, value: &Value) -> Option<(String, String)> {
    let value = value.as_str()?;
    http::HeaderName::try_from(name).ok()?;
    http::HeaderValue::try_from(value).ok()?;
    Some((name.to_owned(), value.to_owned()))
}

impl State {
    /// What becomes of the next request of this interface.
    pub(super) fn told(&mut self, api: GitHubApi) -> GitHubAnswer {
        let scripted = self.script.iter().enumerate().find_map(|(index, it)| {
            let answer = it.at(api)?;
            Some((index, answer.clone()))
        });
        if let Some((index, answer)) = scripted {
            self.script.remove(index);
            return answer;
        }
        let always = self.always.as_ref().and_then(|it| it.at(api));
        always.cloned().unwrap_or(GitHubAnswer::Ok)
    }
}
