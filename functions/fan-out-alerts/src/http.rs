//! The edge to everything that isn't AWS: one attempt at one destination, and what became of it.

use std::error::Error;
use std::io::ErrorKind;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use futures::FutureExt as _;
use http_body_util::BodyExt as _;
use secret::secretsmanager::Unavailable;
use tokio::time::Instant;

use crate::Desk;
use crate::destination::Destination;
use crate::memory::Known;
use crate::notice::{Link, Notice};
use crate::outcome::{self, Outcome, Reason, Said, Why};
use crate::render::{self, Look};
use crate::request::{self, Keys, Request};
use crate::sns;

/// How long one destination may take over one alert.
const ONE_ATTEMPT: Duration = Duration::from_secs(10);
/// An environment tries this often by itself, before the retry queue does.
const ATTEMPTS: u32 = 3;
/// The longest pause between two of them.
const PAUSE: Duration = Duration::from_secs(3);
/// How long the body of an answer may take.
const BODY: Duration = Duration::from_secs(3);
/// An answer's body says in its first few words what it has to say.
const MOST: usize = 64 * 1024;

/// Tries until it is delivered, refused, or not worth waiting for here.
pub(crate) async fn attempts(
    desk: &Desk<'_>,
    name: &str,
    notice: &Notice,
    full: Option<&Link>,
    unsure: &mut bool,
) -> Outcome {
    let Some(destination) = desk.routes.destinations.get(name) else {
        let why = Why::new(Reason::NoDestination, "the routes have no such destination");
        // Somebody will find the mistake in the routes.
        let broken = desk.routes.broken.contains(name);
        return match broken {
            true => Outcome::Later { after: None, unsure: false, why },
            false => Outcome::Never(why),
        };
    };
    let mut tried = 0;
    loop {
        tried += 1;
        let outcome = one_attempt(desk, destination, notice, full).await;
        let pause = match &outcome {
            Outcome::Delivered => {
                desk.aws.memory.keep(&notice.id, name, Known::Delivered);
                desk.count(name, Reason::NoAnswer, "Delivered");
                return outcome;
            }
            Outcome::Never(_) => return outcome,
            Outcome::Later { unsure: true, why, .. } if !destination.tells_twice_apart() => {
                if *unsure {
                    let text = format!("twice without an answer, so it may be there twice ({why})");
                    return Outcome::Never(Why::new(Reason::Unconfirmed, text));
                }
                // The second time should get an answer: not at once.
                *unsure = true;
                desk.aws.memory.keep(&notice.id, name, Known::Unsure);
                return outcome;
            }
            Outcome::Later { after, .. } => after.unwrap_or(Duration::from_secs(1) * tried),
        };
        let in_time = Instant::now() + pause + Duration::from_secs(1) < desk.until;
        if tried >= ATTEMPTS || pause > PAUSE || !in_time {
            return outcome;
        }
        tokio::time::sleep(pause).await;
    }
}

/// A panic is an attempt that failed, not the end of all others.
async fn one_attempt(
    desk: &Desk<'_>,
    destination: &Destination,
    notice: &Notice,
    full: Option<&Link>,
) -> Outcome {
    let attempt = AssertUnwindSafe(attempt(desk, destination, notice, full)).catch_unwind();
    attempt.await.unwrap_or_else(|_| {
        let why = Why::new(Reason::NoAnswer, "it panicked, which is a defect of this function");
        Outcome::Later { after: None, unsure: true, why }
    })
}

/// Tries one destination once; with a new secret once more, if there is one.
async fn attempt(
    desk: &Desk<'_>,
    destination: &Destination,
    notice: &Notice,
    full: Option<&Link>,
) -> Outcome {
    let look = Look { full, prefix: desk.routes.prefix.as_deref() };
    if let Destination::Email { topic } = destination {
        if notice.topic.as_ref() == Some(topic) {
            let why = "this topic is the one that the alert came by";
            return Outcome::Never(Why::new(Reason::ClientError, why));
        }
        let mail = render::email(notice, &look);
        return match time_for_one(desk) {
            Ok(within) => sns::publish(&desk.aws.sns, topic, mail, within).await,
            Err(later) => later,
        };
    }
    let old = match keys(desk, destination).await {
        Ok(keys) => keys,
        Err(outcome) => return outcome,
    };
    let outcome = send(desk, destination, notice, &look, &old).await;
    if !matches!(outcome, Outcome::Never(_)) {
        return outcome;
    }
    // Services have many words for a key or an address that is none any more: what counts is whether there
    // is a new one.
    for secret in destination.secrets() {
        desk.aws.secrets.forget(secret);
    }
    match keys(desk, destination).await {
        Ok(new) if new != old => send(desk, destination, notice, &look, &new).await,
        Err(later @ Outcome::Later { .. }) => later,
        _ => outcome,
    }
}

