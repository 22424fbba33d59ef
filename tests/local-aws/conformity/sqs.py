"""SQS, and functions that consume its queues."""

import hashlib
import json

from .account import ACCOUNT, REGION, check, equal, expect, pages, refuses
from .functions import created

_INVALID = "InvalidParameterValue"
_GONE = "AWS.SimpleQueueService.NonExistentQueue"


def create(it, **attributes):
    return it.sqs.create_queue(QueueName=it.name("queue"), Attributes=attributes)


def queue(it, **attributes):
    """A queue's URL."""
    return create(it, **attributes)["QueueUrl"]


def arn(url):
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rsplit('/', 1)[-1]}"


def sent(it, url, body="one", **more):
    return it.sqs.send_message(QueueUrl=url, MessageBody=body, **more)


def received(it, url, **more):
    """The messages of one request."""
    return it.sqs.receive_message(QueueUrl=url, **more).get("Messages", [])


def attribute(it, url, name):
    answer = it.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return answer["Attributes"][name]


def visible(it, url):
    return attribute(it, url, "ApproximateNumberOfMessages")


@check("CreateQueue makes the same queue again, and refuses other attributes")
def _(it):
    url = queue(it, VisibilityTimeout="60")
    name = url.rsplit("/", 1)[-1]
    expect(url.endswith(f"/{ACCOUNT}/{name}"), f"the URL is {url}")
    same = it.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})
    equal(same["QueueUrl"], url, "the URL")
    other = {"VisibilityTimeout": "61"}
    refuses("QueueAlreadyExists", lambda: it.sqs.create_queue(QueueName=name, Attributes=other))
    equal(it.sqs.get_queue_url(QueueName=name)["QueueUrl"], url, "the URL of GetQueueUrl")


@check("CreateQueue refuses names and attributes that SQS does not know")
def _(it):
    refuses(_INVALID, lambda: it.sqs.create_queue(QueueName="a queue"))
    refuses("InvalidAttributeName", lambda: create(it, Colour="red"))
    refuses("InvalidAttributeValue", lambda: create(it, DelaySeconds="901"))


@check("ListQueues comes in pages and by prefix")
def _(it):
    prefix = it.name("listed")
    made = [
        it.sqs.create_queue(QueueName=f"{prefix}-{n}")["QueueUrl"] for n in range(3)
    ]
    found = pages(
        it.sqs.list_queues, "QueueUrls", "NextToken", QueueNamePrefix=prefix, MaxResults=2
    )
    equal([len(page) for page in found], [2, 1], "the sizes of the pages")
    equal(sorted(sum(found, [])), sorted(made), "the queues")
    refuses(_INVALID, lambda: it.sqs.list_queues(MaxResults=1001))


@check("GetQueueAttributes shows defaults, and SetQueueAttributes changes them")
def _(it):
    url = queue(it)
    seen = it.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    equal(seen["QueueArn"], arn(url), "the ARN")
    defaults = (seen["VisibilityTimeout"], seen["DelaySeconds"], seen["MessageRetentionPeriod"])
    equal(defaults, ("30", "0", "345600"), "the defaults")
    it.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7"})
    equal(attribute(it, url, "VisibilityTimeout"), "7", "the timeout")
    refuses(
        "InvalidAttributeValue",
        lambda: it.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "no"}),
    )
    refuses(
        "InvalidAttributeName",
        lambda: it.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Colour"]),
    )


@check("Unknown queues are refused by every operation")
def _(it):
    url = queue(it).rsplit("/", 1)[0] + "/nothing"
    handle, client = {"QueueUrl": url, "ReceiptHandle": "none"}, it.sqs
    handles = [{"Id": "a", "ReceiptHandle": "none"}]
    hidden = [{"Id": "a", "ReceiptHandle": "none", "VisibilityTimeout": 1}]
    messages = [{"Id": "a", "MessageBody": "a"}]
    for call in (
        lambda: client.get_queue_url(QueueName="nothing"),
        lambda: client.delete_queue(QueueUrl=url),
        lambda: client.purge_queue(QueueUrl=url),
        lambda: client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]),
        lambda: client.set_queue_attributes(QueueUrl=url, Attributes={}),
        lambda: sent(it, url),
        lambda: client.receive_message(QueueUrl=url),
        lambda: client.delete_message(**handle),
        lambda: client.change_message_visibility(**handle, VisibilityTimeout=1),
        lambda: client.send_message_batch(QueueUrl=url, Entries=messages),
        lambda: client.delete_message_batch(QueueUrl=url, Entries=handles),
        lambda: client.change_message_visibility_batch(QueueUrl=url, Entries=hidden),
    ):
        refuses(_GONE, call)


