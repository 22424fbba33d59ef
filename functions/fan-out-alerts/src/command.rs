//! What the function can do besides handling events: look at routes, preview alerts, send a test.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::destination::Destination;
use crate::notice::Notice;
use crate::render::{self, Look};
use crate::routes::{Routes, Who};

/// What `--help` says of it.
pub const HELP: &str = "\
Also:
  check-routes [FILE]   say what is wrong with the routes; without FILE those of ROUTES
  render FILE [--routes FILE] [--to NAME] [--json]
                        what would be sent of an event, without sending it and without AWS
  test [--to NAME] [--json]
                        send a test to every destination of the routes, or to one
  FILE may be - for standard input.
";

/// Something besides handling an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Say what is wrong with the routes.
    CheckRoutes {
        /// The document's file; without it, it is in `ROUTES`.
        file: Option<String>,
    },
    /// Preview an event.
    Render {
        /// The event's file.
        event: String,
        /// The routes' file; without it, they are in `ROUTES`, or there are none.
        routes: Option<String>,
        /// Only this destination.
        to: Option<String>,
        /// Print JSON.
        json: bool,
    },
    /// Send a test.
    Test {
        /// Only to this destination.
        to: Option<String>,
        /// Print JSON.
        json: bool,
    },
}

impl Command {
    /// Reads the arguments after the program's name; `None` if they are about handling an event.
    ///
    /// # Errors
    /// An argument is unknown or missing.
    pub fn read(arguments: &[String]) -> Result<Option<Self>> {
        let Some((name, rest)) = arguments.split_first() else { return Ok(None) };
        let (mut file, mut routes, mut to, mut json) = (None, None, None, false);
        let mut rest = rest.iter();
        let mut known = vec!["--json"];
        match name.as_str() {
            "check-routes" => known.clear(),
            "render" => known.extend(["--routes", "--to"]),
            "test" => known.push("--to"),
            _ => return Ok(None),
        }
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().cloned().context(format!("{argument} needs a value"));
            match argument.as_str() {
                it if it.starts_with("--") && !known.contains(&it) => {
                    bail!("unknown argument `{it}` of {name}; see --help")
                }
                "--json" => json = true,
                "--routes" => routes = Some(value()?),
                "--to" => to = Some(value()?),
                it if name != "test" && file.is_none() => file = Some(it.to_owned()),
                it => bail!("unknown argument `{it}` of {name}; see --help"),
            }
        }
        Ok(Some(match name.as_str() {
            "check-routes" => Self::CheckRoutes { file },
            "render" => {
                let event = file.context("render needs the file of an event, or -; see --help")?;
                Self::Render { event, routes, to, json }
            }
            _ => Self::Test { to, json },
        }))
    }
}

/// What is wrong with the routes, or what they are.
///
/// # Errors
/// Something is wrong: one line for each problem, and then what is left of the routes.
pub fn check_routes(text: &str) -> Result<String> {
    let (routes, problems) = Routes::read(text);
    if problems.is_empty() {
        return Ok(overview(&routes));
    }
    let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
    bail!("{}\n\nWhat is left:\n{}", all.join("\n"), overview(&routes).trim_end())
}

/// The destinations, and when they are told.
fn overview(routes: &Routes) -> String {
    let width = routes.destinations.keys().map(|it| it.chars().count()).max().unwrap_or_default();
    let mut out = String::new();
    for (name, destination) in &routes.destinations {
        let mut when: Vec<String> = routes
            .routes
            .iter()
            .enumerate()
            .filter(|(_, it)| it.to.contains(name))
            .map(|(n, _)| format!("route {}", n + 1))
            .collect();
        when.extend(routes.default.contains(name).then(|| "default".to_owned()));
        when.extend((routes.fallback.as_ref() == Some(name)).then(|| "fallback".to_owned()));
        // Writing to a string doesn't fail.
        let _ = writeln!(out, "{name:width$}  {:9}  {}", destination.kind(), when.join(", "));
    }
    out
}

