"""Secrets Manager."""

import contextlib

from .account import check, equal, expect, pages, refuses


def secret(it, value="one", **more):
    """A fresh secret's name."""
    name = it.name("secret")
    it.secrets.create_secret(Name=name, SecretString=value, **more)
    return name


@check("CreateSecret makes an ARN with six random characters")
def _(it):
    name = it.name("team/secret")
    made = it.secrets.create_secret(Name=name, SecretString="one")
    ending = made["ARN"].rsplit(f":secret:{name}-", 1)[-1]
    equal(len(ending), 6, "the number of characters")
    for id in (name, made["ARN"], made["ARN"][:-7]):
        seen = it.secrets.get_secret_value(SecretId=id)
        equal((seen["SecretString"], seen["VersionId"]), ("one", made["VersionId"]), id)


@check("CreateSecret refuses a name that is taken, a bad one and two kinds of content")
def _(it):
    create, name = it.secrets.create_secret, secret(it)
    refuses("ResourceExistsException", lambda: create(Name=name, SecretString="two"))
    refuses(
        "InvalidParameterException|ValidationException",
        lambda: create(Name="a b", SecretString="x"),
    )
    refuses(
        "InvalidParameterException",
        lambda: create(Name=it.name("secret"), SecretString="x", SecretBinary=b"x"),
    )


@check("PutSecretValue moves AWSCURRENT and AWSPREVIOUS")
def _(it):
    name = secret(it)
    it.secrets.put_secret_value(SecretId=name, SecretString="two")
    get = it.secrets.get_secret_value
    equal(get(SecretId=name)["SecretString"], "two", "the current value")
    previous = get(SecretId=name, VersionStage="AWSPREVIOUS")
    equal(previous["SecretString"], "one", "the previous value")
    by_id = get(SecretId=name, VersionId=previous["VersionId"])
    equal(by_id["SecretString"], "one", "the value by its version")


@check("PutSecretValue with the same token and value is one version")
def _(it):
    name, token = secret(it), "0123456789abcdef0123456789abcdef"
    put = it.secrets.put_secret_value
    first = put(SecretId=name, SecretString="two", ClientRequestToken=token)
    second = put(SecretId=name, SecretString="two", ClientRequestToken=token)
    equal((first["VersionId"], second["VersionId"]), (token, token), "the versions")
    refuses(
        "ResourceExistsException",
        lambda: put(SecretId=name, SecretString="three", ClientRequestToken=token),
    )


@check("PutSecretValue refuses an unknown secret and no value")
def _(it):
    put = it.secrets.put_secret_value
    refuses("ResourceNotFoundException", lambda: put(SecretId="nothing", SecretString="x"))
    refuses("InvalidRequestException", lambda: put(SecretId=secret(it)))


@check("GetSecretValue refuses an unknown secret and an unknown label")
def _(it):
    get = it.secrets.get_secret_value
    refuses("ResourceNotFoundException", lambda: get(SecretId="nothing"))
    name = secret(it)
    refuses("ResourceNotFoundException", lambda: get(SecretId=name, VersionStage="AWSPENDING"))


@check("Binary secrets come back as they were put")
def _(it):
    name = it.name("secret")
    it.secrets.create_secret(Name=name, SecretBinary=b"\x00\x01")
    seen = it.secrets.get_secret_value(SecretId=name)
    equal(seen["SecretBinary"], b"\x00\x01", "the content")
    expect("SecretString" not in seen, "there is text as well")


@check("UpdateSecret changes description and value")
def _(it):
    name = secret(it, Description="before")
    it.secrets.update_secret(SecretId=name, Description="after", SecretString="two")
    equal(it.secrets.get_secret_value(SecretId=name)["SecretString"], "two", "the value")
    equal(it.secrets.describe_secret(SecretId=name)["Description"], "after", "the description")
    refuses(
        "ResourceNotFoundException",
        lambda: it.secrets.update_secret(SecretId="nothing", SecretString="x"),
    )


@check("DescribeSecret shows versions and tags, never the value")
def _(it):
    name = secret(it, "s3cret", Tags=[{"Key": "team", "Value": "pay"}])
    seen = it.secrets.describe_secret(SecretId=name)
    equal(list(seen["VersionIdsToStages"].values()), [["AWSCURRENT"]], "the labels")
    equal(seen["Tags"], [{"Key": "team", "Value": "pay"}], "the tags")
    expect("s3cret" not in str(seen), "the value is shown")
    refuses("ResourceNotFoundException", lambda: it.secrets.describe_secret(SecretId="nothing"))


