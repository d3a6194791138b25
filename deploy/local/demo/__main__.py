"""The story that `make demo` tells: a fleet, a policy, the rollout, what it changed, and back again.

Must never end with anything left running, unless DEMO_KEEP asks for that.
"""

import json
import os
import signal
import sys
import time

import console
from aws import Aws, load_fleet, role_name
from console import BOLD, DIM, GREEN, RED, YELLOW, paint, say
from parts import ROOT, DemoError, Parts

EXAMPLES = "deploy/examples"
POLICY = "everything-searchable"
SHOWN = "catalog"
ROLLOUT_SECONDS = 100
REMOVAL_SECONDS = 60
POLL_SECONDS = 0.5


def condition(workload, type_):
    """(status, reason, message) of a condition, or three blanks."""
    for item in workload.get("status", {}).get("conditions", []):
        if item["type"] == type_:
            return item["status"], item.get("reason", ""), item.get("message", "")
    return "", "", ""


class Demo:
    def __init__(self):
        self.began = time.monotonic()
        self.fleet = load_fleet()
        self.parts = Parts(
            os.environ["DEMO_RUN"], os.environ["DEMO_POSTGRES"], os.environ["DEMO_FIRELENS"], os.environ["DEMO_KUBECTL"]
        )
        self.aws = None

    def clock(self):
        return f"{time.monotonic() - self.began:5.1f} s"

    def start(self):
        console.heading("Local parts")
        rows = [
            ("PostgreSQL", self.parts.start_database()),
            ("AWS", f"{self.parts.start_aws()}  (MiniStack: nothing leaves this machine)"),
        ]
        self.aws = Aws(self.parts.aws_url, self.fleet)
        self.aws.make_fleet()
        rows.append(("firelens", self.parts.start_operator(self.fleet["account"], self.fleet["region"])))
        console.table(("part", "where"), rows)

    def show_fleet(self):
        console.heading("A fleet, as its owners deployed it")
        console.table(
            ("cluster", "service", "launch type", "revision", "what it is"),
            [
                (s["cluster"], s["name"], s["launchType"], self.aws.revision(s), s["about"])
                for s in self.fleet["services"]
            ],
        )

    def kubectl(self, *arguments):
        """Runs kubectl in front of the reader."""
        console.command(f"kubectl {' '.join(arguments)}")
        console.indented(self.parts.kubectl(*arguments))

    def workloads(self):
        """Service name -> Workload."""
        items = json.loads(self.parts.kubectl("get", "workloads", "-o", "json"))["items"]
        return {item["spec"]["service"]: item for item in items}

    def roll_out(self):
        console.heading("A policy, applied with kubectl")
        self.kubectl("apply", "-f", EXAMPLES)
        say()
        seen = {}
        deadline = time.monotonic() + ROLLOUT_SECONDS
        while time.monotonic() < deadline:
            self.parts.check_alive()
            workloads = self.workloads()
            for service in self.fleet["services"]:
                self._tell_change(seen, service["name"], workloads.get(service["name"]))
            if self._settled(workloads):
                return
            time.sleep(POLL_SECONDS)
        raise DemoError(f"the rollout had not ended after {ROLLOUT_SECONDS} seconds")

    def _tell_change(self, seen, name, workload):
        if workload is None:
            return
        status, reason, message = condition(workload, "Ready")
        if seen.get(name) == (status, reason) or not reason:
            return
        seen[name] = (status, reason)
        colour = GREEN if status == "True" else YELLOW
        say(console.shortened(f"  {self.clock()}  {name:<11} {paint(f'{reason:<31}', colour)} {message}"))

    def _settled(self, workloads):
        """Every service is looked at; those to be injected run with the router, and nothing is on its way."""
        if len(workloads) < len(self.fleet["services"]):
            return False
        for service in self.fleet["services"]:
            workload = workloads[service["name"]]
            if service["injected"] != (condition(workload, "Injected")[0] == "True"):
                return False
            if service["injected"] and condition(workload, "Ready")[0] != "True":
                return False
        return True

    def show_result(self):
        console.heading("Coverage: every service, and why it is or is not routed")
        self.kubectl("get", "workloads")
        say()
        self.kubectl("get", "loggingpolicies,awstargets,rollouts")
        service = next(s for s in self.fleet["services"] if s["name"] == SHOWN)
        base, managed = f"{SHOWN}:1", self.aws.revision(service)
        console.heading(f"The task definition of {SHOWN}, before and after")
        console.difference(self.aws.document(base), self.aws.document(managed), base, managed)
        self._show_role_policy(service)
        self._show_object(managed)

    def _show_role_policy(self, service):
        role = role_name(service["taskDefinition"]["taskRoleArn"])
        policies = self.aws.role_policies()
        console.heading(f"What the router of {SHOWN} may do: {len(policies)} roles of the fleet got an inline policy")
        for owner, name, document in policies:
            if owner == role:
                say(paint(f"  {owner}, policy {name}", BOLD))
                console.indented(json.dumps(document, indent=2))

    def _show_object(self, managed):
        """The object that the shown revision names; of the others only that they exist."""
        objects = self.aws.config_objects()
        console.heading(f"The configuration its router fetches from s3://{self.fleet['configBucket']}")
        named = json.dumps(self.aws.document(managed))
        for key, text in objects:
            if key in named:
                say(paint(f"  {key}", BOLD))
                console.indented(text)
        say(
            paint(
                f"  ({len(objects)} objects in all: named by their content, one for each different configuration)", DIM
            )
        )

    def take_back(self):
        console.heading("And back: the policy is deleted")
        console.command(f"kubectl delete loggingpolicy {POLICY}")
        self.parts.kubectl("delete", "loggingpolicy", POLICY, "--wait=false")
        deadline = time.monotonic() + REMOVAL_SECONDS
        while self.parts.kubectl("get", "loggingpolicy", POLICY, "--ignore-not-found", "-o", "name"):
            self.parts.check_alive()
            if time.monotonic() > deadline:
                raise DemoError(f"the policy was not gone after {REMOVAL_SECONDS} seconds")
            time.sleep(POLL_SECONDS)
        say(f"  {self.clock()}  gone")
        console.table(
            ("service", "revision now", "as before"),
            [(s["name"], self.aws.revision(s), self._is_base(s)) for s in self.fleet["services"]],
        )
        policies, objects = self.aws.role_policies(), self.aws.config_objects()
        say(f"  inline role policies left: {len(policies)}, configuration objects left: {len(objects)}")
        wrong = [s["name"] for s in self.fleet["services"] if self._is_base(s) != "yes"]
        if wrong or policies or objects:
            raise DemoError(f"not everything was taken back: {', '.join(wrong) or 'roles or objects'}")

    def _is_base(self, service):
        return "yes" if self.aws.revision(service) == f"{service['name']}:1" else "NO"

    def tell_more(self, kept):
        console.heading("Further")
        environment = f"export KUBECONFIG={self.parts.kubeconfig.relative_to(ROOT)}"
        lines = [
            ("make demo KEEP=1" if not kept else environment, "everything stays up" if not kept else "then:"),
            ("kubectl explain loggingpolicy.spec --recursive", "every field there is"),
            ("kubectl describe workload demo.demo.catalog", "conditions and events of one service"),
            ("kubectl get workloads -w", "watch a rollout"),
            ("target/debug/firelens patch --help", "the same engine, offline"),
            ("docs/policies.md, docs/operations.md", "how to write policies, how to run the operator"),
        ]
        if kept:
            lines += [(f"curl {self.parts.url}/metrics", "what it counts"), ("make demo-stop", "end it all")]
        width = max(len(line[0]) for line in lines)
        for text, about in lines:
            say(f"  {paint(text.ljust(width), BOLD)}  {paint(about, DIM)}")

    def tell(self):
        self.start()
        self.show_fleet()
        self.roll_out()
        self.show_result()
        if os.environ.get("DEMO_KEEP"):
            self.tell_more(kept=True)
            return True
        self.take_back()
        self.tell_more(kept=False)
        return False


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    demo = Demo()
    keep, code = False, 1
    try:
        keep = demo.tell()
        say()
        say(paint(f"Done in {demo.clock().strip()}.", BOLD))
        code = 0
    except KeyboardInterrupt:
        say()
        say("Interrupted.")
        code = 130
    except DemoError as error:
        say()
        say(paint(f"FAILED: {error}", BOLD, RED))
        say(f"The end of the operator's log ({demo.parts.log.relative_to(ROOT)}):")
        console.indented(demo.parts.log_tail())
    finally:
        if not keep:
            try:
                demo.parts.stop()
            except DemoError as error:
                say(paint(f"Not everything could be stopped: {error}", BOLD, RED))
                code = 1
    return code


sys.exit(main())
