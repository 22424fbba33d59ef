"""S3."""

import hashlib

from .account import REGION, check, equal, expect, refuses


def bucket(it, versioning=False):
    """A fresh bucket's name."""
    name = it.name("bucket")
    it.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if versioning:
        it.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def read(it, name, key, **more):
    """An object's content."""
    return it.s3.get_object(Bucket=name, Key=key, **more)["Body"].read()


@check("CreateBucket refuses a bad name, a second time and a missing region")
def _(it):
    name, create = bucket(it), it.s3.create_bucket
    here = {"LocationConstraint": REGION}
    refuses(
        "BucketAlreadyOwnedByYou",
        lambda: create(Bucket=name, CreateBucketConfiguration=here),
    )
    refuses(
        "InvalidBucketName",
        lambda: create(Bucket="Not_A_Bucket", CreateBucketConfiguration=here),
    )
    refuses("IllegalLocationConstraintException", lambda: create(Bucket=it.name("bucket")))


@check("ListBuckets and HeadBucket know a bucket")
def _(it):
    name = bucket(it)
    expect(name in [b["Name"] for b in it.s3.list_buckets()["Buckets"]], "it is not listed")
    it.s3.head_bucket(Bucket=name)
    refuses("404", lambda: it.s3.head_bucket(Bucket="no-such-bucket-anywhere"))


@check("PutObject and GetObject keep content, type, metadata and ETag")
def _(it):
    name, key = bucket(it), "web app/ü+&.yaml"
    put = it.s3.put_object(
        Bucket=name, Key=key, Body=b"hello", ContentType="text/yaml", Metadata={"commit": "abc"}
    )
    equal(put["ETag"], f'"{hashlib.md5(b"hello").hexdigest()}"', "the ETag")
    expect("VersionId" not in put, "a version without versioning")
    got = it.s3.get_object(Bucket=name, Key=key)
    equal((got["Body"].read(), got["ETag"]), (b"hello", put["ETag"]), "content and ETag")
    equal((got["ContentType"], got["Metadata"]), ("text/yaml", {"commit": "abc"}))


@check("PutObject refuses an unknown bucket and wrong content")
def _(it):
    put = it.s3.put_object
    refuses("NoSuchBucket", lambda: put(Bucket="no-such-bucket-anywhere", Key="a", Body=b"x"))
    name = bucket(it)
    refuses("BadDigest", lambda: put(Bucket=name, Key="a", Body=b"hello", ChecksumCRC32="AAAAAA=="))


@check("PutObject with IfNoneMatch does not overwrite")
def _(it):
    name = bucket(it)
    it.s3.put_object(Bucket=name, Key="a", Body=b"one", IfNoneMatch="*")
    refuses(
        "PreconditionFailed",
        lambda: it.s3.put_object(Bucket=name, Key="a", Body=b"two", IfNoneMatch="*"),
    )
    equal(read(it, name, "a"), b"one", "the content")


@check("GetObject refuses an unknown key, bucket and version")
def _(it):
    name, get = bucket(it), it.s3.get_object
    it.s3.put_object(Bucket=name, Key="a", Body=b"x")
    refuses("NoSuchKey", lambda: get(Bucket=name, Key="none"))
    refuses("NoSuchBucket", lambda: get(Bucket="no-such-bucket-anywhere", Key="a"))
    refuses("NoSuchVersion", lambda: get(Bucket=name, Key="a", VersionId="none"))


@check("GetObject of a range is a part, or InvalidRange")
def _(it):
    name = bucket(it)
    it.s3.put_object(Bucket=name, Key="a", Body=b"0123456789")
    got = it.s3.get_object(Bucket=name, Key="a", Range="bytes=2-4")
    equal((got["Body"].read(), got["ContentRange"]), (b"234", "bytes 2-4/10"))
    refuses("InvalidRange", lambda: it.s3.get_object(Bucket=name, Key="a", Range="bytes=10-"))


@check("HeadObject tells the size; an unknown key is a bare 404")
def _(it):
    name = bucket(it)
    it.s3.put_object(Bucket=name, Key="a", Body=b"hello")
    equal(it.s3.head_object(Bucket=name, Key="a")["ContentLength"], 5, "the size")
    refuses("404", lambda: it.s3.head_object(Bucket=name, Key="none"))


@check("Versions stay readable behind a delete marker")
def _(it):
    name = bucket(it, versioning=True)
    equal(it.s3.get_bucket_versioning(Bucket=name)["Status"], "Enabled", "the versioning")
    first = it.s3.put_object(Bucket=name, Key="a", Body=b"one")["VersionId"]
    it.s3.put_object(Bucket=name, Key="a", Body=b"two")
    marker = it.s3.delete_object(Bucket=name, Key="a")
    equal(marker["DeleteMarker"], True, "the delete marker")
    refuses("NoSuchKey", lambda: it.s3.get_object(Bucket=name, Key="a"))
    equal(read(it, name, "a", VersionId=first), b"one", "the first version")
    it.s3.delete_object(Bucket=name, Key="a", VersionId=marker["VersionId"])
    equal(read(it, name, "a"), b"two", "the content without the marker")


@check("PutBucketVersioning and GetBucketVersioning refuse an unknown bucket")
def _(it):
    nowhere = "no-such-bucket-anywhere"
    refuses("NoSuchBucket", lambda: it.s3.get_bucket_versioning(Bucket=nowhere))
    refuses(
        "NoSuchBucket",
        lambda: it.s3.put_bucket_versioning(
            Bucket=nowhere, VersioningConfiguration={"Status": "Enabled"}
        ),
    )


@check("ListObjectsV2 comes in pages, and groups by a delimiter")
def _(it):
    name = bucket(it)
    keys = ["a/1", "a/2", "b/1", "ü & c"]
    for key in keys:
        it.s3.put_object(Bucket=name, Key=key, Body=b"x")
    found, more = [], {}
    while True:
        page = it.s3.list_objects_v2(Bucket=name, MaxKeys=3, **more)
        found.append([o["Key"] for o in page["Contents"]])
        if not page["IsTruncated"]:
            break
        more = {"ContinuationToken": page["NextContinuationToken"]}
    equal(found, [keys[:3], keys[3:]], "the pages")
    grouped = it.s3.list_objects_v2(Bucket=name, Delimiter="/")
    equal([p["Prefix"] for p in grouped["CommonPrefixes"]], ["a/", "b/"], "the prefixes")
    refuses("NoSuchBucket", lambda: it.s3.list_objects_v2(Bucket="no-such-bucket-anywhere"))


@check("DeleteObject does not mind a key that is gone, but an unknown bucket")
def _(it):
    it.s3.delete_object(Bucket=bucket(it), Key="none")
    refuses(
        "NoSuchBucket",
        lambda: it.s3.delete_object(Bucket="no-such-bucket-anywhere", Key="a"),
    )


@check("DeleteBucket refuses a bucket with objects")
def _(it):
    name = bucket(it)
    it.s3.put_object(Bucket=name, Key="a", Body=b"x")
    refuses("BucketNotEmpty", lambda: it.s3.delete_bucket(Bucket=name))
    it.s3.delete_object(Bucket=name, Key="a")
    it.s3.delete_bucket(Bucket=name)
    refuses("404", lambda: it.s3.head_bucket(Bucket=name))