@check("ListSecrets comes in pages and filters by name")
def _(it):
    made = [secret(it) for _ in range(3)]
    found = pages(it.secrets.list_secrets, "SecretList", token="NextToken", MaxResults=2)
    expect(all(len(page) <= 2 for page in found), "a page has more than MaxResults")
    expect(set(made) <= {s["Name"] for page in found for s in page}, "a secret is missing")
    one = it.secrets.list_secrets(Filters=[{"Key": "name", "Values": [made[0]]}])
    equal([s["Name"] for s in one["SecretList"]], [made[0]], "the filtered ones")


@check("ListSecrets refuses a NextToken it did not give")
def _(it):
    refuses("InvalidNextTokenException", lambda: it.secrets.list_secrets(NextToken="not-a-token"))


@check("DeleteSecret hides the value until RestoreSecret")
def _(it):
    name = secret(it)
    it.secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    refuses("InvalidRequestException", lambda: it.secrets.get_secret_value(SecretId=name))
    expect("DeletedDate" in it.secrets.describe_secret(SecretId=name), "no DeletedDate")
    it.secrets.restore_secret(SecretId=name)
    equal(it.secrets.get_secret_value(SecretId=name)["SecretString"], "one", "the value")


@check("DeleteSecret by force is for good")
def _(it):
    name = secret(it)
    it.secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)

    def gone():  # AWS: "there might be a short delay"
        with contextlib.suppress(it.secrets.exceptions.ResourceNotFoundException):
            it.secrets.describe_secret(SecretId=name)
            return False
        return True

    it.wait("the secret to be gone", gone)
    refuses("ResourceNotFoundException", lambda: it.secrets.restore_secret(SecretId=name))


@check("DeleteSecret refuses a window of three days, and window with force")
def _(it):
    name, delete = secret(it), it.secrets.delete_secret
    refuses("InvalidParameterException", lambda: delete(SecretId=name, RecoveryWindowInDays=3))
    refuses(
        "InvalidParameterException",
        lambda: delete(SecretId=name, RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True),
    )
    refuses("ResourceNotFoundException", lambda: delete(SecretId="nothing"))


@check("DeleteSecret by force of an unknown secret succeeds")
def _(it):
    name = it.name("secret")
    gone = it.secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    equal(gone["Name"], name, "the name")


@check("DeleteSecret refuses a secret with replicas until they are removed")
def _(it):
    name = secret(it, AddReplicaRegions=[{"Region": "eu-west-1"}])
    seen = it.secrets.describe_secret(SecretId=name)["ReplicationStatus"]
    equal([one["Region"] for one in seen], ["eu-west-1"], "the replicas")
    added = it.secrets.replicate_secret_to_regions(
        SecretId=name, AddReplicaRegions=[{"Region": "us-east-1"}]
    )
    equal(len(added["ReplicationStatus"]), 2, "the number of replicas")
    delete = it.secrets.delete_secret
    refuses(
        "InvalidParameterException|InvalidRequestException",
        lambda: delete(SecretId=name, ForceDeleteWithoutRecovery=True),
    )
    left = it.secrets.remove_regions_from_replication(
        SecretId=name, RemoveReplicaRegions=["eu-west-1", "us-east-1"]
    )
    equal(left["ReplicationStatus"], [], "the replicas")
    delete(SecretId=name, ForceDeleteWithoutRecovery=True)


@check("Replicas are of a known secret and not in its own Region")
def _(it):
    add, remove = it.secrets.replicate_secret_to_regions, it.secrets.remove_regions_from_replication
    there = [{"Region": "eu-west-1"}]
    refuses("ResourceNotFoundException", lambda: add(SecretId="nothing", AddReplicaRegions=there))
    here = [{"Region": "eu-west-2"}]
    name = secret(it)
    refuses("InvalidParameterException", lambda: add(SecretId=name, AddReplicaRegions=here))
    refuses(
        "ResourceNotFoundException",
        lambda: remove(SecretId="nothing", RemoveReplicaRegions=["eu-west-1"]),
    )
