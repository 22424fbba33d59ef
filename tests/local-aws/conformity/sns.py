"""SNS."""

from .account import ACCOUNT, REGION, check, equal, expect, pages, refuses


def topic(it):
    """A fresh topic's ARN."""
    return it.sns.create_topic(Name=it.name("topic"))["TopicArn"]


def nothing():
    """The ARN of a topic that is not there."""
    return f"arn:aws:sns:{REGION}:{ACCOUNT}:nothing"


@check("CreateTopic twice is one topic")
def _(it):
    name = it.name("topic")
    first = it.sns.create_topic(Name=name)["TopicArn"]
    equal(first, f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}", "the ARN")
    equal(it.sns.create_topic(Name=name)["TopicArn"], first, "the second ARN")


@check("CreateTopic refuses a name with a space")
def _(it):
    refuses("InvalidParameter", lambda: it.sns.create_topic(Name="a b"))


@check("ListTopics names every topic")
def _(it):
    made = {topic(it) for _ in range(2)}
    found = pages(it.sns.list_topics, "Topics", token="NextToken")
    expect(made <= {t["TopicArn"] for page in found for t in page}, "a topic is missing")


@check("ListTopics refuses a NextToken it did not give")
def _(it):
    refuses("InvalidParameter", lambda: it.sns.list_topics(NextToken="not-a-token"))


@check("SetTopicAttributes is read back by GetTopicAttributes")
def _(it):
    arn = topic(it)
    it.sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="Q")
    seen = it.sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    equal((seen["DisplayName"], seen["Owner"], seen["TopicArn"]), ("Q", ACCOUNT, arn))
    refuses("NotFound", lambda: it.sns.get_topic_attributes(TopicArn=nothing()))
    refuses(
        "NotFound",
        lambda: it.sns.set_topic_attributes(
            TopicArn=nothing(), AttributeName="DisplayName", AttributeValue="Q"
        ),
    )


@check("SetTopicAttributes refuses an attribute that is none")
def _(it):
    arn = topic(it)
    refuses(
        "InvalidParameter",
        lambda: it.sns.set_topic_attributes(TopicArn=arn, AttributeName="Colour"),
    )


@check("DeleteTopic does not mind a topic that is gone")
def _(it):
    arn = topic(it)
    it.sns.delete_topic(TopicArn=arn)
    it.sns.delete_topic(TopicArn=arn)
    refuses("NotFound", lambda: it.sns.get_topic_attributes(TopicArn=arn))
    refuses("InvalidParameter", lambda: it.sns.delete_topic(TopicArn="alerts"))


@check("Publish refuses an unknown topic")
def _(it):
    refuses("NotFound", lambda: it.sns.publish(TopicArn=nothing(), Message="x"))


@check("Publish refuses an empty message and one of more than 256 KB")
def _(it):
    arn = topic(it)
    expect(it.sns.publish(TopicArn=arn, Message="x" * 262_144)["MessageId"], "no MessageId")
    refuses("InvalidParameter", lambda: it.sns.publish(TopicArn=arn, Message="x" * 262_145))
    refuses("InvalidParameter", lambda: it.sns.publish(TopicArn=arn, Message=""))


@check("Publish refuses a subject with a line break or of more than 100 characters")
def _(it):
    arn = topic(it)
    it.sns.publish(TopicArn=arn, Message="x", Subject="ü" * 99)
    for subject in ("two\nlines", "y" * 101):
        refuses(
            "InvalidParameter",
            lambda subject=subject: it.sns.publish(TopicArn=arn, Message="x", Subject=subject),
        )


@check("Publish refuses a structured message without a default")
def _(it):
    arn = topic(it)
    refuses(
        "InvalidParameter",
        lambda: it.sns.publish(TopicArn=arn, Message='{"sms": "x"}', MessageStructure="json"),
    )


@check("PublishBatch says for each entry whether it was accepted")
def _(it):
    arn = topic(it)
    entries = [{"Id": "good", "Message": "x"}, {"Id": "bad", "Message": "x", "Subject": "a\nb"}]
    answer = it.sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
    equal([e["Id"] for e in answer["Successful"]], ["good"], "the accepted ones")
    equal([e["Id"] for e in answer.get("Failed", [])], ["bad"], "the refused ones")


@check("PublishBatch refuses none, eleven and twins")
def _(it):
    arn = topic(it)
    entry = lambda n: {"Id": str(n), "Message": "x"}  # noqa: E731
    for entries, code in (
        ([entry(n) for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([entry(1), entry(1)], "BatchEntryIdsNotDistinct"),
    ):
        refuses(
            code,
            lambda entries=entries: it.sns.publish_batch(
                TopicArn=arn, PublishBatchRequestEntries=entries
            ),
        )


@check("Subscribe twice is one subscription, listed by its topic")
def _(it):
    arn, function = topic(it), it.function_arn(it.name("function"))
    subscribe = lambda: it.sns.subscribe(  # noqa: E731
        TopicArn=arn, Protocol="lambda", Endpoint=function
    )["SubscriptionArn"]
    first = subscribe()
    expect(first.startswith(f"{arn}:"), f"the ARN is {first}")
    equal(subscribe(), first, "the second ARN")
    listed = it.sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    equal([s["Endpoint"] for s in listed], [function], "the endpoints")
    it.sns.unsubscribe(SubscriptionArn=first)
    listed = it.sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    equal(listed, [], "the subscriptions after Unsubscribe")


@check("Subscribe refuses an unknown topic, an unknown protocol and a wrong endpoint")
def _(it):
    arn, function = topic(it), it.function_arn("f")
    subscribe = it.sns.subscribe
    refuses("NotFound", lambda: subscribe(TopicArn=nothing(), Protocol="lambda", Endpoint=function))
    refuses("InvalidParameter", lambda: subscribe(TopicArn=arn, Protocol="fax", Endpoint="1"))
    refuses("InvalidParameter", lambda: subscribe(TopicArn=arn, Protocol="http", Endpoint="x"))


@check("ListSubscriptionsByTopic refuses an unknown topic")
def _(it):
    refuses("NotFound", lambda: it.sns.list_subscriptions_by_topic(TopicArn=nothing()))


@check("Unsubscribe refuses an ARN that is none")
def _(it):
    refuses("InvalidParameter", lambda: it.sns.unsubscribe(SubscriptionArn="nothing"))


@check("A subscribed function gets the message in SNS's envelope")
def _(it):
    arn, name = topic(it), it.name("function")
    events = it.function(name)
    it.sns.subscribe(TopicArn=arn, Protocol="lambda", Endpoint=it.function_arn(name))
    severity = {"DataType": "String", "StringValue": "high"}
    sent = it.sns.publish(
        TopicArn=arn, Message="failed", Subject="Oh", MessageAttributes={"severity": severity}
    )
    record = it.wait("the message", lambda: events and events[0])["Records"][0]
    equal(record["EventSource"], "aws:sns", "EventSource")
    seen = record["Sns"]
    equal((seen["TopicArn"], seen["MessageId"]), (arn, sent["MessageId"]), "topic and id")
    equal((seen["Subject"], seen["Message"]), ("Oh", "failed"), "subject and message")
    equal(seen["MessageAttributes"], {"severity": {"Type": "String", "Value": "high"}})
