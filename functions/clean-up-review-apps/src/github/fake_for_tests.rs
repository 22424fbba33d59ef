//! A GitHub that answers by a script.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use secret::Reference;
use secret::secretsmanager::Secrets;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Comment, Commented, GitHub, base};
use crate::evidence::{Answers, Unclear};
use crate::repository::Repository;

/// Status, headers and body.
pub(crate) type Said = (u16, Vec<(&'static str, String)>, String);
pub(crate) type Script = dyn FnMut(&Asked) -> Said + Send;

/// One request.
pub(crate) struct Asked {
    /// Method and path.
    pub(crate) line: String,
    /// The token it came with.
    pub(crate) token: String,
    pub(crate) body: Value,
}

impl Asked {
    /// The numbers in a query.
    pub(crate) fn numbers(&self) -> BTreeSet<u32> {
        let query = self.body["query"].as_str().unwrap_or_default();
        let numbers = query.split("pullRequest(number: ").skip(1);
        numbers.map(|it| it.split_once(')').unwrap().0.parse().unwrap()).collect()
    }
}

/// Answers by a script, and keeps what was asked.
pub(crate) struct Fake {
    script: Mutex<Box<Script>>,
    lines: Mutex<Vec<String>>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Connector(Arc<Fake>);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let path = request.uri().split_once("://").unwrap().1;
        let path = path.split_once('/').unwrap().1;
        let asked = Asked {
            line: format!("{} /{path}", request.method()),
            token: request.headers().get("authorization").unwrap_or_default().to_owned(),
            body: serde_json::from_slice(request.body().bytes().unwrap()).unwrap_or_default(),
        };
        self.0.lines.lock().unwrap().push(match asked.numbers().len() {
            0 => asked.line.clone(),
            many => format!("{} of {many}", asked.line),
        });
        let (status, headers, body) = (self.0.script.lock().unwrap())(&asked);
        // A status there isn't stands for no answer at all.
        if status == 0 {
            return HttpConnectorFuture::new(std::future::pending());
        }
        let mut answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        for (name, value) in headers {
            answer.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::ready(Ok(answer))
    }
}

pub(crate) fn connector(script: impl FnMut(&Asked) -> Said + Send + 'static) -> Connector {
    Connector(Arc::new(Fake { script: Mutex::new(Box::new(script)), lines: Mutex::default() }))
}

/// A Secrets Manager whose secret has these values, one after the other; the last one stays.
pub(crate) fn secrets(values: &[String]) -> Arc<Secrets> {
    let mut values: Vec<String> = values.iter().rev().cloned().collect();
    let aws = SharedHttpConnector::new(connector(move |_| {
        let value = if values.len() > 1 { values.pop() } else { values.last().cloned() };
        said(200, &json!({"Name": "review/github", "SecretString": value}))
    }));
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-2"))
        .credentials_provider(Credentials::from_keys("id", "key", None))
        .http_client(http_client_fn(move |_, _| aws.clone()))
        .build();
    Arc::new(Secrets::new(aws_sdk_secretsmanager::Client::from_conf(config)))
}

pub(crate) struct World {
    pub(crate) github: GitHub,
    pub(crate) fake: Connector,
}

pub(crate) fn world(
    values: &[String],
    script: impl FnMut(&Asked) -> Said + Send + 'static,
) -> World {
    let fake = connector(script);
    let github = GitHub::new(
        SharedHttpConnector::new(fake.clone()),
        secrets(values),
        base("https://git.acme.com").unwrap(),
        Repository::new("acme/web", "R_1").unwrap(),
        Reference::try_from("review/github".to_owned()).unwrap(),
    );
    World { github, fake }
}

/// 2027-01-15 08:00:00 UTC.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

impl World {
    pub(crate) async fn pull_requests(
        &self,
        numbers: impl IntoIterator<Item = u32>,
    ) -> Result<Answers, Unclear> {
        let until = Instant::now() + Duration::from_secs(200);
        self.github.pull_requests(&numbers.into_iter().collect(), now(), until).await
    }

    pub(crate) async fn why(&self, numbers: impl IntoIterator<Item = u32>) -> String {
        let why = self.pull_requests(numbers).await.unwrap_err().why;
        assert!(
            !why.contains("hidden") && !format!("{:?}", self.github).contains("hidden"),
            "{why}"
        );
        why
    }

    pub(crate) async fn comment(&self, create: bool) -> Result<Commented, Unclear> {
        let until = Instant::now() + Duration::from_secs(200);
        let comment = Comment { number: 7, text: "It is gone.", create };
        self.github.upsert_comment(&comment, now(), until).await
    }

    /// What GitHub was asked, without what is the same in all.
    pub(crate) fn asked(&self) -> Vec<String> {
        let mut lines = std::mem::take(&mut *self.fake.0.lines.lock().unwrap());
        for line in &mut lines {
            *line = line.replace("/api/v3", "").replace("POST /api/graphql of ", "query ");
        }
        lines
    }
}

pub(crate) fn said(status: u16, body: &Value) -> Said {
    (status, vec![], body.to_string())
}

pub(crate) fn html(status: u16) -> Said {
    (status, vec![("content-type", "text/html".to_owned())], "<p>Sorry".to_owned())
}

pub(crate) fn token() -> Vec<String> {
    vec!["ghp_hidden".to_owned()]
}

/// A query's answer in which everything is open, but for what is changed.
pub(crate) fn open(asked: &Asked, change: impl Fn(&mut Value)) -> Said {
    let mut repository = json!({"id": "R_1", "databaseId": 7, "nameWithOwner": "acme/web"});
    for number in asked.numbers() {
        let labels = json!({"pageInfo": {"hasNextPage": false}, "nodes": []});
        repository[format!("p{number}")] =
            json!({"number": number, "state": "OPEN", "closedAt": null, "labels": labels});
    }
    change(&mut repository);
    said(200, &json!({"data": {"repository": repository}}))
}

/// REST's answer to any of these questions.
pub(crate) fn rest(asked: &Asked) -> Said {
    let repository = json!({"id": 7, "node_id": "R_1", "full_name": "acme/site"});
    match asked.line.rsplit_once("/pulls/") {
        Some((_, number)) => {
            let number: u32 = number.parse().unwrap();
            let base = json!({"repo": repository});
            said(200, &json!({"number": number, "state": "open", "labels": [], "base": base}))
        }
        None => said(200, &repository),
    }
}
