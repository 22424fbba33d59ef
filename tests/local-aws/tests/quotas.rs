//! Requests that come faster than AWS answers them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

mod over_http;

use local_aws::{Fault, Kind, Service};
use over_http::{send, served, signed_for};
use serde_json::{Value, json};

const DELETE: &str = "AmazonEC2ContainerServiceV20141113.DeleteTaskDefinitions";

#[tokio::test]
async fn what_is_over_the_quota_is_refused_recorded_and_counted() {
    let (world, address) = served(None).await;
    world.limit_requests();
    let body = json!({"taskDefinitions": ["web:1"]});
    let mut answered = 0;
    let refused = loop {
        let headers = [("x-amz-target", DELETE)];
        let answer = send("POST", &address, &headers, &body.to_string()).await.unwrap();
        if answer.status() != 200 {
            break answer;
        }
        answered += 1;
        assert!(answered < 100, "no end of it");
    };
    assert!(answered >= 5, "the bucket holds five: {answered}");
    assert_eq!(refused.status(), 400);
    let error: Value = serde_json::from_slice(refused.body()).unwrap();
    assert_eq!(error["__type"], "ThrottlingException");

    let requests = world.requests_for("DeleteTaskDefinitions");
    let last = requests.last().unwrap();
    assert_eq!(last.outcome, Err("ThrottlingException".to_owned()));
    assert_eq!(last.fault, Some(json!("Throttled")));
    assert!(requests[..answered].iter().all(|it| it.fault.is_none()));
    let who = (None, "DeleteTaskDefinitions".to_owned());
    assert_eq!(world.throttled(), [(who, 1)].into());

    // Preparing and looking is not limited.
    for _ in 0..20 {
        world.call(Service::Ecs, "DeleteTaskDefinitions", body.clone()).await.unwrap();
    }
    world.forget_requests();
    assert!(world.requests().is_empty());
}

#[tokio::test]
async fn each_service_spells_its_refusals_its_own_way() {
    let (world, address) = served(None).await;
    for (service, throttled, denied) in [
        ("ec2", (503, "RequestLimitExceeded"), (403, "UnauthorizedOperation")),
        ("elasticloadbalancing", (400, "Throttling"), (403, "AccessDenied")),
        ("elasticache", (400, "Throttling"), (403, "AccessDenied")),
        ("cloudformation", (400, "Throttling"), (403, "AccessDenied")),
        ("sts", (400, "Throttling"), (403, "AccessDenied")),
        ("sns", (400, "Throttling"), (403, "AuthorizationError")),
    ] {
        for (kind, (status, code)) in [(Kind::Throttled, throttled), (Kind::AccessDenied, denied)] {
            world.fault(Fault::new(kind).times(1));
            let headers = [
                ("authorization", signed_for(service)),
                ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ];
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            let answer = send("POST", &address, &headers, "Action=Any").await.unwrap();
            let text = String::from_utf8_lossy(answer.body());
            assert_eq!(answer.status(), status, "{service}: {text}");
            assert!(text.contains(&format!("<Code>{code}</Code>")), "{service}: {text}");
        }
    }
    for (prefix, throttled) in [
        ("ResourceGroupsTaggingAPI_20170126", "ThrottledException"),
        ("AnyScaleFrontendService", "ThrottlingException"),
        ("AmazonEC2ContainerServiceV20141113", "ThrottlingException"),
    ] {
        world.fault(Fault::new(Kind::Throttled).times(1));
        let headers = [("x-amz-target", &*format!("{prefix}.Any"))];
        let answer = send("POST", &address, &headers, "{}").await.unwrap();
        let error: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(error["__type"], throttled, "{prefix}");
    }
}
