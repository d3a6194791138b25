"""One LogDestination of each of the fifteen typed kinds, and what the roles of a task need for it.

Must never take the operator's word for a right: this table is from the documentation of the plugins.
"""

from live import objects

GROUP = "/soak/applications"
ARCHIVE = "soak-archive"


def specs(secret):
    """Spec by name; `secret` is the ARN of the one that tokens are in."""
    return {
        "cloudwatch": {"cloudWatchLogs": {"logGroupName": GROUP, "logStreamPrefix": "app-"}},
        "firehose": {"firehose": {"deliveryStream": "soak-firehose"}},
        "kinesis": {"kinesisStreams": {"stream": "soak-kinesis"}},
        "s3": {"s3": {"bucket": ARCHIVE}},
        "opensearch": {
            "openSearch": {"host": "search.soak.internal", "port": 443, "index": "soak", "suppressTypeName": True}
        },
        "elasticsearch": {"elasticsearch": {"host": "elastic.soak.internal", "port": 443, "index": "soak"}},
        "datadog": {"datadog": {"secretOptions": {"apikey": secret}}},
        "splunk": {
            "splunk": {
                "host": "hec.soak.internal",
                "port": 8088,
                "tls": True,
                "secretOptions": {"splunk_token": secret},
            }
        },
        "newrelic": {"newRelic": {"secretOptions": {"license_key": secret}}},
        "loki": {"loki": {"host": "loki.soak.internal", "port": 443}},
        "opentelemetry": {"openTelemetry": {"host": "otel.soak.internal", "port": 443}},
        "http": {"http": {"host": "collect.soak.internal", "port": 443, "format": "json"}},
        "kafka": {"kafka": {"brokers": "broker.soak.internal:9092", "topics": "soak"}},
        "forward": {"forward": {"host": "aggregator.soak.internal", "port": 24224}},
        "custom": {"custom": {"plugin": "tcp", "options": {"Host": "tcp.soak.internal", "Port": "5170"}}},
    }


NAMES = tuple(specs(""))

# Destination -> (action, words of its resource) that the task role must allow.
RIGHTS = {
    "cloudwatch": [("logs:PutLogEvents", GROUP), ("logs:CreateLogStream", GROUP)],
    "firehose": [("firehose:PutRecordBatch", "soak-firehose")],
    "kinesis": [("kinesis:PutRecords", "soak-kinesis")],
    "s3": [("s3:PutObject", ARCHIVE)],
}


def all_objects(secret):
    return [objects.make("LogDestination", name, spec) for name, spec in specs(secret).items()]


def rights(policy):
    """What tasks that send where this policy says need on their task role."""
    return [right for name in sent(policy) for right in RIGHTS.get(name, [])]


def in_sync(workloads, policies):
    """Destinations that a service which says InSync sends to, by the present generation of its policy."""
    outputs = {(item["metadata"]["name"], item["metadata"]["generation"]): sent(item) for item in policies}
    found = set()
    for item in workloads:
        policy = item["status"].get("policy") or {}
        if objects.is_true(item, "Ready") and objects.is_true(item, "Injected"):
            found.update(outputs.get((policy.get("name"), policy.get("generation")), ()))
    return found


def sent(policy):
    """Names of the destinations of a policy."""
    return [output["destinationRef"]["name"] for output in policy["spec"]["outputs"]]


def allows(documents, action, words):
    """Whether a statement of these documents names the action, and a resource with these words."""
    for document in documents:
        statements = document["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            actions, resources = (
                [value] if isinstance(value, str) else value
                for value in (statement.get("Action", []), statement.get("Resource", []))
            )
            if statement["Effect"] == "Allow" and action in actions and any(words in one for one in resources):
                return True
    return False
