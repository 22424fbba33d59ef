//! What becomes of an app, case by case.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::evidence::{Evidence, PullRequest, State};
use crate::fuse::{Approval, Fuses, digest};
use crate::resource::{Key, Resource};

fn at(time: &str) -> Timestamp {
    format!("2026-11-21T{time}:00Z").parse().unwrap()
}

fn policy() -> Policy {
    Policy {
        grace: SignedDuration::from_mins(30),
        keep_label: "keep-review-app".to_owned(),
        review_label: None,
        max_age: None,
        keep_newest_instance: false,
    }
}

fn app(born: Option<&str>) -> App {
    let born = born.map(|it| at(it).as_second());
    let service = Resource::new(Key::new(Kind::Service, "arn"), "core-review-12-app").born(born);
    App { number: 12, resources: vec![service] }
}

fn pull_request(state: State, labels: &[&str]) -> Evidence {
    let labels = labels.iter().map(|it| (*it).to_owned()).collect();
    Evidence::Is(PullRequest { number: 12, state, labels })
}

fn closed(time: &str) -> State {
    State::Closed { at: at(time), merged: false }
}

/// The verdict at noon, in words.
fn said(policy: &Policy, app: &App, evidence: &Evidence) -> String {
    let rules = Rules { protect_tag: "keep".to_owned(), ..Rules::default() };
    match judge(&rules, policy, app, evidence, at("12:00")) {
        Verdict::Going(going) => format!("goes: {}", going.because()),
        Verdict::Stays(stays) => stays.to_string(),
    }
}

#[test]
fn only_what_is_closed_for_long_enough_goes() {
    let check = |born: Option<&str>, state: State, labels: &[&str], expected: &str| {
        assert_eq!(said(&policy(), &app(born), &pull_request(state, labels)), expected);
    };
    check(None, State::Open, &[], "open");
    check(Some("09:00"), closed("11:30"), &[], "goes: closed at 2026-11-21 11:30 UTC");
    check(None, closed("11:30"), &[], "goes: closed at 2026-11-21 11:30 UTC");
    let soon = "closed at 2026-11-21 11:31 UTC; goes after 2026-11-21 12:01 UTC";
    check(None, closed("11:31"), &[], soon);
    let deployed = "closed at 2026-11-21 09:00 UTC; goes after 2026-11-21 12:15 UTC";
    check(Some("11:45"), closed("09:00"), &[], deployed);
    let future = "closed at 2026-11-21 13:00 UTC; goes after 2026-11-21 13:30 UTC";
    check(None, closed("13:00"), &[], future);
    let kept = "the pull request has the label keep-review-app";
    check(None, closed("09:00"), &["keep-review-app"], kept);
    check(None, closed("09:00"), &["Keep-Review-App"], kept);
    assert_eq!(
        said(&policy(), &app(None), &Evidence::NotAPullRequest),
        "there is no such pull request"
    );
    let other = App { number: 13, ..app(None) };
    assert_eq!(
        said(&policy(), &other, &pull_request(closed("09:00"), &[])),
        "there is no such pull request"
    );
}

#[test]
fn what_is_open_goes_only_where_an_operator_said_so() {
    let labelled = Policy { review_label: Some("Review-App".to_owned()), ..policy() };
    let check = |policy: &Policy, born: Option<&str>, labels: &[&str], expected: &str| {
        assert_eq!(said(policy, &app(born), &pull_request(State::Open, labels)), expected);
    };
    check(&labelled, Some("09:00"), &[], "goes: open, without the label");
    check(&labelled, Some("09:00"), &["review-app"], "open");
    // Nobody knows how old it is.
    check(&labelled, None, &[], "open");
    let aged = Policy { max_age: Some(SignedDuration::from_hours(2)), ..policy() };
    check(&aged, Some("09:00"), &[], "goes: open, and too old");
    check(
        &aged,
        Some("11:00"),
        &[],
        "open; goes after 2026-11-21 13:00 UTC if nothing is deployed",
    );
    check(&aged.only_closed(), Some("09:00"), &[], "open");
}

/// What goes at noon.
fn going(number: u32, time: &str) -> Going {
    let app = App { number, ..app(None) };
    let evidence =
        Evidence::Is(PullRequest { number, state: closed(time), labels: BTreeSet::new() });
    match judge(&Rules::default(), &policy(), &app, &evidence, at("12:00")) {
        Verdict::Going(going) => going,
        Verdict::Stays(stays) => panic!("{stays}"),
    }
}

#[test]
fn fuses_trip_where_they_say() {
    let goings: Vec<Going> = (1..=6).map(|number| going(number, "09:00")).collect();
    let check = |(max_apps, max_share): (usize, u32), known, count, trips: bool| {
        let fuses = Fuses { max_apps, max_share };
        let some: Vec<&Going> = goings.iter().take(count).collect();
        let checked = fuses.check(known, &some, &BTreeSet::new(), "R_1");
        assert_eq!(checked.is_err(), trips, "{max_apps} {max_share} {known} {count}");
        // What was approved is not counted, and nothing else is let through.
        let approval = Approval::of(&some, "R_1", 100);
        assert!(fuses.check(known, &some, &approval.numbers("R_1", 99), "R_1").is_ok());
        let others = approval.numbers("R_2", 99);
        assert_eq!(fuses.check(known, &some, &others, "R_1").is_err(), trips);
        let late = approval.numbers("R_1", 100);
        assert_eq!(fuses.check(known, &some, &late, "R_1").is_err(), trips);
    };
    check((0, 100), 10, 0, false);
    check((0, 100), 10, 1, true);
    check((5, 100), 10, 5, false);
    check((5, 100), 10, 6, true);
    check((10, 50), 10, 5, false);
    check((10, 50), 10, 6, true);
    check((10, 50), 4, 4, false);
    check((10, 50), 5, 3, true);
    check((10, 0), 1000, 1, true);
    check((10, 0), 3, 1, true);
    check((10, 100), 6, 6, false);
}

#[test]
fn a_plan_has_another_name_if_it_is_another_one() {
    let (one, other, later) = (going(1, "09:00"), going(2, "09:00"), going(1, "10:00"));
    assert_eq!(digest(&[&one, &other], "R_1"), digest(&[&other, &one], "R_1"));
    assert_ne!(digest(&[&one], "R_1"), digest(&[&other], "R_1"));
    assert_ne!(digest(&[&one], "R_1"), digest(&[&later], "R_1"));
    assert_ne!(digest(&[&one], "R_1"), digest(&[&one], "R_2"));
    let many = [&one, &other];
    assert_eq!(Approval::of(&many, "R_1", 1).pull_requests, "1-2");
}
