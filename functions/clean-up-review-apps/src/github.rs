//! The edge to GitHub: what its pull requests are, and the comment under each.
//!
//! Requests go one after the other: GitHub asks for that, and refuses more sooner than it says.

mod address;
mod answer;
mod app;
mod chunks;
mod comment;
#[cfg(test)]
mod fake_for_tests;
mod question;
mod reading;
#[cfg(test)]
mod reading_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use http::Method;
use http_body_util::BodyExt as _;
use secret::secretsmanager::Secrets;
use secret::{Reference, Secret};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::evidence::{Answers, Evidence, Unclear};
use crate::repository::Repository;
use answer::{Answer, Heard, hear};
use app::{App, Credentials};
use chunks::Chunks;
use comment::{Pages, Step};
use question::AT_ONCE;
use reading::Reading;

pub use address::{Base, base};
pub use comment::{Comment, Commented, MARKER};

/// GitHub itself gives up on a query after ten seconds.
const ONE_REQUEST: Duration = Duration::from_secs(12);
/// More than a hundred pull requests take, all told.
const MOST: usize = 2 * 1024 * 1024;
/// More pages of comments than this aren't looked through.
const PAGES: usize = 10;
/// A token that is about to end may end on its way.
const ENDS_SOON: Duration = Duration::from_secs(5 * 60);

/// One repository on one GitHub.
#[derive(Debug)]
pub struct GitHub {
    web: SharedHttpConnector,
    secrets: Arc<Secrets>,
    base: Base,
    repository: Repository,
    credentials: Reference,
    /// An App's token, and when it ends.
    installed: Mutex<Option<(Secret, SystemTime)>>,
}

/// The requests of one task.
struct Talk<'a> {
    github: &'a GitHub,
    now: SystemTime,
    since: Instant,
    until: Instant,
    /// So many requests are left.
    left: usize,
    /// Whether the token was read again because it had been refused.
    renewed: bool,
    /// What the repository is called now, if its id was seen to be right.
    confirmed: Option<String>,
}

impl GitHub {
    /// A GitHub that is asked with what this secret holds.
    pub fn new(
        web: SharedHttpConnector,
        secrets: Arc<Secrets>,
        base: Base,
        repository: Repository,
        credentials: Reference,
    ) -> Self {
        Self { web, secrets, base, repository, credentials, installed: Mutex::default() }
    }

    /// What is certain about every one of these numbers.
    ///
    /// # Errors
    /// GitHub left one of them unclear, and so all.
    pub async fn pull_requests(
        &self,
        numbers: &BTreeSet<u32>,
        now: SystemTime,
        until: Instant,
    ) -> Result<Answers, Unclear> {
        let mut talk = self.talk(now, until, numbers.len());
        let (mut answers, mut chunks) = (Answers::new(), Chunks::new(numbers));
        while let Some(chunk) = chunks.next() {
            match talk.chunk(&chunk).await? {
                Reading::Read { known, left_out } => {
                    answers.extend(known);
                    chunks.read(left_out);
                }
                Reading::Spoilt(why) => chunks.too_large(chunk, why),
                Reading::Unavailable(why) => chunks.unavailable(chunk, why),
                Reading::Nothing(why) => return Err(Unclear { why }),
            }
        }
        for number in chunks.rest()? {
            answers.insert(number, talk.one(number).await?);
        }
        Ok(answers)
    }

    /// Says something under a pull request, in the one comment that is ours.
    ///
    /// # Errors
    /// It isn't known what became of it; the next run will see.
    pub async fn upsert_comment(
        &self,
        comment: &Comment<'_>,
        now: SystemTime,
        until: Instant,
    ) -> Result<Commented, Unclear> {
        let mut talk = self.talk(now, until, 0);
        let issues = format!("{}/repos/{}/issues", self.base.rest, talk.confirm().await?);
        let comments = format!("{issues}/{}/comments", comment.number);
        let mut pages = Pages::default();
        for page in 1..=PAGES {
            match talk.get(&format!("{comments}?per_page={AT_ONCE}&page={page}")).await? {
                Heard::Json(told) => pages.add(&told)?,
                heard => return heard.refused(),
            }
            if pages.are_all {
                break;
            }
        }
        let (method, url, done) = match comment::plan(&pages, comment) {
            Step::Leave(done) => return Ok(done),
            Step::Edit(id) => (Method::PATCH, format!("{issues}/comments/{id}"), Commented::Edited),
            Step::Create => (Method::POST, comments, Commented::Created),
        };
        let body = json!({"body": comment::body(comment.text)});
        match talk.ask(&method, &url, Some(&body)).await? {
            Heard::Json(_) => Ok(done),
            heard => heard.refused(),
        }
    }

