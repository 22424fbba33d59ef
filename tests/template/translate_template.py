"""Prints the CloudFormation that a SAM template expands to, without an AWS account.

A linter sees little of a SAM template: roles, rules and permissions exist only after the
expansion. Usage: translate_template.py template.yaml > expanded.json
"""

import json
import pathlib
import sys

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

REGION = "eu-west-2"


def default_of(parameter):
    """The value a parameter has when nobody sets it, in the form the translator expects."""
    value = parameter.get("Default", "anything")
    return value.split(",") if parameter["Type"] == "CommaDelimitedList" else str(value)


def main(path):
    template = yaml_parse(pathlib.Path(path).read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        # `sam deploy` uploads the code first; its place doesn't matter here.
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://code/function.zip"
    parameters = {name: default_of(it) for name, it in template.get("Parameters", {}).items()}
    # With the managed policies' names at hand the translator needn't ask AWS for them.
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    expanded = translator.translate(template, parameters | {"AWS::Region": REGION})
    json.dump(expanded, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
