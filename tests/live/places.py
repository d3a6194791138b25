"""Where things lie, and what programs started from here may see.

Must never hand a local part the caller's own AWS configuration.
"""

import os
import pathlib
import socket
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "deploy" / "local"
LOCAL = pathlib.Path(os.environ.get("FIRELENS_LOCAL_DIR") or ROOT / ".local")


class LiveError(Exception):
    """What went wrong, for people."""


def binary():
    """The program under test: FIRELENS_BINARY, else the release build."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    path = pathlib.Path(os.environ.get("FIRELENS_BINARY") or target / "release" / "firelens").resolve()
    if not os.access(path, os.X_OK):
        raise LiveError(f"{path} is no program: build it with `make build`, or name another in FIRELENS_BINARY")
    return path


def clean_environment(**extra):
    """The caller's environment without anything that could lead to real AWS, a cluster or a proxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "FIRELENS_", "PG")) and "proxy" not in name.lower()
    }
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull} | extra


def aws_environment():
    """The caller's AWS configuration and nothing else of theirs that the operator would heed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FIRELENS_", "PG"))}
    for name in ("DATABASE_URL", "AWS_ENDPOINT_URL"):
        kept.pop(name, None)
    return kept


def script(name, *arguments, **extra):
    """Runs a script of deploy/local and answers what it printed. A session of its own: Ctrl-C is for us."""
    done = subprocess.run(
        [SCRIPTS / name, *map(str, arguments)],
        env=clean_environment(FIRELENS_LOCAL_DIR=str(LOCAL), **extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        start_new_session=True,
    )
    if done.returncode != 0:
        raise LiveError(f"{name} {' '.join(map(str, arguments))} ended with {done.returncode}")
    return done.stdout.strip()


def postgres_dir(name):
    """Where a PostgreSQL of that name keeps its data."""
    done = subprocess.run(
        ["bash", "-c", '. "$0" && postgres_dir "$1"', SCRIPTS / "common.sh", name],
        env=clean_environment(FIRELENS_LOCAL_DIR=str(LOCAL)),
        capture_output=True,
        text=True,
        check=True,
    )
    return pathlib.Path(done.stdout.strip())


def free_port():
    """A loopback port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
