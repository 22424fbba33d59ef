//! Hosted zones: what a batch of changes does, and what Route 53 refuses.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a step of a test's preparation that fails has to fail the test"
)]

mod over_http;

use local_aws::{Fault, Kind, Pace, Service, World};
use over_http::{send, served, signed_for};
use serde_json::{Value, json};

fn world() -> World {
    World::new("2026-11-21T12:00:00Z".parse().unwrap(), Pace::REAL)
}

async fn ask(world: &World, operation: &str, input: Value) -> Result<Value, String> {
    world.call(Service::Route53, operation, input).await.map_err(|error| error.message)
}

/// The id of a new zone.
async fn zone(world: &World, name: &str) -> String {
    let input = json!({"Name": name, "CallerReference": name});
    let made = ask(world, "CreateHostedZone", input).await.unwrap();
    made["HostedZone"]["Id"].as_str().unwrap().to_owned()
}

fn address(name: &str, value: &str) -> Value {
    json!({"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]})
}

/// A request with these changes, each an action and a set.
async fn change(world: &World, zone: &str, changes: &[(&str, &Value)]) -> Result<Value, String> {
    let changes: Vec<Value> = changes
        .iter()
        .map(|(action, set)| json!({"Action": action, "ResourceRecordSet": set}))
        .collect();
    let input = json!({"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}});
    ask(world, "ChangeResourceRecordSets", input).await
}

/// Names and types, as they are listed.
async fn listed(world: &World, zone: &str, more: Value) -> Vec<String> {
    let mut input = more;
    input["HostedZoneId"] = json!(zone);
    let page = ask(world, "ListResourceRecordSets", input).await.unwrap();
    let sets = page["ResourceRecordSets"].as_array().unwrap();
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    sets.iter().map(|it| format!("{} {}", text(&it["Name"]), text(&it["Type"]))).collect()
}

#[tokio::test]
async fn a_deletion_repeats_every_value() {
    let world = world();
    let zone = zone(&world, "example.com").await;
    let there = address("Review-1.Example.com", "192.0.2.1");
    change(&world, &zone, &[("CREATE", &there)]).await.unwrap();
    let mut other_ttl = there.clone();
    other_ttl["TTL"] = json!(61);
    for (wrong, says) in [
        (other_ttl, "but the values provided do not match the current values"),
        (address("review-1.example.com", "192.0.2.2"), "do not match the current values"),
        (address("review-2.example.com", "192.0.2.1"), "but it was not found"),
    ] {
        let refused = change(&world, &zone, &[("DELETE", &wrong)]).await.unwrap_err();
        assert!(refused.contains(says), "{refused}");
    }
    change(&world, &zone, &[("DELETE", &there)]).await.unwrap();
    assert_eq!(listed(&world, &zone, json!({})).await, ["example.com. NS", "example.com. SOA"]);
}

#[tokio::test]
async fn a_batch_happens_as_a_whole_or_not_at_all() {
    let world = world();
    let zone = zone(&world, "example.com").await;
    let (one, two) = (address("a.example.com", "192.0.2.1"), address("a.example.org", "192.0.2.1"));
    let refused = change(&world, &zone, &[("CREATE", &one), ("CREATE", &two)]).await.unwrap_err();
    assert_eq!(
        refused,
        "[RRSet with DNS name a.example.org. is not permitted in zone example.com.]"
    );
    assert_eq!(listed(&world, &zone, json!({})).await.len(), 2);
    change(&world, &zone, &[("CREATE", &one), ("DELETE", &one), ("UPSERT", &one)]).await.unwrap();
    assert_eq!(listed(&world, &zone, json!({})).await.len(), 3);
}

#[tokio::test]
async fn what_a_zone_cannot_be_without_stays() {
    let world = world();
    let zone = zone(&world, "example.com").await;
    let input = json!({"HostedZoneId": zone});
    let all = ask(&world, "ListResourceRecordSets", input).await.unwrap();
    for set in all["ResourceRecordSets"].as_array().unwrap() {
        let refused = change(&world, &zone, &[("DELETE", set)]).await.unwrap_err();
        assert!(refused.contains("A HostedZone must contain"), "{refused}");
    }
    change(&world, &zone, &[("CREATE", &address("a.example.com", "192.0.2.1"))]).await.unwrap();
    let refused = ask(&world, "DeleteHostedZone", json!({"Id": zone})).await.unwrap_err();
    assert!(refused.contains("cannot be deleted"), "{refused}");
}

#[tokio::test]
async fn records_are_sorted_by_reversed_labels_and_paged_by_name_type_and_identifier() {
    let world = world();
    let zone = zone(&world, "example.com").await;
    for name in ["b.example.com", "z.a.example.com", "*.example.com"] {
        change(&world, &zone, &[("CREATE", &address(name, "192.0.2.1"))]).await.unwrap();
    }
    let weighted = |it: &str| {
        let mut set = address("w.example.com", "192.0.2.1");
        set["SetIdentifier"] = json!(it);
        set["Weight"] = json!(1);
        set
    };
    change(&world, &zone, &[("CREATE", &weighted("blue")), ("CREATE", &weighted("green"))])
        .await
        .unwrap();
    assert_eq!(
        listed(&world, &zone, json!({})).await,
        [
            "example.com. NS",
            "example.com. SOA",
            "\\052.example.com. A",
            "z.a.example.com. A",
            "b.example.com. A",
            "w.example.com. A",
            "w.example.com. A"
        ]
    );
    let input = json!({"HostedZoneId": zone, "MaxItems": "6"});
    let page = ask(&world, "ListResourceRecordSets", input).await.unwrap();
    assert_eq!(page["IsTruncated"], true);
    assert_eq!(page["NextRecordIdentifier"], "green");
    let start = json!({
        "StartRecordName": page["NextRecordName"],
        "StartRecordType": page["NextRecordType"],
        "StartRecordIdentifier": page["NextRecordIdentifier"],
    });
    assert_eq!(listed(&world, &zone, start).await, ["w.example.com. A"]);
}

#[tokio::test]
async fn sets_that_do_not_go_together_are_refused() {
    let world = world();
    let zone = zone(&world, "example.com").await;
    let there = address("a.example.com", "192.0.2.1");
    change(&world, &zone, &[("CREATE", &there)]).await.unwrap();
    let name = |it: &str| json!({"Name": it, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "b.c"}]});
    let mut weighted = there.clone();
    weighted["SetIdentifier"] = json!("blue");
    weighted["Weight"] = json!(1);
    let mut unnamed = there.clone();
    unnamed["Weight"] = json!(1);
    for (set, says) in [
        (there.clone(), "but it already exists"),
        (name("a.example.com"), "conflicts with other records"),
        (name("example.com"), "is not permitted at apex"),
        (weighted, "another routing policy"),
        (unnamed, "Missing field 'SetIdentifier'"),
        (address("b.example.com", "nowhere"), "Value is not a valid IPv4 address"),
        (json!({"Name": "b.example.com", "Type": "A"}), "but found none"),
    ] {
        let refused = change(&world, &zone, &[("CREATE", &set)]).await.unwrap_err();
        assert!(refused.contains(says), "{refused}");
    }
}

#[tokio::test]
async fn over_http_a_batch_is_xml_and_so_is_its_refusal() {
    let (world, address) = served(None).await;
    let zone = zone(&world, "example.com").await;
    let body = r#"<?xml version="1.0"?>
        <ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">
        <ChangeBatch><Changes><Change><Action>DELETE</Action><ResourceRecordSet>
        <Name>a.example.com</Name><Type>TXT</Type><TTL>60</TTL><ResourceRecords><ResourceRecord>
        <Value>&quot;a &amp; b&quot;</Value></ResourceRecord></ResourceRecords>
        </ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"#;
    let url = format!("{address}/2013-04-01{zone}/rrset/");
    let signature = signed_for("route53");
    let headers = [("authorization", signature.as_str())];
    let refused = send("POST", &url, &headers, body).await.unwrap();
    assert_eq!(refused.status(), 400);
    let text = String::from_utf8(refused.body().to_vec()).unwrap();
    assert!(text.contains("<Code>InvalidChangeBatch</Code>"), "{text}");
    assert!(text.contains("<Messages><Message>Tried to delete"), "{text}");
    let created = send("POST", &url, &headers, &body.replace("DELETE", "CREATE")).await.unwrap();
    assert_eq!(created.status(), 200);
    let asked = &world.requests_for("ChangeResourceRecordSets")[1].input;
    let set = &asked["ChangeBatch"]["Changes"][0]["ResourceRecordSet"];
    assert_eq!(set["ResourceRecords"], json!([{"Value": "\"a & b\""}]));
    let busy = Kind::Refused("PriorRequestNotComplete".to_owned());
    world.fault(Fault::new(busy).on("ChangeResourceRecordSets").times(1));
    let refused = send("POST", &url, &headers, body).await.unwrap();
    let text = String::from_utf8(refused.body().to_vec()).unwrap();
    assert!(text.contains("<Code>PriorRequestNotComplete</Code>"), "{text}");
    assert_eq!(send("POST", &url, &headers, body).await.unwrap().status(), 200);
}
