"""A Docker engine for MiniStack that runs nothing: what the `docker` package is there, put in its place by PYTHONPATH.

With an engine MiniStack plays the whole life of a task: pull, start, exit of an essential container, circuit breaker.
A container runs until it is stopped, unless the file that FIRELENS_TEST_CRASHING names has a line `FAMILY CONTAINER`
for it when it starts: that one exits at once, with code 1. An image whose tag ends with `not-there` is in no registry.
Must never start a process, open a connection, or read anything but that file.
"""

import hashlib
import itertools
import os
import threading

from docker.errors import ImageNotFound, NotFound

LABEL_FAMILY = "com.amazonaws.ecs.task-definition-family"
LABEL_CONTAINER = "com.amazonaws.ecs.container-name"
MISSING_TAG = "not-there"


def from_env(**_options):
    return Client()


def is_crashing(labels):
    with open(os.environ["FIRELENS_TEST_CRASHING"], encoding="utf-8") as lines:
        wanted = f"{labels.get(LABEL_FAMILY)} {labels.get(LABEL_CONTAINER)}"
        return wanted in (line.strip() for line in lines)


class Container:
    """One container; its log is empty."""

    def __init__(self, name, labels):
        self.id = hashlib.sha256(name.encode()).hexdigest()
        self.name = name
        self.labels = labels
        self.exit_code = 1 if is_crashing(labels) else None
        self.attrs = {"NetworkSettings": {"Networks": {}}}

    @property
    def status(self):
        return "running" if self.exit_code is None else "exited"

    def reload(self):
        pass

    def wait(self):
        return {"StatusCode": self.exit_code or 0}

    def logs(self, stream=False, **_options):
        return iter(()) if stream else b""

    def stop(self, **_options):
        self.exit_code = self.exit_code or 0

    def remove(self, **_options):
        self.stop()


class Containers:
    """All containers that were started, by id."""

    def __init__(self):
        self.by_id = {}
        self.lock = threading.Lock()
        self.numbers = itertools.count()

    def run(self, _image, name="", labels=None, **_options):
        with self.lock:
            container = Container(f"{name}-{next(self.numbers)}", labels or {})
            self.by_id[container.id] = container
        return container

    def get(self, id_or_name):
        with self.lock:
            if id_or_name in self.by_id:
                return self.by_id[id_or_name]
        raise NotFound(f"no such container: {id_or_name}")

    def list(self, **_options):
        return []


class Image:
    """An image that every registry has, whatever its name but one tag; its id is the digest of its manifest."""

    def __init__(self, name):
        if name.endswith(MISSING_TAG):
            raise ImageNotFound(f"manifest for {name} not found: manifest unknown")
        self.id = "sha256:" + hashlib.sha256(name.encode()).hexdigest()

    def tag(self, _repository, **_options):
        return True


class Images:
    def get_registry_data(self, name, **_options):
        return Image(name)

    def pull(self, name, **_options):
        return Image(name)

    def get(self, name):
        return Image(name)


class Client:
    def __init__(self):
        self.containers = Containers()
        self.images = Images()