/// What one destination would get.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The destination's name, or its kind where there are no routes.
    pub to: String,
    /// Its kind.
    pub kind: &'static str,
    /// What would be sent, without keys.
    pub payload: Value,
}

/// What every destination would get of an event: those of the routes, or one of each kind.
///
/// # Errors
/// The routes have no destination of that name.
pub fn previews(
    notice: &Notice,
    routes: Option<&Routes>,
    to: Option<&str>,
) -> Result<Vec<Preview>> {
    const KINDS: [&str; 6] = ["slack", "teams", "pagerduty", "discord", "webhook", "email"];
    let look = Look { full: None, prefix: routes.and_then(|it| it.prefix.as_deref()) };
    let preview = |to: &str, kind: &'static str| Preview {
        to: to.to_owned(),
        kind,
        payload: match kind {
            "slack" => render::slack(notice, &look),
            "teams" => render::teams(notice, &look),
            "pagerduty" => render::pagerduty(notice, &look),
            "discord" => render::discord(notice, &look),
            "webhook" => render::webhook(notice, &look),
            _ => {
                let (subject, message) = render::email(notice, &look);
                json!({"Subject": subject, "Message": message})
            }
        },
    };
    let Some(routes) = routes else {
        let wanted = |kind: &&&str| to.is_none_or(|it| it == **kind);
        let all: Vec<_> = KINDS.iter().filter(wanted).map(|kind| preview(kind, kind)).collect();
        if all.is_empty() {
            bail!("there are no routes; --to may be one of {}", KINDS.join(", "));
        }
        return Ok(all);
    };
    let of = |name: &str| Some((name.to_owned(), routes.destinations.get(name)?.kind()));
    let told: Vec<(String, &'static str)> = match (to, routes.of(notice)) {
        (Some(name), _) => vec![of(name).with_context(|| {
            let known: Vec<_> = routes.destinations.keys().cloned().collect();
            format!("the routes have no destination `{name}`; there are {}", known.join(", "))
        })?],
        (None, Who::These(names)) => names.into_iter().filter_map(of).collect(),
        (None, Who::Dropped | Who::Nobody) => Vec::new(),
    };
    Ok(told.iter().map(|(name, kind)| preview(name, kind)).collect())
}

/// The previews of all notices of an event, for people or as JSON.
///
/// # Errors
/// The routes have no destination of that name.
pub fn render(
    notices: &[Notice],
    routes: Option<&Routes>,
    to: Option<&str>,
    json: bool,
) -> Result<String> {
    let mut all = Vec::new();
    let mut out = String::new();
    for notice in notices {
        let previews = previews(notice, routes, to)?;
        if json {
            let payloads: Vec<Value> = previews
                .iter()
                .map(|it| json!({"destination": it.to, "type": it.kind, "payload": it.payload}))
                .collect();
            all.push(json!({"kind": notice.kind, "title": notice.title, "payloads": payloads}));
            continue;
        }
        let look = Look { full: None, prefix: routes.and_then(|it| it.prefix.as_deref()) };
        let (_, body) = render::email(notice, &look);
        let dropped = routes.is_some_and(|it| it.of(notice) == Who::Dropped);
        let nobody = if dropped { "dropped by a route" } else { "no route leads anywhere" };
        // Writing to a string doesn't fail.
        let _ = writeln!(out, "{body}");
        if previews.is_empty() {
            let _ = writeln!(out, "  {nobody}");
        }
        let width = previews.iter().map(|it| it.to.chars().count()).max().unwrap_or_default();
        for it in &previews {
            let bytes = it.payload.to_string().len();
            let _ = writeln!(out, "  {:width$}  {:9}  {bytes:>7} bytes", it.to, it.kind);
        }
    }
    Ok(if json { format!("{:#}\n", Value::Array(all)) } else { out })
}

/// The event of a test.
pub(crate) fn test_event(now: Timestamp) -> Value {
    json!({
        "title": "This is a test",
        "text": "Somebody has sent it with `fan-out-alerts test`. Nothing is wrong.",
        "severity": "info",
        "fields": {"Sent": now.to_string()},
    })
}

