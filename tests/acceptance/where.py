"""Which AWS a run is on, and whether it may be.

Must never reach real AWS without a consent that names the account.
"""

import os

import boto3

from acceptance import budget
from live.aws import Aws
from live.parts import LOCAL_ACCOUNT
from live.places import LiveError, aws_environment, clean_environment

POINTING = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
LOOPBACK = ("http://127.0.0.1:", "http://localhost:", "http://[::1]:")


class Where:
    """An AWS: `endpoint` where it is not the real one, `account` where MiniStack is told it by the access key."""

    def __init__(self, region, endpoint=None, account=None, own=False):
        self.region, self.endpoint, self.account, self.own = region, endpoint, account, own

    @property
    def is_real(self):
        return self.endpoint is None

    def aws(self):
        return Aws(self.region, self.endpoint, self.account)

    def environment(self):
        """The variables that lead the operator there."""
        if self.is_real:
            return aws_environment() | {"AWS_REGION": self.region} | of_profile()
        return clean_environment(
            AWS_ENDPOINT_URL=self.endpoint,
            AWS_REGION=self.region,
            AWS_ACCESS_KEY_ID=self.account,
            AWS_SECRET_ACCESS_KEY="local",
        )

    def record(self):
        return {"region": self.region, "endpoint": self.endpoint, "account": self.account, "own": self.own}


def region():
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def find():
    """The AWS the environment points at; None for a MiniStack that is still to be started."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        if not endpoint.startswith(LOOPBACK):
            raise LiveError(f"AWS_ENDPOINT_URL is {endpoint}: only an AWS on this machine, or the real one, is driven")
        return Where(region(), endpoint, local_account())
    if os.environ.get("FIRELENS_ACCEPTANCE_REAL") or any(os.environ.get(name) for name in POINTING):
        # The region of a profile counts where no variable names one.
        return Where(os.environ.get("AWS_REGION") or boto3.Session().region_name or region())
    return None


def of_profile():
    """The credentials that a profile stands for: it may be one of single sign-on, which only the AWS CLI and SDKs
    with that feature understand. They have to last for the run."""
    if not os.environ.get("AWS_PROFILE"):
        return {}
    found = boto3.Session().get_credentials().get_frozen_credentials()
    keys = {"AWS_ACCESS_KEY_ID": found.access_key, "AWS_SECRET_ACCESS_KEY": found.secret_key}
    return keys | ({"AWS_SESSION_TOKEN": found.token} if found.token else {})


def local_account():
    key = os.environ.get("AWS_ACCESS_KEY_ID", "")
    return key if key.isdigit() and len(key) == 12 else LOCAL_ACCOUNT


def ask(where, account, arn, run):
    """Says what the run costs; refuses real AWS without consent."""
    for line in budget.lines(account, where.region, run):
        print(line, flush=True)
    if not where.is_real:
        print(f"  on a local AWS at {where.endpoint}: nothing is paid, nothing leaves this machine", flush=True)
    elif arn.endswith(":root"):
        raise LiveError(
            "these are the credentials of the account's root, which cannot assume roles: use a user or role"
        )
    elif os.environ.get("CONSENT") != account:
        raise LiveError(
            "this is real AWS, and nothing was made yet. In an account made for trying things out, say\n"
            f"  make acceptance FIRELENS_ACCEPTANCE_REAL=1 CONSENT={account}\n"
            "To run on a local AWS, unset AWS_PROFILE, AWS_ACCESS_KEY_ID and FIRELENS_ACCEPTANCE_REAL."
        )