@check("A message is received with its digests, and not again while it is hidden")
def _(it):
    url = queue(it)
    attributes = {
        "team": {"DataType": "String", "StringValue": "pay"},
        "n": {"DataType": "Number", "StringValue": "7"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    answer = sent(it, url, MessageAttributes=attributes)
    equal(answer["MD5OfMessageBody"], hashlib.md5(b"one").hexdigest(), "the digest")
    equal(answer["MD5OfMessageAttributes"], _digest(attributes), "the digest of the attributes")
    asked = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}
    (message,) = received(it, url, **asked)
    equal((message["Body"], message["MessageId"]), ("one", answer["MessageId"]), "the message")
    equal(message["MessageAttributes"], attributes, "the attributes")
    equal(message["Attributes"]["ApproximateReceiveCount"], "1", "the count")
    equal(received(it, url), [], "what is received again")


def _digest(attributes):
    """As AWS's documentation says it is calculated."""
    encoded = b""
    for name in sorted(attributes):
        it = attributes[name]
        binary = "BinaryValue" in it
        value = it["BinaryValue"] if binary else it["StringValue"].encode()
        for part in (name.encode(), it["DataType"].encode()):
            encoded += len(part).to_bytes(4, "big") + part
        encoded += (b"\x02" if binary else b"\x01") + len(value).to_bytes(4, "big") + value
    return hashlib.md5(encoded).hexdigest()


@check("A message that is deleted does not come again, and one that is shown again does")
def _(it):
    url = queue(it)
    sent(it, url)
    (message,) = received(it, url)
    handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    it.sqs.change_message_visibility(**handle, VisibilityTimeout=0)
    (message,) = received(it, url)
    handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    refuses(_INVALID, lambda: it.sqs.change_message_visibility(**handle, VisibilityTimeout=43201))
    it.sqs.delete_message(**handle)
    it.sqs.delete_message(**handle)
    equal(attribute(it, url, "ApproximateNumberOfMessagesNotVisible"), "0", "the messages left")
    wrong = handle | {"ReceiptHandle": "none"}
    refuses("ReceiptHandleIsInvalid", lambda: it.sqs.delete_message(**wrong))


@check("SendMessage refuses long delays, long messages and attributes of no type")
def _(it):
    url = queue(it)
    refuses(_INVALID, lambda: sent(it, url, DelaySeconds=901))
    refuses(_INVALID, lambda: sent(it, url, "x" * 1_048_577))
    refuses("InvalidMessageContents", lambda: sent(it, url, "\x01"))
    typeless = {"n": {"DataType": "Colour", "StringValue": "red"}}
    refuses(_INVALID, lambda: sent(it, url, MessageAttributes=typeless))


@check("ReceiveMessage refuses too many messages and too long a wait")
def _(it):
    url = queue(it)
    receive = it.sqs.receive_message
    refuses(_INVALID, lambda: receive(QueueUrl=url, MaxNumberOfMessages=11))
    refuses(_INVALID, lambda: receive(QueueUrl=url, WaitTimeSeconds=21))


@check("ReceiveMessage waits for a message that is delayed")
def _(it):
    url = queue(it)
    sent(it, url, DelaySeconds=1)
    equal(attribute(it, url, "ApproximateNumberOfMessagesDelayed"), "1", "the delayed messages")
    equal(received(it, url), [], "what is received at once")
    equal([m["Body"] for m in received(it, url, WaitTimeSeconds=5)], ["one"], "what is waited for")


@check("A batch of messages is as good as its entries")
def _(it):
    url, client = queue(it), it.sqs
    entries = [{"Id": n, "MessageBody": n, "DelaySeconds": 0} for n in "abc"]
    entries[2]["DelaySeconds"] = 901
    answer = client.send_message_batch(QueueUrl=url, Entries=entries)
    equal([e["Id"] for e in answer["Successful"]], ["a", "b"], "what is accepted")
    equal([e["Code"] for e in answer["Failed"]], [_INVALID], "what is not")
    messages = received(it, url, MaxNumberOfMessages=10)
    handles = [{"Id": m["Body"], "ReceiptHandle": m["ReceiptHandle"]} for m in messages]
    hidden = [entry | {"VisibilityTimeout": 100} for entry in handles]
    done = client.change_message_visibility_batch(QueueUrl=url, Entries=hidden)
    equal(len(done["Successful"]), 2, "the number of hidden messages")
    done = client.delete_message_batch(QueueUrl=url, Entries=handles)
    equal(len(done["Successful"]), 2, "the number of deleted messages")


@check("A batch of messages has one to ten entries, with different ids")
def _(it):
    url = queue(it)

    def send(ids):
        entries = [{"Id": n, "MessageBody": n} for n in ids]
        return it.sqs.send_message_batch(QueueUrl=url, Entries=entries)

    prefix = "AWS.SimpleQueueService."
    refuses(f"{prefix}EmptyBatchRequest", lambda: send(""))
    refuses(f"{prefix}TooManyEntriesInBatchRequest", lambda: send("abcdefghijk"))
    refuses(f"{prefix}BatchEntryIdsNotDistinct", lambda: send("aa"))
    refuses(f"{prefix}InvalidBatchEntryId", lambda: send("?"))


@check("A message that is received too often goes to the dead-letter queue")
def _(it):
    dead = queue(it)
    policy = {"deadLetterTargetArn": arn(dead), "maxReceiveCount": "1"}
    url = queue(it, VisibilityTimeout="0", RedrivePolicy=json.dumps(policy))
    sent(it, url)
    equal(len(received(it, url)), 1, "the number of messages at first")
    equal(received(it, url), [], "what is received again")
    equal(visible(it, dead), "1", "the number of dead letters")


@check("PurgeQueue empties a queue, once a minute")
def _(it):
    url = queue(it)
    sent(it, url)
    it.sqs.purge_queue(QueueUrl=url)
    equal(visible(it, url), "0", "the number of messages")
    refuses(
        "AWS.SimpleQueueService.PurgeQueueInProgress", lambda: it.sqs.purge_queue(QueueUrl=url)
    )


@check("DeleteQueue removes a queue, whose name is free after a minute")
def _(it):
    url = queue(it)
    it.sqs.delete_queue(QueueUrl=url)
    name = url.rsplit("/", 1)[-1]
    refuses(_GONE, lambda: it.sqs.get_queue_url(QueueName=name))
    refuses(
        "AWS.SimpleQueueService.QueueDeletedRecently", lambda: it.sqs.create_queue(QueueName=name)
    )


# --- Functions that consume queues ---


def mapped(it, handler=lambda event: None, **more):
    """A queue, the events that the function gets which consumes it, and the mapping."""
    # A function here has a minute, and a queue must hide its messages for as long.
    name, url = it.name("function"), queue(it, VisibilityTimeout="60")
    events = it.function(name, handler)
    asked = {"FunctionName": name, "EventSourceArn": arn(url), **more}
    return url, events, it.lambda_.create_event_source_mapping(**asked)


@check("CreateEventSourceMapping lets a function consume a queue")
def _(it):
    url, events, _mapping = mapped(it)
    answer = sent(it, url)
    it.wait("the event", lambda: events)
    (record,) = events[0]["Records"]
    equal((record["body"], record["messageId"]), ("one", answer["MessageId"]), "the message")
    equal(
        (record["eventSource"], record["eventSourceARN"], record["awsRegion"]),
        ("aws:sqs", arn(url), REGION),
        "the source",
    )
    it.wait(
        "the message to be deleted",
        lambda: attribute(it, url, "ApproximateNumberOfMessagesNotVisible") == "0",
    )


@check("A function that reports failures keeps only what failed")
def _(it):
    def fails(event):
        failed = [r["messageId"] for r in event["Records"] if r["body"] == "bad"]
        return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}

    url, events, _mapping = mapped(it, fails, FunctionResponseTypes=["ReportBatchItemFailures"])
    entries = [{"Id": body, "MessageBody": body} for body in ("good", "bad")]
    it.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    it.wait("both messages", lambda: sum(len(e["Records"]) for e in events) == 2)
    it.wait(
        "the good one to be deleted",
        lambda: attribute(it, url, "ApproximateNumberOfMessagesNotVisible") == "1",
    )