    fn talk(&self, now: SystemTime, until: Instant, numbers: usize) -> Talk<'_> {
        // Enough to halve every chunk of a bad day, and not for ever.
        let left = 300 + 4 * numbers.div_ceil(AT_ONCE);
        let since = Instant::now();
        Talk { github: self, now, since, until, left, renewed: false, confirmed: None }
    }

    /// A panic elsewhere leaves nothing here that could be wrong.
    fn installed(&self) -> MutexGuard<'_, Option<(Secret, SystemTime)>> {
        self.installed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The whole answer: half of one is none.
async fn answer_to(web: &SharedHttpConnector, request: HttpRequest) -> Result<Answer, String> {
    let answer = web.call(request).await;
    let mut answer =
        answer.map_err(|it| format!("GitHub can't be reached: {}", answer::innermost(&it)))?;
    let status = answer.status().as_u16();
    let headers = answer.headers().iter();
    let headers = headers.map(|(name, it)| (name.to_owned(), it.to_owned())).collect();
    let (mut stream, mut body) = (answer.take_body(), Vec::new());
    while let Some(frame) = stream.frame().await {
        let frame = frame.map_err(|_| "GitHub's answer broke off".to_owned())?;
        body.extend(frame.into_data().unwrap_or_default());
        if body.len() > MOST {
            return Err("GitHub's answer is longer than 2 MB".to_owned());
        }
    }
    Ok(Answer { status, headers, body })
}

