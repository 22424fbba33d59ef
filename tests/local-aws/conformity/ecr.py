"""Amazon ECR."""

import json

from .account import check, equal, pages, refuses

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def repository(it, **more):
    """A fresh repository's name."""
    name = it.name("team/app")
    it.ecr.create_repository(repositoryName=name, **more)
    return name


def push(it, name, content, tag=None):
    """Pushes an image; its digest."""
    layer = {"mediaType": "application/octet-stream", "size": 1, "digest": f"sha256:{content}"}
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": layer, "layers": []}
    tagged = {"imageTag": tag} if tag else {}
    pushed = it.ecr.put_image(
        repositoryName=name, imageManifest=json.dumps(manifest), **tagged
    )
    return pushed["image"]["imageId"]["imageDigest"]


def tags(it, name):
    """The tags of all images."""
    listed = it.ecr.list_images(repositoryName=name)["imageIds"]
    return sorted(one["imageTag"] for one in listed if "imageTag" in one)


@check("CreateRepository refuses a name that is taken, and one in capitals")
def _(it):
    name = repository(it)
    seen = it.ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    equal(seen["repositoryArn"].rsplit(":repository/", 1)[-1], name, "the ARN's name")
    create = it.ecr.create_repository
    refuses("RepositoryAlreadyExistsException", lambda: create(repositoryName=name))
    refuses("InvalidParameterException", lambda: create(repositoryName="Team/App"))


@check("DescribeRepositories comes in pages and refuses an unknown name")
def _(it):
    made = {repository(it) for _ in range(3)}
    listed = pages(it.ecr.describe_repositories, "repositories", maxResults=2)
    seen = [one["repositoryName"] for page in listed for one in page]
    equal(made - set(seen), set(), "the repositories that are missing")
    refuses(
        "RepositoryNotFoundException",
        lambda: it.ecr.describe_repositories(repositoryNames=["nothing"]),
    )


@check("PutImage refuses the same image with the same tag, and an unknown repository")
def _(it):
    name = repository(it)
    push(it, name, "one", "a")
    refuses("ImageAlreadyExistsException", lambda: push(it, name, "one", "a"))
    refuses("RepositoryNotFoundException", lambda: push(it, "nothing", "one", "a"))


@check("BatchDeleteImage by tag removes only the tag, unless it is the last one")
def _(it):
    name = repository(it)
    digest = push(it, name, "one", "review-7")
    equal(push(it, name, "one", "production-3"), digest, "the digest")
    delete = it.ecr.batch_delete_image
    answer = delete(repositoryName=name, imageIds=[{"imageTag": "review-7"}])
    gone = [{"imageDigest": digest, "imageTag": "review-7"}]
    equal((answer["imageIds"], answer["failures"]), (gone, []), "what is gone")
    equal(tags(it, name), ["production-3"], "the tags")
    delete(repositoryName=name, imageIds=[{"imageTag": "production-3"}])
    equal(it.ecr.list_images(repositoryName=name)["imageIds"], [], "the images")


@check("BatchDeleteImage by digest removes every tag")
def _(it):
    name = repository(it)
    digest = push(it, name, "one", "review-7")
    push(it, name, "one", "production-3")
    it.ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": digest}])
    equal(it.ecr.list_images(repositoryName=name)["imageIds"], [], "the images")


@check("BatchDeleteImage and BatchGetImage tell what they did not find")
def _(it):
    name = repository(it)
    push(it, name, "one", "a")
    ids = [{"imageTag": "a"}, {"imageTag": "b"}]
    for call, done in (
        (it.ecr.batch_get_image, "images"),
        (it.ecr.batch_delete_image, "imageIds"),
    ):
        answer = call(repositoryName=name, imageIds=ids)
        failed = [(one["imageId"], one["failureCode"]) for one in answer["failures"]]
        equal(len(answer[done]), 1, "the number of successes")
        equal(failed, [({"imageTag": "b"}, "ImageNotFound")], "the failures")
        refuses(
            "RepositoryNotFoundException",
            lambda call=call: call(repositoryName="nothing", imageIds=ids),
        )


@check("BatchDeleteImage takes 100 ids at most")
def _(it):
    name = repository(it)
    ids = [{"imageTag": f"t{n}"} for n in range(101)]
    refuses(
        "InvalidParameterException",
        lambda: it.ecr.batch_delete_image(repositoryName=name, imageIds=ids),
    )


@check("ListImages and DescribeImages filter by tag status, in pages")
def _(it):
    name = repository(it)
    for n in range(3):
        push(it, name, str(n), f"review-{n}")
    push(it, name, "3")
    listed = pages(it.ecr.list_images, "imageIds", repositoryName=name, maxResults=2)
    equal([len(page) for page in listed], [2, 2], "the pages")
    for call, items in ((it.ecr.list_images, "imageIds"), (it.ecr.describe_images, "imageDetails")):
        counts = [
            len(call(repositoryName=name, filter={"tagStatus": status})[items])
            for status in ("TAGGED", "UNTAGGED", "ANY")
        ]
        equal(counts, [3, 1, 4], "the number of images")
        refuses(
            "RepositoryNotFoundException", lambda call=call: call(repositoryName="nothing")
        )


@check("DescribeImages refuses an unknown image")
def _(it):
    name = repository(it)
    push(it, name, "one", "a")
    push(it, name, "one", "b")
    describe = it.ecr.describe_images
    seen = describe(repositoryName=name, imageIds=[{"imageTag": "a"}])["imageDetails"]
    equal([sorted(one["imageTags"]) for one in seen], [["a", "b"]], "the tags")
    refuses(
        "ImageNotFoundException",
        lambda: describe(repositoryName=name, imageIds=[{"imageTag": "c"}]),
    )


@check("Repositories are tagged")
def _(it):
    one, two = {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}
    name = repository(it, tags=[one])
    seen = it.ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    arn = seen["repositoryArn"]
    it.ecr.tag_resource(resourceArn=arn, tags=[two])
    told = it.ecr.list_tags_for_resource(resourceArn=arn)["tags"]
    equal(sorted(one["Key"] for one in told), ["a", "b"], "the keys")
    code, nowhere = "RepositoryNotFoundException", f"{arn}-nothing"
    refuses(code, lambda: it.ecr.list_tags_for_resource(resourceArn=nowhere))
    refuses(code, lambda: it.ecr.tag_resource(resourceArn=nowhere, tags=[two]))