@check("An event source mapping is shown, listed, changed and deleted")
def _(it):
    function, client = created(it)["FunctionArn"], it.lambda_
    asked = {"FunctionName": function, "EventSourceArn": arn(queue(it))}
    uuid = client.create_event_source_mapping(**asked, BatchSize=5)["UUID"]
    it.wait(
        "the mapping", lambda: client.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    )
    equal(client.get_event_source_mapping(UUID=uuid)["BatchSize"], 5, "the size")
    listed = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    equal([one["UUID"] for one in listed], [uuid], "the mappings")
    client.update_event_source_mapping(UUID=uuid, BatchSize=7, Enabled=False)
    seen = client.get_event_source_mapping(UUID=uuid)
    equal((seen["BatchSize"], seen["State"]), (7, "Disabled"), "size and state")
    client.delete_event_source_mapping(UUID=uuid)
    it.wait(
        "the mapping to be gone",
        lambda: not client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"],
    )


@check("An event source mapping is refused without its function, its queue and fitting numbers")
def _(it):
    client, invalid = it.lambda_, "InvalidParameterValueException|ValidationException"
    function = created(it, Timeout=60)["FunctionName"]
    asked = {"FunctionName": function, "EventSourceArn": arn(queue(it, VisibilityTimeout="60"))}
    made = client.create_event_source_mapping(**asked)

    def map_it(**more):
        return client.create_event_source_mapping(**(asked | more))

    refuses("ResourceConflictException", map_it)
    refuses("ResourceNotFoundException", lambda: map_it(FunctionName="nothing"))
    refuses(invalid, lambda: map_it(EventSourceArn=arn("nothing")))
    refuses(invalid, lambda: map_it(EventSourceArn=arn(queue(it))))
    other = arn(queue(it, VisibilityTimeout="60"))
    refuses(invalid, lambda: map_it(EventSourceArn=other, BatchSize=11))
    refuses(invalid, lambda: map_it(EventSourceArn=other, BatchSize=0))
    refuses(invalid, lambda: client.list_event_source_mappings(Marker="none"))
    gone, unknown = "ResourceNotFoundException", made["UUID"][:-1] + "-"
    refuses(gone, lambda: client.get_event_source_mapping(UUID=unknown))
    refuses(gone, lambda: client.update_event_source_mapping(UUID=unknown, BatchSize=1))
    refuses(gone, lambda: client.delete_event_source_mapping(UUID=unknown))