/// Routes that lead to every destination, or to one.
pub(crate) fn to_everybody(routes: &Routes, to: Option<&str>) -> Result<Routes> {
    let known: Vec<String> = routes.destinations.keys().cloned().collect();
    let default = match to {
        None => known,
        Some(name) if known.iter().any(|it| it == name) => vec![name.to_owned()],
        Some(name) => {
            bail!("the routes have no destination `{name}`; there are {}", known.join(", "))
        }
    };
    let destinations: std::collections::BTreeMap<String, Destination> = routes.destinations.clone();
    Ok(Routes { destinations, routes: Vec::new(), default, fallback: None, ..routes.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Option<Command>> {
        let all: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        Command::read(&all)
    }

    #[test]
    fn arguments_are_read_or_refused_by_name() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["--event", "x"]).unwrap(), None);
        let check = Command::CheckRoutes { file: Some("routes.yaml".into()) };
        assert_eq!(read(&["check-routes", "routes.yaml"]).unwrap(), Some(check));
        let render = Command::Render {
            event: "-".into(),
            routes: Some("r".into()),
            to: Some("chat".into()),
            json: true,
        };
        let given = ["render", "-", "--json", "--routes", "r", "--to", "chat"];
        assert_eq!(read(&given).unwrap(), Some(render));
        let test = Command::Test { to: None, json: false };
        assert_eq!(read(&["test"]).unwrap(), Some(test));
        let refused = |arguments: &[&str], why: &str| {
            let error = read(arguments).unwrap_err().to_string();
            assert!(error.starts_with(why), "{error}");
        };
        refused(&["render"], "render needs the file of an event");
        refused(&["render", "x", "y"], "unknown argument `y` of render");
        refused(&["render", "x", "--to"], "--to needs a value");
        refused(&["check-routes", "--json"], "unknown argument `--json` of check-routes");
        refused(&["test", "chat"], "unknown argument `chat` of test");
    }

    const ROUTES: &str = "
destinations:
  chat: {type: slack, webhook: s}
  oncall: {type: pagerduty, routing_key: s}
routes:
  - match: {severity: critical}
    to: [oncall]
  - match: {status: info}
    drop: true
default: [chat]
fallback: oncall
";

    #[test]
    fn routes_are_shown_or_refused_with_what_is_left() {
        let shown = "chat    slack      default\noncall  pagerduty  route 1, fallback\n";
        assert_eq!(check_routes(ROUTES).unwrap(), shown);
        let error = check_routes(&ROUTES.replace("[chat]", "[chta]")).unwrap_err().to_string();
        assert!(error.contains("line 10: default: there is no destination `chta`"), "{error}");
        assert!(
            error.ends_with(
                "What is left:\nchat    slack      \noncall  pagerduty  route 1, fallback"
            )
        );
    }

    #[test]
    fn an_event_is_previewed_for_whom_it_is_for() {
        let notice = |status| Notice { title: "Too slow".into(), status, ..Notice::default() };
        let firing = notice(crate::Status::Firing);
        let routes = Routes::read(ROUTES).0;
        let to = |notice: &Notice, routes, to| {
            let all = previews(notice, routes, to).unwrap();
            all.into_iter().map(|it| it.to).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(to(&firing, None, None), "slack teams pagerduty discord webhook email");
        assert_eq!(to(&firing, Some(&routes), None), "chat");
        assert_eq!(to(&firing, Some(&routes), Some("oncall")), "oncall");
        assert_eq!(to(&notice(crate::Status::Info), Some(&routes), None), "");
        assert!(previews(&firing, Some(&routes), Some("chta")).is_err());
        let told = render(&[firing], Some(&routes), None, false).unwrap();
        assert!(told.contains("Too slow") && told.contains("chat  slack"), "{told}");
        let dropped = render(&[notice(crate::Status::Info)], Some(&routes), None, false).unwrap();
        assert!(dropped.contains("dropped by a route"), "{dropped}");
    }
}
