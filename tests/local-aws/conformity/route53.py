"""Route 53."""

from .account import check, equal, expect, refuses


def zone(it):
    """A fresh zone's id and name."""
    name = f"{it.name('zone')}.example"
    made = it.route53.create_hosted_zone(Name=name, CallerReference=name)
    return made["HostedZone"]["Id"].rsplit("/", 1)[-1], made["HostedZone"]["Name"]


def address(name, *values, **more):
    """A set of addresses."""
    records = [{"Value": value} for value in values]
    return {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": records, **more}


def change(it, zone_id, *changes):
    """One batch: pairs of an action and a set."""
    changes = [{"Action": action, "ResourceRecordSet": it} for action, it in changes]
    return it.route53.change_resource_record_sets(
        HostedZoneId=zone_id, ChangeBatch={"Changes": changes}
    )


def records(it, zone_id, **more):
    listed = it.route53.list_resource_record_sets(HostedZoneId=zone_id, **more)
    return [(one["Name"], one["Type"]) for one in listed["ResourceRecordSets"]]


@check("CreateHostedZone makes a zone with NS and SOA, once for each reference")
def _(it):
    zone_id, name = zone(it)
    seen = it.route53.get_hosted_zone(Id=zone_id)
    equal(seen["HostedZone"]["ResourceRecordSetCount"], 2, "the number of records")
    equal(len(seen["DelegationSet"]["NameServers"]), 4, "the number of servers")
    equal(records(it, zone_id), [(name, "NS"), (name, "SOA")], "the records")
    create = it.route53.create_hosted_zone
    reference = name.rstrip(".")
    refuses("HostedZoneAlreadyExists", lambda: create(Name=name, CallerReference=reference))
    refuses(
        "InvalidDomainName", lambda: create(Name="a..b", CallerReference=it.name("reference"))
    )


@check("GetHostedZone and the operations on its records refuse an unknown zone")
def _(it):
    refuses("NoSuchHostedZone", lambda: it.route53.get_hosted_zone(Id="ZNOTHING"))
    refuses("NoSuchHostedZone", lambda: it.route53.delete_hosted_zone(Id="ZNOTHING"))
    refuses("NoSuchHostedZone", lambda: records(it, "ZNOTHING"))
    refuses(
        "NoSuchHostedZone",
        lambda: change(it, "ZNOTHING", ("CREATE", address("a.example", "192.0.2.1"))),
    )


@check("ListHostedZones comes in pages")
def _(it):
    made = {zone(it)[0] for _ in range(3)}
    seen, marker = [], {}
    while True:
        page = it.route53.list_hosted_zones(MaxItems="2", **marker)
        expect(len(page["HostedZones"]) <= 2, "a page has more than two")
        seen += [one["Id"].rsplit("/", 1)[-1] for one in page["HostedZones"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
        expect(len(seen) < 200, "the listing never ends")
    equal(len(seen), len(set(seen)), "the number of zones")
    equal(made - set(seen), set(), "the zones that are missing")
    refuses("InvalidInput", lambda: it.route53.list_hosted_zones(Marker="ZNOTHING"))


@check("ChangeResourceRecordSets refuses a DELETE that repeats not every value")
def _(it):
    zone_id, name = zone(it)
    there = address(f"a.{name}", "192.0.2.1", "192.0.2.2")
    change(it, zone_id, ("CREATE", there))
    for wrong in (
        address(f"a.{name}", "192.0.2.1"),
        {**there, "TTL": 61},
        address(f"b.{name}", "192.0.2.1"),
    ):
        refuses("InvalidChangeBatch", lambda wrong=wrong: change(it, zone_id, ("DELETE", wrong)))
    change(it, zone_id, ("DELETE", there))
    equal(records(it, zone_id), [(name, "NS"), (name, "SOA")], "the records")


@check("ChangeResourceRecordSets makes all changes of a batch or none")
def _(it):
    zone_id, name = zone(it)
    one, foreign = address(f"a.{name}", "192.0.2.1"), address("a.elsewhere.", "192.0.2.1")
    refuses(
        "InvalidChangeBatch",
        lambda: change(it, zone_id, ("CREATE", one), ("CREATE", foreign)),
        says="is not permitted in zone",
    )
    equal(len(records(it, zone_id)), 2, "the number of records")


@check("ChangeResourceRecordSets refuses to CREATE what is there, and UPSERT does not mind")
def _(it):
    zone_id, name = zone(it)
    one = address(f"a.{name}", "192.0.2.1")
    change(it, zone_id, ("CREATE", one))
    refuses("InvalidChangeBatch", lambda: change(it, zone_id, ("CREATE", one)), says="exists")
    change(it, zone_id, ("UPSERT", address(f"a.{name}", "192.0.2.9")))
    listed = it.route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    values = [one["ResourceRecords"] for one in listed if one["Type"] == "A"]
    equal(values, [[{"Value": "192.0.2.9"}]], "the values")


@check("ChangeResourceRecordSets leaves a zone its NS and SOA")
def _(it):
    zone_id, _ = zone(it)
    listed = it.route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    for one in listed:
        refuses("InvalidChangeBatch", lambda one=one: change(it, zone_id, ("DELETE", one)))


@check("ChangeResourceRecordSets takes aliases and weighted sets, each with its identifier")
def _(it):
    zone_id, name = zone(it)
    alias = {
        "Name": f"alias.{name}",
        "Type": "A",
        "AliasTarget": {
            "HostedZoneId": "ZHURV8PSTC4K8",
            "DNSName": "lb-1.eu-west-2.elb.amazonaws.com",
            "EvaluateTargetHealth": False,
        },
    }
    blue = address(f"w.{name}", "192.0.2.1", SetIdentifier="blue", Weight=10)
    green = address(f"w.{name}", "192.0.2.2", SetIdentifier="green", Weight=0)
    change(it, zone_id, *(("CREATE", one) for one in (alias, blue, green)))
    change(it, zone_id, ("DELETE", blue))
    listed = it.route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    told = [one.get("SetIdentifier") for one in listed if one["Type"] == "A"]
    equal(told, [None, "green"], "the identifiers")
    change(it, zone_id, *(("DELETE", one) for one in listed if one["Type"] == "A"))
    plain = address(f"v.{name}", "192.0.2.1", Weight=1)
    refuses("InvalidInput", lambda: change(it, zone_id, ("CREATE", plain)))


@check("ListResourceRecordSets sorts by reversed labels and comes in pages")
def _(it):
    zone_id, name = zone(it)
    names = [f"{it}.{name}" for it in ("b", "z.a", "c")]
    change(it, zone_id, *(("CREATE", address(one, "192.0.2.1")) for one in names))
    expected = [(one, "A") for one in (names[1], names[0], names[2])]
    equal(records(it, zone_id)[2:], expected, "the records")
    page = it.route53.list_resource_record_sets(HostedZoneId=zone_id, MaxItems="3")
    equal((len(page["ResourceRecordSets"]), page["IsTruncated"]), (3, True), "the first page")
    rest = records(
        it, zone_id, StartRecordName=page["NextRecordName"], StartRecordType=page["NextRecordType"]
    )
    equal(rest, expected[1:], "the second page")
    refuses("InvalidInput", lambda: records(it, zone_id, StartRecordType="A"))


@check("DeleteHostedZone refuses a zone with records")
def _(it):
    zone_id, name = zone(it)
    one = address(f"a.{name}", "192.0.2.1")
    change(it, zone_id, ("CREATE", one))
    refuses("HostedZoneNotEmpty", lambda: it.route53.delete_hosted_zone(Id=zone_id))
    change(it, zone_id, ("DELETE", one))
    it.route53.delete_hosted_zone(Id=zone_id)
    refuses("NoSuchHostedZone", lambda: it.route53.get_hosted_zone(Id=zone_id))


@check("Hosted zones are tagged")
def _(it):
    zone_id, _ = zone(it)
    route53 = it.route53
    place = {"ResourceType": "hostedzone", "ResourceId": zone_id}
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    route53.change_tags_for_resource(**place, AddTags=tags)
    route53.change_tags_for_resource(**place, RemoveTagKeys=["a"])
    seen = route53.list_tags_for_resource(**place)["ResourceTagSet"]
    equal((seen["ResourceId"], seen["Tags"]), (zone_id, tags[1:]), "the tags")
    nowhere = {"ResourceType": "hostedzone", "ResourceId": "ZNOTHING"}
    refuses("NoSuchHostedZone", lambda: route53.list_tags_for_resource(**nowhere))
    refuses(
        "NoSuchHostedZone", lambda: route53.change_tags_for_resource(**nowhere, AddTags=tags)
    )