@check("A failed event ends at its destination and in the dead letters")
def _(it):
    def fails(_event):
        raise ValueError("no")

    name, failed, dead = it.name("function"), queue(it), queue(it)
    it.function(name, fails)
    it.lambda_.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn(failed)}},
    )
    it.lambda_.update_function_configuration(
        FunctionName=name, DeadLetterConfig={"TargetArn": arn(dead)}
    )
    it.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 1}')
    (message,) = it.wait("the record", lambda: received(it, failed))
    record = json.loads(message["Body"])
    equal(record["requestContext"]["condition"], "RetriesExhausted", "the condition")
    equal(record["requestPayload"], {"n": 1}, "the payload")
    asked = {"MessageAttributeNames": ["All"]}
    (message,) = it.wait("the dead letter", lambda: received(it, dead, **asked))
    equal(json.loads(message["Body"]), {"n": 1}, "the dead letter")
    equal(message["MessageAttributes"]["ErrorMessage"]["StringValue"], "no", "the error")


@check("A topic hands its messages to queues, as they are or in an envelope")
def _(it):
    topic = it.sns.create_topic(Name=it.name("topic"))["TopicArn"]
    wrapped, raw = queue(it), queue(it)
    it.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn(wrapped))
    attributes = {"RawMessageDelivery": "true"}
    it.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn(raw), Attributes=attributes)
    team = {"team": {"DataType": "String", "StringValue": "pay"}}
    it.sns.publish(TopicArn=topic, Message="down", MessageAttributes=team)
    asked = {"MessageAttributeNames": ["All"]}
    (message,) = it.wait("the envelope", lambda: received(it, wrapped, **asked))
    body = json.loads(message["Body"])
    equal((body["Type"], body["Message"]), ("Notification", "down"), "the envelope")
    expect("MessageAttributes" not in message, "the envelope has attributes outside")
    (message,) = it.wait("the message", lambda: received(it, raw, **asked))
    equal((message["Body"], message["MessageAttributes"]), ("down", team), "the message")
