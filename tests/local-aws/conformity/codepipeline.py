"""CodePipeline: the jobs of its Lambda invoke action.

No API starts one job: a pipeline does. local-aws is told to by `/_local/pipeline-jobs`.
"""

import json
import urllib.request

from .account import ACCOUNT, check, equal, expect, refuses

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def local(it, place, body=None):
    """What `/_local/…` answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{it.endpoint}/_local/{place}", data)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def begun(it):
    """The events of a function, and the id of the job it was invoked for."""
    name = it.name("function")
    seen = it.function(name)
    artifact = {
        "name": "source",
        "location": {"type": "S3", "s3Location": {"bucketName": "bucket", "objectKey": "key"}},
    }
    asked = {"function": name, "userParameters": '{"a": 1}', "inputArtifacts": [artifact]}
    id = local(it, "pipeline-jobs", asked)["jobId"]
    it.wait("the invocation", lambda: seen)
    return seen, id


def status(it, job):
    return local(it, f"pipeline-jobs/{job}")["status"]


@check("A pipeline's job invokes its function, which says that it succeeded")
def _(it):
    seen, id = begun(it)
    job = seen[0]["CodePipeline.job"]
    equal((job["id"], job["accountId"]), (id, ACCOUNT), "the job")
    configuration = job["data"]["actionConfiguration"]["configuration"]
    equal(configuration["UserParameters"], '{"a": 1}', "the user parameters")
    expect(job["data"]["artifactCredentials"]["sessionToken"], "there are no credentials")
    details = it.codepipeline.get_job_details(jobId=id)["jobDetails"]
    equal(details["data"]["actionTypeId"]["provider"], "Lambda", "the provider")
    it.codepipeline.put_job_success_result(
        jobId=id,
        executionDetails={"summary": "done", "percentComplete": 100},
        outputVariables={"task": "t-1"},
    )
    equal(it.wait("the end", lambda: status(it, id) != "InProgress" and status(it, id)), "Succeeded")


@check("A pipeline's job with a continuation token is continued by another")
def _(it):
    seen, first = begun(it)
    it.codepipeline.put_job_success_result(jobId=first, continuationToken="half")
    it.wait("the second job", lambda: len(seen) == 2)
    job = seen[1]["CodePipeline.job"]
    expect(job["id"] != first, "it is the same job")
    equal(job["data"]["continuationToken"], "half", "the token")
    it.codepipeline.put_job_success_result(jobId=job["id"])
    equal(status(it, first), "Succeeded", "the status")


@check("A pipeline's job that failed has ended")
def _(it):
    _seen, id = begun(it)
    failed = {"jobId": id, "failureDetails": {"type": "JobFailed", "message": "exit code 1"}}
    it.codepipeline.put_job_failure_result(**failed)
    equal(status(it, id), "Failed", "the status")
    refuses("InvalidJobStateException", lambda: it.codepipeline.put_job_failure_result(**failed))
    refuses(
        "InvalidJobStateException", lambda: it.codepipeline.put_job_success_result(jobId=id)
    )


@check("CodePipeline refuses an unknown job")
def _(it):
    details = {"type": "JobFailed", "message": "no"}
    pipeline = it.codepipeline
    refuses("JobNotFoundException", lambda: pipeline.get_job_details(jobId=UNKNOWN))
    refuses("JobNotFoundException", lambda: pipeline.put_job_success_result(jobId=UNKNOWN))
    refuses(
        "JobNotFoundException",
        lambda: pipeline.put_job_failure_result(jobId=UNKNOWN, failureDetails=details),
    )


@check("CodePipeline refuses a message of more than 5000 characters")
def _(it):
    details = {"type": "JobFailed", "message": "x" * 5001}
    refuses(
        "ValidationException",
        lambda: it.codepipeline.put_job_failure_result(jobId=UNKNOWN, failureDetails=details),
    )
