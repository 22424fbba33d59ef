//! Any destination fails in any way, and so does AWS: each has the alert once, or once more where nobody could
//! know; what isn't delivered is kept; and what the function says of it is true.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a story that is not as told should stop; a missing member of JSON is null"
)]

use std::time::Duration;

use local_aws::scene::FanOut;
use local_aws::{Answer, Fault, Kind};
use proptest::prelude::*;
use serde_json::json;
use story::alerts::{Alerts, FIVE, ROUTES};
use story::alone;

/// What one request may meet.
fn any_answer() -> impl Strategy<Value = Answer> {
    let status = |status, retry_after| Answer::Status { status, retry_after, body: None };
    prop_oneof![
        4 => Just(Answer::Ok),
        2 => Just(status(429, Some(2))),
        1 => Just(status(429, Some(400))),
        2 => Just(status(500, None)),
        1 => Just(status(503, Some(1))),
        2 => Just(Answer::Cut),
        2 => Just(Answer::Refused),
        1 => Just(Answer::Hang),
        1 => Just(Answer::Slow(Duration::from_secs(3))),
        1 => Just(Answer::Slow(Duration::from_secs(12))),
        1 => Just(status(400, None)),
        1 => Just(status(404, None)),
    ]
}

fn is_ambiguous(answer: &Answer) -> bool {
    match answer {
        Answer::Cut | Answer::Hang => true,
        Answer::Slow(time) => *time > Duration::from_secs(9),
        _ => false,
    }
}

/// Faults of AWS while it happens.
#[derive(Debug, Clone)]
struct Trouble {
    operation: &'static str,
    kind: Kind,
    after: u32,
    times: u32,
}

fn any_trouble() -> impl Strategy<Value = Vec<Trouble>> {
    let operation = prop_oneof![
        Just("SendMessage"),
        Just("ChangeMessageVisibility"),
        Just("GetSecretValue"),
        Just("GetParameter"),
    ];
    let kind = prop_oneof![Just(Kind::ServerError), Just(Kind::Throttled), Just(Kind::AnswerLost)];
    let one = (operation, kind, 0..4_u32, 1..12_u32)
        .prop_map(|(operation, kind, after, times)| Trouble { operation, kind, after, times });
    prop::collection::vec(one, 0..3)
}

/// Alerts with fields so that they may not be mistaken for each other.
const TITLES: [&str; 3] = ["Alert one", "Alert two", "Alert three"];

async fn played(scripts: [Vec<Answer>; 5], trouble: Vec<Trouble>) -> Result<(), String> {
    let alerts = Alerts::set(ROUTES).await;
    for (name, script) in FIVE.iter().zip(&scripts) {
        alerts.world.script(name, script.clone());
    }
    for it in &trouble {
        let fault = Fault::new(it.kind.clone()).on(it.operation).by(FanOut::FUNCTION);
        alerts.world.fault(fault.after(it.after).times(it.times));
    }
    for title in TITLES {
        alerts.alert(title).await;
    }
    alerts.wait(26 * 60).await;
    if alerts.waiting() > 0 {
        return Err(format!("{} still wait", alerts.waiting()));
    }
    let kept = FanOut::failed(&alerts.world);
    for title in TITLES {
        for (name, script) in FIVE.iter().zip(&scripts) {
            let times = match *name {
                "oncall" => alerts
                    .world
                    .incidents(name)
                    .iter()
                    .filter(|it| it.2.to_string().contains(title))
                    .count(),
                _ => alerts
                    .world
                    .arrived(name)
                    .iter()
                    .filter(|it| it.body.to_string().contains(title))
                    .count(),
            };
            let is_kept = kept.iter().any(|it| {
                let whole = it["requestPayload"].to_string().contains(title);
                whole || (it["destination"] == *name && it["notice"]["title"] == title)
            });
            if times == 0 && !is_kept {
                return Err(format!("{name} was never told of {title}, and nobody keeps it"));
            }
            // A queue whose answer is lost has the item, perhaps twice.
            let unsure = script.iter().any(is_ambiguous)
                || trouble
                    .iter()
                    .any(|it| it.kind == Kind::AnswerLost && it.operation == "SendMessage");
            let most = if unsure { 2 } else { 1 };
            if times > most {
                return Err(format!("{name} was told {times} times of {title}"));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_forgotten_and_nobody_is_told_three_times(
        scripts in prop::array::uniform5(prop::collection::vec(any_answer(), 0..8)),
        trouble in any_trouble(),
    ) {
        let told = alone(played(scripts, trouble));
        prop_assert!(told.is_ok(), "{}", told.unwrap_err());
    }
}

/// Ten thousand alerts, a tenth of all requests fails: nothing is lost, and nothing is told twice.
#[test]
fn a_storm_is_told_to_the_last_alert() {
    alone(async {
        const MANY: usize = 2_000;
        let alerts = Alerts::set(ROUTES).await;
        for (n, name) in FIVE.iter().enumerate() {
            let faulty = |it: usize| match it % 10 {
                0 if n % 2 == 0 => Answer::Status { status: 429, retry_after: Some(5), body: None },
                0 => Answer::Status { status: 500, retry_after: None, body: None },
                _ => Answer::Ok,
            };
            alerts.world.script(name, (0..MANY * 2).map(faulty).collect());
        }
        for n in 0..MANY {
            alerts
                .publish(&json!({"title": format!("Alert {n}."), "severity": "error"}).to_string())
                .await;
        }
        alerts.wait(6 * 60).await;
        assert_eq!((alerts.waiting(), alerts.failed()), (0, vec![]));
        for name in FIVE {
            let arrived = match name {
                "oncall" => alerts.world.incidents(name).len(),
                _ => alerts.world.arrived(name).len(),
            };
            assert_eq!(arrived, MANY, "{name}");
        }
    });
}
