"""What emulators don't do, and why the clean-up can't be judged by it there."""

from typing import NamedTuple


class Gaps(NamedTuple):
    """What is not asked of an emulator: kind → why not."""

    # Kinds that are left out.
    missing: dict
    # Kinds of which one that only tags tell of is not found: it stays.
    untagged: dict
    # Kinds of which one that only its name tells of is not found: it stays, or goes with its cluster.
    only_tagged: dict
    # Kinds that never go.
    for_ever: dict
    # Kinds that a dry run names although the look right before a removal keeps them: GetResources doesn't
    # tell their tags.
    read_late: set
    # How many tasks a service has.
    tasks: int

    def told(self):
        """A line for each."""
        for gaps in (self.missing, self.untagged, self.only_tagged, self.for_ever):
            for kind, why in gaps.items():
                yield f"{kind}: {why}"


_BY_TAG = "GetResources leaves it out, so that one with another name stays"

GAPS = {
    "moto": Gaps(
        missing={
            "alarm": "CloudWatch has older protocols only: the answer to CBOR is 404, without a code",
            "cache-parameter-group": "there are none",
            "deployment": "there is no StopDeployment",
            "deployment-group": "there is no BatchGetDeploymentGroups",
            "serverless-cache": "there are none",
            "task": "it ends after a few descriptions, and is counted by its cluster for ever",
        },
        untagged={"discovery-service": _BY_TAG, "event-rule": _BY_TAG},
        only_tagged={},
        for_ever={
            "cache-cluster": "it stays `deleting`",
            "cache-subnet-group": "there is no DeleteCacheSubnetGroup",
            "replication-group": "it stays `deleting`",
            "security-group": "it waits for the caches",
        },
        read_late={"event-rule"},
        # A cluster counts them as pending for ever, and is never empty.
        tasks=0,
    ),
    "local-aws": Gaps(
        missing={},
        untagged={},
        only_tagged={},
        for_ever={},
        read_late=set(),
        tasks=1,
    ),
}
