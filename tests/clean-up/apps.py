"""The review apps in the account, and what only looks like one."""

from typing import NamedTuple

PROTECT = {"quayside.protect": "true"}


class App(NamedTuple):
    """What one name stands for: a resource of each kind."""

    name: str
    number: int = 0
    # What GitHub says of the number; nothing: it never heard of it.
    state: str = ""
    tags: tuple = ()
    labels: tuple = ()
    # Whether everything of it goes.
    goes: bool = False
    # Whether its name is a closed pull request's, and its tags say otherwise.
    looks_closed: bool = False
    # Whether somebody protects it, by a tag on one of its resources.
    protected: bool = False


def _tags(**tags):
    return tuple((key.replace("_", "-"), value) for key, value in tags.items())


APPS = [
    App("core-review-1-app", 1, "open"),
    App("core-review-12-app", 12, "closed", goes=True),
    App("core-review-123-app", 123, "open"),
    App("seven", 7, "merged", _tags(environment="preview", github_pr="7"), goes=True),
    App("seventy", 70, "open", _tags(environment="preview", github_pr="70")),
    App("core-review-20-app", 20, "closed", protected=True),
    App("core-review-30-app", 30, "closed", labels=("keep-review-app",)),
    App("core-review-40-app", 40),
    # What only looks like a closed pull request's.
    App("core-review-12-legacy"),
    App("xcore-review-12-app"),
    App("production", tags=_tags(environment="production", github_pr="12")),
    App("no-number", tags=_tags(environment="preview")),
    App("odd-number", tags=_tags(environment="preview", github_pr="012")),
    App("capital", tags=_tags(environment="Preview", github_pr="12")),
    App(
        "core-review-12-sidekiq",
        tags=_tags(environment="preview", github_pr="1"),
        looks_closed=True,
    ),
]
