"""What `firelens patch` makes of an owner's revision: the measure of what the operator registered.

Must never be told anything but what users can read: objects of the API and a described revision.
"""

import json
import pathlib
import subprocess
import tempfile

from live import places
from live.aws import differing, register_input, router_of
from live.places import LiveError

LABEL_HASH = "firelens.dev/hash"
LABEL_GENERATION = "firelens.dev/generation"


def unpatch(revision):
    """The register input that is left of a revision when the injection is taken away again."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "revision.json"
        file.write_text(json.dumps(revision, default=str))
        return json.loads(program("unpatch", "--task-definition", file))


def program(*arguments):
    """What the program under test printed."""
    done = subprocess.run(
        [places.binary(), *arguments], env=places.clean_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise LiveError(f"firelens {arguments[0]} refuses: {done.stderr.strip()}")
    return done.stdout


def patch(policy, destinations, base, bucket, region, launch_type=None):
    """(register input, object keys) for a base; objects as the API has them, the base as ECS describes it."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        arguments = ["--config-bucket", bucket, "--region", region, "--write-config", folder / "config"]
        if launch_type:
            arguments += ["--launch-type", launch_type]
        (folder / "policy.json").write_text(json.dumps(policy))
        (folder / "base.json").write_text(json.dumps(base, default=str))
        if destinations:
            documents = "\n---\n".join(json.dumps(one) for one in destinations)
            (folder / "destinations.yaml").write_text(documents)
            arguments += ["--destinations", folder / "destinations.yaml"]
        (folder / "config").mkdir()
        arguments += ["--policy", folder / "policy.json", "--task-definition", folder / "base.json"]
        printed = program("patch", *arguments)
        files = [path for path in (folder / "config").rglob("*") if path.is_file()]
        return json.loads(printed), sorted(str(path.relative_to(folder / "config")) for path in files)


def difference(live, wanted, is_copy=False):
    """How a live revision differs from what `patch` answered; empty where it does not.

    A copy that the owner made of ours has the marks of what it was copied from.
    """
    router, expected = router_of(live), router_of(wanted)
    if router is None:
        return "it has no router of ours"
    one, other = (found["dockerLabels"] for found in (router, expected))
    members = differing(without_marks(register_input(live)), without_marks(wanted))
    if members:
        return f"it differs in {', '.join(members)}"
    # A generation that changes nothing in the task moves no service: the marks stay those of an older one.
    if (
        is_copy
        or one.get(LABEL_GENERATION) != other.get(LABEL_GENERATION)
        or one.get(LABEL_HASH) == other.get(LABEL_HASH)
    ):
        return ""
    return f"its hash is {one.get(LABEL_HASH)}, and should be {other.get(LABEL_HASH)}"


def without_marks(document):
    """Labels of ours hold ids and times of their own; what they say of the content is the hash."""
    found = json.loads(json.dumps(document, default=str))
    for container in found.get("containerDefinitions", []):
        labels = container.get("dockerLabels") or {}
        container["dockerLabels"] = {key: value for key, value in labels.items() if not key.startswith("firelens.dev/")}
        # ECS writes these by itself.
        for member, default in (("cpu", 0), ("essential", True)):
            container.setdefault(member, default)
    found.pop("requiresAttributes", None)
    return found
