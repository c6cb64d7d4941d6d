"""A client of plain HTTP, from the standard library alone, that loses its connection in mid-call.

`run.py ERA QUESTION`: asks, drops the connection when a line comes in, and when another does it
comes back with the same key, twice.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from urllib.parse import urlsplit

ERA, QUESTION = sys.argv[1:]
URL = urlsplit(os.environ["GATEWAY_URL"])
ASK = {"name": "ask_human", "arguments": {"question": QUESTION, "idempotency_key": QUESTION}}


def report(what: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"report": what, **facts}) + "\n")
    sys.stdout.flush()


def post(method: str, params: dict[str, object]) -> http.client.HTTPConnection:
    """Send a request on a connection of its own."""
    headers = {
        "Authorization": f"Bearer {os.environ['GATEWAY_API_KEY']}",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
    }
    if ERA == "2026-07-28":
        about = {
            "protocolVersion": ERA,
            "clientInfo": {"name": "plain", "version": "1"},
            "clientCapabilities": {},
        }
        meta = {f"io.modelcontextprotocol/{name}": value for name, value in about.items()}
        params = {**params, "_meta": meta}
        headers["Mcp-Method"] = method
        if "name" in params:
            headers["Mcp-Name"] = str(params["name"])
    if method != "initialize":
        headers["MCP-Protocol-Version"] = ERA
    connection = http.client.HTTPConnection(URL.hostname, URL.port, timeout=60)
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    connection.request("POST", URL.path, json.dumps(message), headers)
    return connection


def read(connection: http.client.HTTPConnection) -> dict[str, object]:
    """Read an answer, whether it comes as JSON or as a stream of events."""
    response = connection.getresponse()
    if response.status != 200:
        return {"status": response.status}
    if response.headers.get_content_type() == "application/json":
        return json.loads(response.read())["result"]
    for line in response:
        if line.startswith(b"data:") and b'"result"' in line:
            return json.loads(line.removeprefix(b"data:"))["result"]
    raise ConnectionError("the stream ended without a result")


def main() -> None:
    if ERA != "2026-07-28":
        me = {"name": "plain", "version": "1"}
        hello = {"protocolVersion": ERA, "capabilities": {}, "clientInfo": me}
        report("hello", **read(post("initialize", hello)))
    held = post("tools/call", ASK)
    report("asked")
    sys.stdin.readline()
    held.close()
    report("dropped")
    sys.stdin.readline()
    for _ in range(2):
        result = read(post("tools/call", ASK))
        report("again", text=result["content"][0]["text"], **result["structuredContent"])


main()
