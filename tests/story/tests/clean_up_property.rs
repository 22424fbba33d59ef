//! Random accounts, random troubles: everything of closed pull requests goes, and nothing else is ever touched.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what it expects"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use local_aws::{Fault, GitHubAnswer, Kind};
use proptest::prelude::*;
use serde_json::Value;
use story::alone;
use story::inventory::inventory;
use story::review::Reviews;

const FUNCTION: &str = local_aws::scene::ReviewApps::FUNCTION;

/// What a pull request is, by GitHub.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Open,
    Closed,
    Merged,
    JustClosed,
    Issue,
    Unknown,
    Labelled,
}

/// What it has in the account.
#[derive(Debug, Clone, Copy)]
enum Shape {
    App,
    Instances(u8),
    Both,
}

/// What lives beside review apps and looks like them.
#[derive(Debug, Clone, Copy)]
enum NearMiss {
    LegacyCluster,
    WrongEnvironment,
    LeadingZero,
    NoNumber,
    SharedRule,
    NameAgainstTag,
    Protected,
}

fn state() -> impl Strategy<Value = State> {
    prop_oneof![
        3 => Just(State::Closed), 2 => Just(State::Merged), 2 => Just(State::Open), 1 => Just(State::JustClosed),
        1 => Just(State::Issue), 1 => Just(State::Unknown), 1 => Just(State::Labelled),
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![Just(Shape::App), (1..3_u8).prop_map(Shape::Instances), Just(Shape::Both)]
}

fn near_miss() -> impl Strategy<Value = NearMiss> {
    use NearMiss::{
        LeadingZero, LegacyCluster, NameAgainstTag, NoNumber, Protected, SharedRule,
        WrongEnvironment,
    };
    prop::sample::select(vec![
        LegacyCluster,
        WrongEnvironment,
        LeadingZero,
        NoNumber,
        SharedRule,
        NameAgainstTag,
        Protected,
    ])
}

/// A trouble of AWS: what, from which call on, how often.
fn fault() -> impl Strategy<Value = Fault> {
    let kind = prop_oneof![
        Just(Kind::Throttled),
        Just(Kind::ServerError),
        Just(Kind::AnswerLost),
        Just(Kind::AccessDenied),
        Just(Kind::Slow(Duration::from_secs(3))),
    ];
    (kind, 0..200_u32, 1..7_u32, 1..40_u32).prop_map(|(kind, after, every, times)| {
        Fault::new(kind).by(FUNCTION).after(after).every(every).times(times)
    })
}

fn trouble() -> impl Strategy<Value = GitHubAnswer> {
    prop_oneof![
        Just(GitHubAnswer::Down),
        Just(GitHubAnswer::Cut),
        Just(GitHubAnswer::Html(503)),
        Just(GitHubAnswer::Empty),
        Just(GitHubAnswer::List),
        Just(GitHubAnswer::DataNull),
        Just(GitHubAnswer::RateLimited),
        Just(GitHubAnswer::Partial(2)),
        Just(GitHubAnswer::Garbled),
    ]
}

/// The numbers: some begin like others.
const NUMBERS: [u32; 6] = [1, 12, 123, 7, 70, 1234];

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everything_of_closed_pull_requests_goes_and_nothing_else(
        pull_requests in prop::collection::vec((state(), shape()), 1..NUMBERS.len()),
        near_misses in prop::collection::vec(near_miss(), 0..4),
        faults in prop::collection::vec(fault(), 0..5),
        troubles in prop::collection::vec(trouble(), 0..6),
    ) {
        alone(play(pull_requests, near_misses, faults, troubles));
    }
}

