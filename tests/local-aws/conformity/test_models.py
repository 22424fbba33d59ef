"""The judge can say no: a wrong answer in every protocol."""

import json
import unittest

import botocore.session

from . import models

SESSION = botocore.session.Session()
HEADERS = {"x-amzn-requestid": "1"}


def findings(service, operation, body, status=200, **headers):
    operation = SESSION.get_service_model(service).operation_model(operation)
    if not isinstance(body, (str, bytes)):
        body = json.dumps(body)
    body = body.encode() if isinstance(body, str) else body
    return models.findings(operation, status, HEADERS | headers, body)


class Findings(unittest.TestCase):
    def test_a_right_answer_has_no_findings(self):
        task = {"taskArn": "arn", "createdAt": 1.5, "launchType": "FARGATE", "containers": []}
        self.assertEqual(findings("ecs", "DescribeTasks", {"tasks": [task], "failures": []}), [])
        error = {"__type": "ClusterNotFoundException", "message": "Cluster not found."}
        self.assertEqual(findings("ecs", "DescribeTasks", error, 400), [])

    def test_each_kind_of_wrong_json_is_found(self):
        for task, said in (
            ({"colour": "red"}, "unknown member tasks[].colour"),
            ({"taskArn": 1}, "tasks[].taskArn is no string"),
            ({"createdAt": "today"}, "tasks[].createdAt is no timestamp"),
            ({"createdAt": 1795262400000}, "tasks[].createdAt is no timestamp"),
            ({"launchType": "MOON"}, "the model allows EC2|FARGATE"),
            ({"containers": {}}, "tasks[].containers is no list"),
            ({"version": 1.5}, "tasks[].version is no long"),
            ({"enableExecuteCommand": "true"}, "is no boolean"),
            ({"stopCode": None}, "tasks[].stopCode is null"),
        ):
            with self.subTest(said):
                found = findings("ecs", "DescribeTasks", {"tasks": [task]})
                self.assertEqual(len(found), 1, found)
                self.assertIn(said, found[0])

    def test_a_document_may_hold_anything_and_its_neighbours_may_not(self):
        for hook, said in (
            ({"hookDetails": {"any": ["thing"]}}, []),
            ({"hookDetail": {}}, ["unknown member services[].deploymentConfiguration."
                                  "lifecycleHooks[].hookDetail"]),
        ):  # fmt: skip
            service = {"deploymentConfiguration": {"lifecycleHooks": [hook]}}
            found = findings("ecs", "DescribeServices", {"services": [service]})
            self.assertEqual(found, said)

    def test_missing_members_and_sizes_are_found(self):
        found = findings("scheduler", "CreateSchedule", {})
        self.assertEqual(found, ["required member ScheduleArn is missing"])
        found = findings("secretsmanager", "GetSecretValue", {"VersionId": "short"})
        self.assertEqual(found, ["VersionId has 5 characters, the model allows 32 to 64"])

    def test_errors_that_are_not_modelled_are_found(self):
        for error, status in (
            ({"__type": "TaskNotFoundException", "message": "x"}, 400),
            ({"message": "x"}, 500),
            ("<!doctype html>", 500),
        ):
            self.assertTrue(findings("ecs", "DescribeTasks", error, status), error)
        body = {"__type": "ConflictException", "message": "x", "resourceIds": [1]}
        self.assertTrue(findings("ecs", "RunTask", body, 400))
        error = {"__type": "ConflictException", "Message": "x"}
        found = findings("scheduler", "CreateSchedule", error, 400)
        self.assertEqual(found, ["error ConflictException has status 400, the model says 409"])

    def test_wrong_xml_is_found(self):
        topic = "<Topics><member><Topic>a</Topic></member></Topics>"
        metadata = "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        result = f"<ListTopicsResult>{topic}</ListTopicsResult>"
        body = f"<ListTopicsResponse>{result}{metadata}</ListTopicsResponse>"
        self.assertEqual(findings("sns", "ListTopics", body), ["unknown element Topics[].Topic"])
        body = "<ListBucketResult><KeyCount>many</KeyCount></ListBucketResult>"
        self.assertEqual(findings("s3", "ListObjectsV2", body), ["KeyCount is no integer: 'many'"])


if __name__ == "__main__":
    unittest.main()
