"""The parts a demo consists of: PostgreSQL, a local AWS, the operator, kubectl.

Must never hand a part the caller's own AWS configuration, and ends only what it started.
"""

import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
LOCAL = ROOT / "deploy" / "local"
READY_SECONDS = 30
STOP_SECONDS = 10
LOG_TAIL_LINES = 40


class DemoError(Exception):
    """What went wrong, for people."""


def clean_environment(**extra):
    """The caller's environment without anything that could lead to real AWS, a cluster or a proxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "FIRELENS_", "PG")) and "proxy" not in name.lower()
    }
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull} | extra


def script(name, *arguments):
    """Runs a script of deploy/local and answers what it printed."""
    done = subprocess.run(
        [LOCAL / name, *arguments], env=clean_environment(), stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        raise DemoError(f"{name} {' '.join(map(str, arguments))} ended with {done.returncode}")
    return done.stdout.strip()


def free_port():
    """A loopback port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Parts:
    """Starts and ends the parts. `run` is a directory of this run's own."""

    def __init__(self, run, postgres, binary, kubectl):
        self.run = pathlib.Path(run)
        self.postgres = postgres
        self.binary = binary
        self.kubectl_program = kubectl
        self.server = None
        self.database_url = self.aws_url = self.url = None

    def start_database(self):
        self.database_url = script("postgres.sh", "start", self.postgres)
        return self.database_url

    def start_aws(self):
        self.aws_url = script("aws.sh", "start", self.run)
        return self.aws_url

    def start_operator(self, account, region):
        """`firelens serve`, both roles; answers when it is ready."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = clean_environment(
            DATABASE_URL=self.database_url,
            AWS_ENDPOINT_URL=self.aws_url,
            AWS_REGION=region,
            # Twelve digits as access key are the account, to the local AWS.
            AWS_ACCESS_KEY_ID=account,
            AWS_SECRET_ACCESS_KEY="local",
            FIRELENS_LOG_FORMAT="text",
            RUST_LOG=os.environ.get("RUST_LOG", "info"),
        )
        with open(self.log, "wb") as log:
            self.server = subprocess.Popen(
                [self.binary, "serve", "--listen", f"127.0.0.1:{port}", "--roles", "api,controller"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for us; we then end the operator in order.
                start_new_session=True,
            )
        (self.run / "firelens.pid").write_text(str(self.server.pid))
        self._write_kubeconfig()
        self._await_ready()
        return self.url

    @property
    def log(self):
        return self.run / "firelens.log"

    @property
    def kubeconfig(self):
        return self.run / "kubeconfig"

    def _write_kubeconfig(self):
        self.kubeconfig.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: demo\n"
            f'clusters: [{{name: demo, cluster: {{server: "{self.url}"}}}}]\n'
            "contexts: [{name: demo, context: {cluster: demo, user: demo}}]\n"
            "users: [{name: demo, user: {}}]\n"
        )

    def _await_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            self.check_alive()
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise DemoError(f"the operator was not ready within {READY_SECONDS} seconds")

    def check_alive(self):
        if self.server.poll() is not None:
            raise DemoError(f"the operator ended with {self.server.returncode}")

    def kubectl(self, *arguments, check=True):
        """What kubectl printed. Its discovery cache is this run's own."""
        done = subprocess.run(
            [self.kubectl_program, "--cache-dir", self.run / "kube-cache", *arguments],
            env=clean_environment(KUBECONFIG=str(self.kubeconfig)),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise DemoError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout if done.returncode == 0 else ""

    def log_tail(self):
        """The end of the operator's log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])

    def stop(self):
        """Ends everything, whatever state it is in. A second Ctrl-C has to wait for that."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self.server is not None and self.server.poll() is None:
            self.server.terminate()
            try:
                self.server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.server.kill()
        script("demo.sh", "stop")