async fn play(
    pull_requests: Vec<(State, Shape)>,
    near_misses: Vec<NearMiss>,
    faults: Vec<Fault>,
    troubles: Vec<GitHubAnswer>,
) {
    let reviews = Reviews::set().await.with("MAX_APPS", "100");
    let mut theirs: BTreeMap<u32, BTreeSet<(String, String)>> = BTreeMap::new();
    for (number, (_, shape)) in NUMBERS.into_iter().zip(&pull_requests) {
        let before = inventory(&reviews.world).await;
        build(&reviews, number, *shape).await;
        let after = inventory(&reviews.world).await;
        theirs.insert(number, after.difference(&before).cloned().collect());
    }
    let mut kept = BTreeSet::new();
    for (at, near_miss) in near_misses.iter().enumerate() {
        kept.extend(beside(&reviews, *near_miss, u32::try_from(at).unwrap()).await);
    }
    let everything = inventory(&reviews.world).await;
    reviews.wait(7200).await;
    for (number, (state, _)) in NUMBERS.into_iter().zip(&pull_requests) {
        say(&reviews, number, *state);
    }
    faults.into_iter().for_each(|it| reviews.world.fault(it));
    reviews.world.github_answers(troubles);
    // Through the troubles, and on when they are over.
    for _ in 0..4 {
        let _ = reviews.run(serde_json::json!({})).await;
        reviews.wait(900).await;
    }
    reviews.world.heal();
    reviews.world.github_answers(Vec::new());
    reviews.hours(12).await;
    let closed: BTreeSet<u32> = NUMBERS
        .into_iter()
        .zip(&pull_requests)
        // Closed just now, its grace was over when the others went.
        .filter(|(_, (state, _))| {
            matches!(state, State::Closed | State::Merged | State::JustClosed)
        })
        .map(|(number, _)| number)
        .filter(|it| !kept.contains(it))
        .collect();
    let gone: BTreeSet<(String, String)> =
        closed.iter().filter_map(|it| theirs.get(it)).flatten().cloned().collect();
    let expected: BTreeSet<_> = everything.difference(&gone).cloned().collect();
    let there = inventory(&reviews.world).await;
    let left: Vec<_> = there.difference(&expected).collect();
    let missing: Vec<_> = expected.difference(&there).collect();
    assert!(left.is_empty() && missing.is_empty(), "left {left:#?}, missing {missing:#?}");
    only_theirs(&reviews, &gone);
    let before = reviews.changes().len();
    reviews.run(serde_json::json!({})).await.unwrap();
    assert_eq!(reviews.changes().len(), before, "a run after the last one changes nothing");
}

async fn build(reviews: &Reviews, number: u32, shape: Shape) {
    let instances = match shape {
        Shape::App => 0,
        Shape::Instances(n) => n,
        Shape::Both => 1,
    };
    if !matches!(shape, Shape::Instances(_)) {
        reviews.apps.app(number, 1).await.unwrap();
    }
    for _ in 0..instances {
        reviews.apps.instance("preview", &number.to_string()).await.unwrap();
    }
}

/// Puts something beside review apps; the pull requests whose apps it keeps.
async fn beside(reviews: &Reviews, near_miss: NearMiss, at: u32) -> Option<u32> {
    let apps = &reviews.apps;
    match near_miss {
        NearMiss::LegacyCluster => {
            let name = format!("core-review-12-legacy{at}");
            apps.cluster(&name).await.unwrap();
            apps.definition(&name, "app").await.unwrap();
            apps.service(&name, &name, &name).await.unwrap();
            apps.alarm(&format!("core-review-12x-{at}")).await.unwrap();
        }
        NearMiss::WrongEnvironment => drop(apps.instance("Preview", "12").await.unwrap()),
        NearMiss::LeadingZero => drop(apps.instance("preview", "012").await.unwrap()),
        NearMiss::NoNumber => drop(apps.instance("preview", "").await.unwrap()),
        NearMiss::SharedRule => {
            let own = apps.target_group(&format!("shared-{at}")).await.unwrap();
            apps.route(5000 + at, &[&own]).await.unwrap();
        }
        NearMiss::NameAgainstTag => {
            let name = format!("core-review-{}-app", 900_000 + at);
            apps.cluster(&name).await.unwrap();
            apps.tag_cluster(&name, "github-pr", "12").await.unwrap();
        }
        NearMiss::Protected => {
            let number = 12;
            let instance = apps.instance("preview", "12").await.unwrap();
            apps.tag_instance(&instance, "quayside.protect", "banana").await.unwrap();
            return Some(number);
        }
    }
    None
}

fn say(reviews: &Reviews, number: u32, state: State) {
    let (world, apps) = (&reviews.world, &reviews.apps);
    let repository = local_aws::scene::ReviewApps::REPOSITORY;
    match state {
        State::Open => apps.open(number),
        State::Closed => apps.closed(number, reviews.ago(60)),
        State::JustClosed => apps.closed(number, reviews.ago(1)),
        State::Merged => {
            apps.open(number);
            world.merge(repository, number.into(), reviews.ago(90));
        }
        State::Issue => world.issue(repository, number.into()),
        State::Unknown => {}
        State::Labelled => {
            apps.closed(number, reviews.ago(60));
            world.label(repository, number.into(), "keep-review-app");
        }
    }
}

/// Every word of every changing request names something of a closed pull request.
fn only_theirs(reviews: &Reviews, gone: &BTreeSet<(String, String)>) {
    let names: BTreeSet<&str> = gone.iter().map(|it| it.1.as_str()).collect();
    for (operation, input) in reviews.changes() {
        let input: Value = serde_json::from_str(&input).unwrap();
        let mut words = Vec::new();
        texts(&input, &mut words);
        for word in words {
            let known = ["ecs", "ecs:service:DesiredCount", "false", "true", "default"]
                .contains(&word.as_str());
            assert!(known || names.contains(word.as_str()), "{operation} of {word}: {input}");
        }
    }
}

fn texts(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) => words.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|it| texts(it, words)),
        Value::Object(members) => members.values().for_each(|it| texts(it, words)),
        _ => {}
    }
}
