"""Unpacks the service models of an installed botocore into one small file for each operation.

usage: aws_models.py BOTOCORE_DATA TARGET

Each TARGET/SERVICE/OPERATION.json holds what the fake AWS of the tests checks calls against: how the operation
travels, its errors, and the shapes its input and output reach, without their documentation.
Never guesses: a service that is not there is an error.
"""

import gzip
import json
import pathlib
import sys

# What the operator calls, and what its tests may call for other people.
SERVICES = ("cloudwatch", "ecr", "ecs", "iam", "logs", "s3", "sts")


def without_words(node):
    """A shape without what is written for people. Members may be called `documentation` too, so only traits go."""
    if not isinstance(node, dict):
        return node
    kept = {name: value for name, value in node.items() if not name.startswith(("documentation", "deprecated"))}
    if "members" in kept:
        kept["members"] = {name: without_words(member) for name, member in kept["members"].items()}
    for part in ("member", "key", "value"):
        if part in kept:
            kept[part] = without_words(kept[part])
    return kept


def reached(shapes, names):
    """The shapes that can be reached from those named."""
    found, waiting = {}, [name for name in names if name]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        shape = found[name] = without_words(shapes[name])
        parts = [
            *shape.get("members", {}).values(),
            *(shape[part] for part in ("member", "key", "value") if part in shape),
        ]
        waiting += [part["shape"] for part in parts]
    return found


def errors(shapes, operation):
    """Code and HTTP status of each error; none where the model does not say it."""
    found = {}
    for error in operation.get("errors", []):
        shape = shapes[error["shape"]]
        told = shape.get("error", {})
        found[told.get("code", error["shape"])] = told.get("httpStatusCode")
    return found


def main():
    data, target = map(pathlib.Path, sys.argv[1:])
    for service in SERVICES:
        newest = max(data.joinpath(service).glob("*/service-2.json.gz"))
        model = json.loads(gzip.decompress(newest.read_bytes()))
        folder = target / service
        folder.mkdir(parents=True, exist_ok=True)
        for name, operation in model["operations"].items():
            ends = {part: operation.get(part, {}).get("shape") for part in ("input", "output")}
            small = {
                "name": name,
                "version": model["metadata"]["apiVersion"],
                "http": operation["http"],
                **ends,
                "errors": errors(model["shapes"], operation),
                "shapes": reached(model["shapes"], ends.values()),
            }
            folder.joinpath(f"{name}.json").write_text(json.dumps(small, separators=(",", ":")))


main()
