"""check_iam must see the faults it is there for. Usage: python test_check_iam.py"""

import unittest

from check_iam import findings, resolved


def template_of(statements):
    """A template with one role that has these statements."""
    policy = {"PolicyDocument": {"Statement": statements}}
    role = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}}
    return {"Resources": {"Role": role, "Queue": {"Type": "AWS::SQS::Queue"}}}


def template(**statement):
    """The same for one statement: a sound one where nothing else is given."""
    sound = {"Effect": "Allow", "Action": "ecs:ListTasks", "Resource": "*"}
    return template_of([sound | statement])


class CheckIam(unittest.TestCase):
    def test_a_sound_statement_passes(self):
        condition = {"ArnLike": {"ecs:cluster": "arn:*:ecs:*:*:cluster/live"}}
        self.assertEqual(findings(template(Condition=condition)), [])

    def test_a_misspelt_action_is_found(self):
        (line,) = findings(template(Action="ecs:ListTask"))
        self.assertIn("UNKNOWN_ACTION", line)

    def test_a_misspelt_condition_key_is_found(self):
        condition = {"ArnLike": {"ecs:clusterr": "arn:*:ecs:*:*:cluster/live"}}
        (line,) = findings(template(Condition=condition))
        self.assertIn("ecs:clusterr", line)

    def test_a_resource_the_action_does_not_know_is_found(self):
        queue = {"Fn::GetAtt": ["UndeliveredQueue", "Arn"]}
        self.assertEqual(len(findings(template(Action="ecs:RunTask", Resource=queue))), 1)

    def test_a_statement_behind_a_condition_is_read(self):
        wrong = {"Effect": "Allow", "Action": "ecs:ListTask", "Resource": "*"}
        choice = {"Fn::If": ["Chosen", wrong, {"Ref": "AWS::NoValue"}]}
        nothing = {"Fn::If": ["Chosen", {"Ref": "AWS::NoValue"}, wrong]}
        (line,) = findings(template_of([choice, nothing]))
        self.assertIn("UNKNOWN_ACTION", line)

    def test_a_policy_behind_a_condition_is_read(self):
        wrong = template(Action="ecs:ListTask")
        properties = wrong["Resources"]["Role"]["Properties"]
        choice = {"Fn::If": ["Chosen", properties["Policies"][0], {"Ref": "AWS::NoValue"}]}
        properties["Policies"] = [choice]
        (line,) = findings(wrong)
        self.assertIn("UNKNOWN_ACTION", line)

    def test_more_than_a_role_may_hold_is_found(self):
        statement = {"Effect": "Allow", "Action": "ecs:RunTask"}
        one = "arn:aws:ecs:eu-west-2:123456789012:task-definition/web:1"
        (line,) = findings(template_of([statement | {"Resource": [one] * 200}]))
        self.assertIn("more than 10240", line)

    def test_lists_and_texts_are_put_together_as_cloudformation_does(self):
        names = {"Fn::Join": [",cluster/", {"Ref": "Clusters"}]}
        text = {"Fn::Sub": ["${AWS::Partition}:cluster/${Names}", {"Names": names}]}
        self.assertEqual(resolved({"Fn::Split": [",", text]}), ["aws:cluster/live", "cluster/staging"])


if __name__ == "__main__":
    unittest.main()
