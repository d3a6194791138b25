"""Writes options.txt: python3 generate.py DIR_1_9_10 DIR_4_2_2 DIR_5_1_1 [JSON_1_9_10 JSON_4_2_2 JSON_5_1_1] > options.txt

Each DIR is a checkout of the tag of https://github.com/fluent/fluent-bit, each JSON what `fluent-bit --help-json`
(`-J`) of the version prints: it has what the sources build by macros.
"""

import json
import re
import sys
from pathlib import Path

KINDS = {"out_": "output", "filter_": "filter", "in_": "input"}
STRING = r'"((?:[^"\\]|\\.)*)"'
ENTRY = re.compile(
    r"\{\s*FLB_CONFIG_MAP_(\w+)\s*,\s*"
    + STRING
    + r"\s*,\s*(?:"
    + STRING
    + r"(?:\s*"
    + STRING
    + r")*|(?:\(char \*\)\s*)?[A-Za-z_0-9]+(?:\s*\"[^\"]*\")*)\s*,\s*([A-Z_|\s0-9]+?)\s*,"
)
MAP = re.compile(r"struct flb_config_map (\w+)\[\]\s*=\s*\{(.*?)\n\};", re.DOTALL)
PLUGIN = re.compile(r"struct flb_(?:output|filter|input)_plugin (\w+)\s*=\s*\{(.*?)\n\};", re.DOTALL)
TYPES = {"INT": "i", "BOOL": "b", "DOUBLE": "d", "SIZE": "z", "TIME": "t", "STR_PREFIX": "p"}

# The Go plugins of aws-for-fluent-bit read these, and pass over everything else.
# https://github.com/aws/amazon-cloudwatch-logs-for-fluent-bit, amazon-kinesis-firehose-for-fluent-bit,
# amazon-kinesis-streams-for-fluent-bit
GO = {
    "cloudwatch": "region log_group_name log_stream_name default_log_group_name default_log_stream_name "
    "log_stream_prefix log_key log_format role_arn auto_create_group auto_create_stream new_log_group_tags "
    "log_retention_days endpoint sts_endpoint credentials_endpoint extra_user_agent external_id",
    "firehose": "region delivery_stream data_keys role_arn endpoint sts_endpoint time_key time_key_format "
    "log_key replace_dots simple_aggregation compression external_id",
    "kinesis": "region stream partition_key append_newline replace_dots data_keys role_arn endpoint sts_endpoint "
    "time_key time_key_format log_key aggregation compression experimental_concurrency "
    "experimental_concurrency_retries external_id http_request_timeout",
}
# Options that aws-for-fluent-bit 2.x carries beside 1.9.10; and one that every version has by a macro.
# https://github.com/aws/aws-for-fluent-bit/blob/mainline/CHANGELOG.md (2.30.0)
PATCHES = [("opensearch", "aws_service_name", "s"), ("es", "aws_service_name", "s"), ("kafka", "rdkafka.", "p")]
# What the engine itself takes of a section, as flb_output.c, flb_filter.c and flb_input.c compare it.
NUMBERS = {"port": "i", "workers": "i", "tls.debug": "i", "mem_buf_limit": "z", "storage.total_limit_size": "z"}
NUMBERS |= {"thread.ring_buffer.capacity": "i", "thread.ring_buffer.window": "i", "log_suppress_interval": "t"}
NUMBERS |= {"tls": "b", "tls.verify": "b", "tls.verify_hostname": "b", "ipv6": "b", "routable": "b", "threaded": "b"}
NUMBERS |= {"storage.pause_on_chunks_overlimit": "b", "tls.verify_client_cert": "b"}


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def entries(body):
    for kind, name, _, _, flags in ENTRY.findall(body):
        if kind != "DEPRECATED":
            letter = TYPES.get(kind, "s") + ("*" if "MULT" in flags else "")
            yield name.lower(), letter