impl Talk<'_> {
    async fn chunk(&mut self, numbers: &BTreeSet<u32>) -> Result<Reading, Unclear> {
        let GitHub { base, repository, .. } = self.github;
        let question = question::graphql(repository, numbers);
        let heard = self.ask(&Method::POST, &base.graphql, Some(&question)).await?;
        Ok(match heard {
            Heard::Json(told) => reading::graphql(&told, numbers, repository),
            Heard::Trouble(why) => Reading::Spoilt(why),
            Heard::Refused { status: 403 | 404, why } => Reading::Unavailable(why),
            heard => return Err(heard.unclear()),
        })
    }

    /// One pull request by REST.
    async fn one(&mut self, number: u32) -> Result<Evidence, Unclear> {
        let GitHub { base, repository, .. } = self.github;
        let heard = self.get(&format!("{}/repos/{repository}/pulls/{number}", base.rest)).await?;
        match heard {
            Heard::Json(told) => match reading::rest(&told, number, repository) {
                Ok(pull_request) => Ok(Evidence::Is(pull_request)),
                Err(why) => Err(Unclear { why }),
            },
            // The same is said where the whole repository is gone, or hidden.
            Heard::Refused { status: 404, .. } => {
                self.confirm().await?;
                Ok(Evidence::NotAPullRequest)
            }
            heard => Err(heard.unclear()),
        }
    }

    /// What the repository is called now, if it has the right id.
    async fn confirm(&mut self) -> Result<String, Unclear> {
        if let Some(name) = &self.confirmed {
            return Ok(name.clone());
        }
        let GitHub { base, repository, .. } = self.github;
        match self.get(&format!("{}/repos/{repository}", base.rest)).await? {
            Heard::Json(told) => {
                let name = repository.name_now(&told).map_err(Unclear::new)?;
                Ok(self.confirmed.insert(name).clone())
            }
            heard => Err(heard.unclear()),
        }
    }

    /// Once more after trouble: to read twice is to read once.
    async fn get(&mut self, url: &str) -> Result<Heard, Unclear> {
        match self.ask(&Method::GET, url, None).await? {
            Heard::Trouble(_) => self.ask(&Method::GET, url, None).await,
            heard => Ok(heard),
        }
    }

    /// Asks with a token, waits where GitHub wants that and there is time, follows one redirect.
    async fn ask(
        &mut self,
        method: &Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Heard, Unclear> {
        let (mut url, mut followed) = (url.to_owned(), false);
        loop {
            let token = self.token().await?;
            match self.send(method, &url, body, &token).await? {
                Heard::TokenRefused(why) => self.renew(&token, &why).await?,
                Heard::Limited { wait, why } => match Instant::now().checked_add(wait) {
                    Some(then) if then < self.until => tokio::time::sleep_until(then).await,
                    _ => return Err(Unclear { why }),
                },
                Heard::Moved(to) if method == Method::GET && !followed => {
                    let there = self.github.base.same_host(&to);
                    url = there.ok_or_else(|| Unclear::new("GitHub redirects to another host"))?;
                    followed = true;
                }
                heard => return Ok(heard),
            }
        }
    }

    /// Forgets a token that was refused, and gets another one, once.
    async fn renew(&mut self, refused: &Secret, why: &str) -> Result<(), Unclear> {
        let is_refused = || Unclear::new(format!("401: the token is refused ({why})"));
        if self.renewed {
            return Err(is_refused());
        }
        self.forget();
        if self.token().await? == *refused { Err(is_refused()) } else { Ok(()) }
    }

    fn forget(&mut self) {
        self.renewed = true;
        *self.github.installed() = None;
        self.github.secrets.forget(&self.github.credentials);
        app::MEMBERS
            .iter()
            .for_each(|it| self.github.secrets.forget(&app::part(&self.github.credentials, it)));
    }

    async fn token(&mut self) -> Result<Secret, Unclear> {
        if let Some((token, ends)) = &*self.github.installed()
            && self.now() + ENDS_SOON < *ends
        {
            return Ok(token.clone());
        }
        loop {
            let app = match self.credentials().await? {
                Credentials::Token(token) => return Ok(token),
                Credentials::App(app) => app,
            };
            match self.install(&app).await? {
                Heard::Json(told) => {
                    let (token, ends) = app::installed(&told).ok_or_else(|| {
                        Unclear::new("GitHub's token for the App can't be understood")
                    })?;
                    *self.github.installed() = Some((token.clone(), ends));
                    return Ok(token);
                }
                Heard::TokenRefused(_) if !self.renewed => self.forget(),
                heard => {
                    return Err(Unclear::new(format!("no token for the App: {}", heard.unclear())));
                }
            }
        }
    }

    async fn install(&mut self, app: &App) -> Result<Heard, Unclear> {
        let wrong = |why| Unclear::new(format!("secret {}: {why}", self.github.credentials.id));
        let token = app.token(self.now()).map_err(wrong)?;
        let rest = &self.github.base.rest;
        let url = format!("{rest}/app/installations/{}/access_tokens", app.installation);
        self.send(&Method::POST, &url, Some(&json!({})), &token).await
    }

    async fn credentials(&self) -> Result<Credentials, Unclear> {
        let GitHub { secrets, credentials, .. } = self.github;
        let read = async {
            let whole = secrets.get(credentials).await;
            let why = match &whole {
                Ok(value) if !app::is_private_key(value) => {
                    return app::read(value)
                        .map_err(|it| format!("secret {}: {it}", credentials.id));
                }
                Err(why) if why.passing || credentials.key.is_some() => return Err(why.to_string()),
                // An object of more than one text, or of one: its members are read one by one.
                Err(why) => why.to_string(),
                Ok(_) => String::new(),
            };
            let mut parts = Vec::new();
            for member in app::MEMBERS {
                match secrets.get(&app::part(credentials, member)).await {
                    Ok(part) => parts.push(part),
                    Err(_) if parts.is_empty() && whole.is_err() => return Err(why),
                    Err(why) => return Err(format!("{why}; write {member} in quotes")),
                }
            }
            app::of_parts(&parts).map_err(|it| format!("secret {}: {it}", credentials.id))
        };
        let read = tokio::time::timeout_at(self.until, read).await;
        let late = || Err("the secret for GitHub could not be read in time".to_owned());
        read.unwrap_or_else(|_| late()).map_err(Unclear::new)
    }

    /// What time it is now.
    fn now(&self) -> SystemTime {
        self.now + self.since.elapsed()
    }

    async fn send(
        &mut self,
        method: &Method,
        url: &str,
        body: Option<&Value>,
        token: &Secret,
    ) -> Result<Heard, Unclear> {
        let within = ONE_REQUEST.min(self.until.saturating_duration_since(Instant::now()));
        if within < Duration::from_millis(500) {
            return Err(Unclear::new("the time was up before GitHub had answered everything"));
        }
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            Unclear::new("GitHub was asked too often without answering everything")
        })?;
        let request = question::request(method, url, body, token)
            .ok_or_else(|| Unclear::new("the request to GitHub can't be built"))?;
        let answer = tokio::time::timeout(within, answer_to(&self.github.web, request)).await;
        Ok(match answer {
            Ok(Ok(answer)) => hear(&answer.without(token), self.now()),
            Ok(Err(why)) => Heard::Trouble(why),
            Err(_) => {
                Heard::Trouble(format!("no answer from GitHub within {} s", within.as_secs()))
            }
        })
    }
}
