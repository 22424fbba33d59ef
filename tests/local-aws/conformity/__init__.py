"""Checks of an AWS double from outside: raw answers against botocore's models, and behaviour."""