def core_options(root, kind):
    """Options of every section of a kind."""
    names = {}
    for file in {"output": ["flb_output.c"], "filter": ["flb_filter.c"], "input": ["flb_input.c"]}[kind]:
        text = without_comments((root / "src" / file).read_text())
        for name in re.findall(r'prop_key_check\("([^"]+)"', text):
            names[name.lower()] = NUMBERS.get(name, "s")
        for _, body in MAP.findall(text):
            names.update(entries(body))
    names.pop("_debug.http.response_payload", None)
    if kind != "filter":
        for file in ("flb_upstream.c", "flb_downstream.c"):
            source = root / "src" / file
            if source.exists() and (kind == "input" or file == "flb_upstream.c"):
                for _, body in MAP.findall(without_comments(source.read_text())):
                    names.update(entries(body))
        names.update({name: "s" for name in ("host", "port", "listen") if name in names})
        names["port"] = "i"
    names["match" if kind != "input" else "tag"] = "s"
    names["name"] = "s"
    return names


def plugins(root):
    for folder in sorted((root / "plugins").iterdir()):
        kind = next((kind for prefix, kind in KINDS.items() if folder.name.startswith(prefix)), None)
        if not kind or not folder.is_dir():
            continue
        text = without_comments("\n".join(f.read_text(errors="replace") for f in sorted(folder.rglob("*.c"))))
        maps = {name: dict(entries(body)) for name, body in MAP.findall(text)}
        for _, body in PLUGIN.findall(text):
            name = re.search(r'\.name\s*=\s*"([^"]+)"', body)
            used = re.search(r"\.config_map\s*=\s*&?(\w+)", body)
            if name:
                options = maps.get(used.group(1)) if used else None
                yield kind, name.group(1).lower(), options


LETTERS = {"integer": "i", "boolean": "b", "size": "z", "time": "t", "double": "d", "prefixed string": "p"}


def printed(path):
    """Plugins and options that a build prints."""
    data = json.loads(path.read_text())
    found = [(section, one) for section in ("outputs", "filters", "inputs") for one in data[section]]
    for section, plugin in found:
        options = {}
        for group in plugin["properties"].values():
            for option in group or []:
                if option["type"] != "deprecated":
                    options[option["name"].lower()] = LETTERS.get(option["type"], "s")
        yield section[:-1], plugin["name"].lower(), options


def main(roots, prints):
    table = {}
    for bit, root in zip((1, 2, 4), roots):
        for kind in KINDS.values():
            for option, letter in core_options(root, kind).items():
                row = table.setdefault((kind, "*"), [0, {}, False])
                row[0] |= bit
                row[1].setdefault(option, [letter, 0])[1] |= bit
        for kind, name, options in plugins(root):
            row = table.setdefault((kind, name), [0, {}, False])
            row[0] |= bit
            for option, letter in (options or {}).items():
                old = row[1].setdefault(option, [letter, 0])
                old[0], old[1] = letter, old[1] | bit
            row[2] = row[2] or options is None
    for bit, path in zip((1, 2, 4), prints):
        for kind, name, options in printed(path):
            row = table.setdefault((kind, name), [0, {}, False])
            row[0] |= bit
            core = table[(kind, "*")][1]
            for option, letter in options.items():
                if option in core and core[option][1] & bit:
                    continue
                if kind != "filter" and option.startswith(("tls", "net.")):
                    core.setdefault(option, [letter, 0])[1] |= bit
                else:
                    row[1].setdefault(option, [letter, 0])[1] |= bit
    for name, option, letter in PATCHES:
        table[("output", name)][1][option] = [letter, 7]
    for name, options in GO.items():
        table[("output", name)] = [7, {option: ["s", 7] for option in options.split()}, "go"]
    print("# KIND PLUGIN VERSIONS FLAG OPTION[=TYPE[VERSIONS]] …; see README.md")
    for (kind, name), (bits, options, flag) in sorted(table.items()):
        words = []
        for option, (letter, some) in sorted(options.items()):
            kind_of = "" if letter == "s" else letter
            some_of = "" if some == bits else str(some)
            words.append(option + (f"={kind_of}{some_of}" if kind_of or some_of else ""))
        mark = "go" if flag == "go" else ("open" if flag else "-")
        print(" ".join([kind, name, str(bits), mark, *words]))


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:]]
    main(paths[:3], paths[3:])
