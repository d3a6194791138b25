"""The local parts of a run: PostgreSQL, MiniStack, the operator, kubectl.

Must never leave a part running that `stop` was called for, nor end one of somebody else's.
"""

import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request

from live import places
from live.places import LiveError, script
from live.waiting import until

READY_SECONDS = 60
STOP_SECONDS = 20
KUBECTL_SECONDS = 60
# Twelve digits as access key are the account, to MiniStack.
LOCAL_ACCOUNT = "111122223333"
# Of tests/docker_engine: an image with this tag is in no registry.
MISSING_TAG = "not-there"


class Database:
    """A PostgreSQL of this run's own."""

    def __init__(self, name):
        self.dir = places.postgres_dir(name)
        self.url = None

    def start(self):
        self.url = script("postgres.sh", "start", self.dir)
        return self.url

    def stop(self):
        if (self.dir / "data").is_dir():
            script("postgres.sh", "stop", self.dir)
        # The directory may be another user's; what is left in it is a log.
        subprocess.run(["rm", "-rf", self.dir], check=False)


class MiniStack:
    """A local AWS whose tasks start, run and fail, in an engine that runs nothing (tests/docker_engine)."""

    def __init__(self, run):
        self.run = pathlib.Path(run)
        self.crashing = self.run / "crashing"
        self.url = None

    def start(self):
        self.run.mkdir(parents=True, exist_ok=True)
        self.crashing.write_text("")
        self.url = script(
            "aws.sh",
            "start",
            self.run,
            PYTHONPATH=str(places.ROOT / "tests" / "docker_engine"),
            PYTHONDONTWRITEBYTECODE="1",
            FIRELENS_TEST_CRASHING=str(self.crashing),
        )
        return self.url

    def crash(self, containers):
        """From now on these containers, `(family, name)`, exit as soon as they have started; all others live."""
        fresh = self.crashing.with_suffix(".next")
        fresh.write_text("".join(f"{family} {name}\n" for family, name in sorted(containers)))
        fresh.replace(self.crashing)

    def stop(self):
        script("aws.sh", "stop", self.run)


def local_credentials(region, account=LOCAL_ACCOUNT):
    """The variables by which MiniStack takes us for that account."""
    return {"AWS_REGION": region, "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "local"}


class Operator:
    """`firelens serve` with both roles. `environment` says which AWS; its log and pid lie in `run`."""

    def __init__(self, run, database_url, environment):
        self.run = pathlib.Path(run)
        self.log = self.run / "firelens.log"
        self.pid_file = self.run / "firelens.pid"
        self.port = places.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = environment | {
            "DATABASE_URL": database_url,
            "FIRELENS_LOG_FORMAT": "json",
            "RUST_LOG": os.environ.get("RUST_LOG", "info"),
        }
        self.process = None

    def start(self):
        # The child writes its own pid before it becomes the program: whatever happens to us, it can be found.
        line = 'echo $$ >"$0" && exec "$@"'
        serve = [places.binary(), "serve", "--listen", f"127.0.0.1:{self.port}", "--roles", "api,controller"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", line, self.pid_file, *serve],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for us; we then end the operator in order.
                start_new_session=True,
            )
        until("the operator is ready", READY_SECONDS, self._ready, poll=0.1)

    def _ready(self):
        self.check_alive()
        return self.get("/readyz") is not None, "no answer"

    def get(self, path):
        """The body that a path answers, None where it does not."""
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{self.url}{path}", timeout=10) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, OSError):
            return None

    def check_alive(self):
        if self.process is not None and self.process.poll() is not None:
            raise LiveError(f"the operator ended by itself with {self.process.returncode}; its log is {self.log}")

    def kill(self):
        """Ends it in the middle of whatever it does."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it in order, whether this process or one before us started it."""
        if self.process is not None:
            if self.process.poll() is None:
                self.process.terminate()
                try:
                    self.process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    self.kill()
        else:
            end_recorded(self.pid_file, "serve --listen 127.0.0.1:")
        self.pid_file.unlink(missing_ok=True)

    def log_tail(self, lines=30):
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def command_of(pid):
    """The command line of a process, empty when there is none."""
    done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def end_recorded(pid_file, words):
    """Ends the process a file names, if it lives and has these words in its command line: pids are reused."""
    try:
        pid = int(pathlib.Path(pid_file).read_text())
    except (OSError, ValueError):
        return
    for one in (signal.SIGTERM, signal.SIGKILL):
        if words not in command_of(pid):
            return
        os.kill(pid, one)
        deadline = time.monotonic() + STOP_SECONDS
        while words in command_of(pid) and time.monotonic() < deadline:
            time.sleep(0.1)


class Kubectl:
    """The real kubectl, with a configuration and a cache of this run's own."""

    def __init__(self, run, url):
        self.run = pathlib.Path(run)
        self.program = script("kubectl.sh")
        self.config = self.run / "kubeconfig"
        self.config.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: run\n"
            f'clusters: [{{name: run, cluster: {{server: "{url}"}}}}]\n'
            "contexts: [{name: run, context: {cluster: run, user: run}}]\n"
            "users: [{name: run, user: {}}]\n"
        )

    def __call__(self, *arguments, stdin=None, check=True):
        """What kubectl printed."""
        done = subprocess.run(
            [
                self.program,
                "--cache-dir",
                self.run / "kube-cache",
                "--request-timeout",
                f"{KUBECTL_SECONDS}s",
                *arguments,
            ],
            env=places.clean_environment(KUBECONFIG=str(self.config)),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        if check and done.returncode != 0:
            raise LiveError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout if done.returncode == 0 else ""

    def apply(self, *objects):
        """Applies objects given as dictionaries."""
        return self("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))

    def items(self, plural):
        return json.loads(self("get", plural, "-o", "json"))["items"]

    def one(self, plural, name):
        """An object, None where there is none."""
        text = self("get", plural, name, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text.strip() else None

    def patch(self, plural, name, patch):
        return self("patch", plural, name, "--type=merge", "-p", json.dumps(patch))
