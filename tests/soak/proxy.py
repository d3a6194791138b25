"""A proxy before the local AWS: counts what the operator calls, and for a while hangs, cuts or refuses.

Must never change a request or an answer that it passes on, nor listen on anything but loopback.
"""

import http.client
import http.server
import random
import re
import threading
import time
import urllib.parse

from live.places import free_port

HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "te",
    "trailer",
    "upgrade",
    "proxy-connection",
}
HANG_SECONDS = 70
SLOW_SECONDS = 4
PATIENCE_SECONDS = 60
KINDS = ("slow", "hang", "refuse", "throttle", "cut before", "cut after")
WRITES = (
    "RegisterTaskDefinition",
    "DeregisterTaskDefinition",
    "UpdateService",
    "StopServiceDeployment",
    "PutRolePolicy",
    "DeleteRolePolicy",
    "PUT object",
    "DELETE object",
)


class Spell:
    """A time in which a part of the calls goes wrong in one way."""

    def __init__(self, kind, share, until, rng):
        self.kind, self.share, self.until, self.rng = kind, share, until, rng

    def strikes(self):
        return time.monotonic() < self.until and self.rng.random() < self.share


class Proxy:
    """`url` is what the operator is given for AWS."""

    def __init__(self, upstream):
        self.upstream = urllib.parse.urlsplit(upstream)
        self.spell = None
        self.calls = {}
        self.lock = threading.Lock()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        handler = type("Handler", (Handler,), {"proxy": self})
        self.server = Server(("127.0.0.1", self.port), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, name="proxy", daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def cast(self, kind, share, seconds, seed):
        self.spell = Spell(kind, share, time.monotonic() + seconds, random.Random(seed))

    def heal(self):
        self.spell = None

    def count(self, operation):
        with self.lock:
            self.calls[operation] = self.calls.get(operation, 0) + 1

    def snapshot(self):
        with self.lock:
            return dict(self.calls)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A connection that broke is what this proxy is for."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy = None
    upstream = None

    def log_message(self, *_arguments):
        pass

    def do_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.proxy.count(operation_of(self.command, self.path, self.headers, body))
        spell = self.proxy.spell
        kind = spell.kind if spell and spell.strikes() else None
        if kind == "hang":
            time.sleep(HANG_SECONDS)
        if kind in ("hang", "cut before"):
            self.close_connection = True
            return
        if kind in ("refuse", "throttle"):
            self._refuse(kind)
            return
        if kind == "slow":
            time.sleep(SLOW_SECONDS)
        answer, text = self._ask(body)
        if kind == "cut after":
            # The work is done, and whoever asked never hears of it.
            self.close_connection = True
            return
        self._reply(answer.status, answer.getheaders(), text)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_any

    def _ask(self, body):
        for attempt in (1, 2):
            if self.upstream is None:
                target = self.proxy.upstream
                self.upstream = http.client.HTTPConnection(target.hostname, target.port, timeout=PATIENCE_SECONDS)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
                self.upstream.request(self.command, self.path, body or None, headers)
                answer = self.upstream.getresponse()
                return answer, answer.read()
            except (http.client.RemoteDisconnected, ConnectionError):
                # An idle connection that MiniStack has closed meanwhile: nothing was received.
                self.upstream = None
                if attempt == 2:
                    raise

    def _reply(self, status, headers, text):
        self.send_response_only(status)
        length = None
        for name, value in headers:
            if name.lower() == "content-length":
                length = value
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def _refuse(self, kind):
        """As the service would word it: JSON for those that speak JSON, XML for the others."""
        status, code = (500, "InternalFailure") if kind == "refuse" else (400, "ThrottlingException")
        if "json" in (self.headers.get("Content-Type") or ""):
            text = f'{{"__type": "{code}", "message": "said by the proxy"}}'.encode()
            self._reply(status, [("Content-Type", "application/x-amz-json-1.1")], text)
            return
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>said by the proxy</Message></Error>"
        text = f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>".encode()
        self._reply(status if status == 500 else 503, [("Content-Type", "text/xml")], text)


def operation_of(method, path, headers, body):
    """The operation's name; for S3, the method and what it is about."""
    target = headers.get("X-Amz-Target")
    if target:
        return target.rsplit(".", 1)[-1]
    match = re.match(r"/service/[^/]+/operation/(\w+)", path)
    if match:
        return match[1]
    match = re.search(rb"(?:^|&)Action=(\w+)", body)
    if match:
        return match[1].decode()
    inner = urllib.parse.urlsplit(path).path.strip("/")
    return f"{method} {'object' if '/' in inner else 'bucket'}"