/// How long one attempt may take now.
fn time_for_one(desk: &Desk<'_>) -> Result<Duration, Outcome> {
    let within = ONE_ATTEMPT.min(desk.until.saturating_duration_since(Instant::now()));
    if within >= Duration::from_millis(500) {
        return Ok(within);
    }
    let why = Why::new(Reason::GaveUp, "the function's time was up");
    Err(Outcome::Later { after: None, unsure: false, why })
}

async fn send(
    desk: &Desk<'_>,
    destination: &Destination,
    notice: &Notice,
    look: &Look<'_>,
    keys: &Keys,
) -> Outcome {
    let within = match time_for_one(desk) {
        Ok(within) => within,
        Err(later) => return later,
    };
    let hosts = &desk.routes.allowed_hosts;
    let request = match request::request(destination, hosts, notice, look, keys, desk.now()) {
        Ok(request) => request,
        // A new value may be right.
        Err(why) => return Outcome::Never(why),
    };
    let said = post(&desk.aws.web, &request, within).await;
    outcome::judge(destination, &said.map(|text| keys.hide(text)), desk.now())
}

async fn keys(desk: &Desk<'_>, destination: &Destination) -> Result<Keys, Outcome> {
    let unavailable = |it: Unavailable| {
        let why = Why::new(Reason::Secret, it.why);
        match it.passing {
            true => Outcome::Later { after: None, unsure: false, why },
            false => Outcome::Never(why),
        }
    };
    let Some(main) = destination.secret() else {
        let why = Why::new(Reason::Secret, "it names no secret");
        return Err(Outcome::Never(why));
    };
    let read = async {
        let main = desk.aws.secrets.get(main).await.map_err(unavailable)?;
        let signing = match destination.signing_secret() {
            Some(it) => Some(desk.aws.secrets.get(it).await.map_err(unavailable)?),
            None => None,
        };
        Ok(Keys { main, signing })
    };
    match tokio::time::timeout_at(desk.until, read).await {
        Ok(keys) => keys,
        Err(_) => {
            let why = Why::new(Reason::Secret, "the secret could not be read in time");
            Err(Outcome::Later { after: None, unsure: false, why })
        }
    }
}

/// Sends it once, unless that takes longer than `within`. What is told of errors holds no address.
async fn post(web: &SharedHttpConnector, request: &Request, within: Duration) -> Said {
    let Some(request) = built(request) else {
        return Said::NotSent("the address is no address".to_owned());
    };
    match tokio::time::timeout(within, web.call(request)).await {
        Ok(Ok(answer)) => read(answer).await,
        Ok(Err(error)) => {
            let what = innermost(&error);
            if never_left(&error) { Said::NotSent(what) } else { Said::Lost(what) }
        }
        Err(_) => Said::Lost(format!("no answer within {} s", within.as_secs_f64())),
    }
}

fn built(request: &Request) -> Option<HttpRequest> {
    let mut builder = http::Request::post(&request.address).header("user-agent", "quayside");
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    let body = SdkBody::from(request.body.as_str());
    HttpRequest::try_from(builder.body(body).ok()?).ok()
}

/// As much of the body as there is in time: the status has come, and may be all that counts.
async fn read(mut answer: HttpResponse) -> Said {
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get("retry-after").map(str::to_owned);
    let (mut body, mut bytes) = (answer.take_body(), Vec::new());
    let all = async {
        while let Some(Ok(frame)) = body.frame().await {
            bytes.extend(frame.into_data().unwrap_or_default());
            if bytes.len() >= MOST {
                return;
            }
        }
    };
    // What came until then is in `bytes`.
    let _ = tokio::time::timeout(BODY, all).await;
    Said::Answer { status, retry_after, body: String::from_utf8_lossy(&bytes).into_owned() }
}

/// Whether the request certainly never left, so that it may be sent again without a thought.
pub(crate) fn never_left(error: &ConnectorError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    // The only time-out that the connector itself has is that of connecting.
    let mut never = error.is_user() || error.is_timeout();
    while let Some(it) = cause {
        let client = it.downcast_ref::<hyper_util::client::legacy::Error>();
        never |= client.is_some_and(hyper_util::client::legacy::Error::is_connect);
        let io = it.downcast_ref::<std::io::Error>();
        never |= io.is_some_and(|it| it.kind() == ErrorKind::ConnectionRefused);
        cause = it.source();
    }
    never
}

fn innermost(error: &ConnectorError) -> String {
    let mut innermost: &(dyn Error + 'static) = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}
