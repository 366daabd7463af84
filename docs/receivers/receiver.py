"""A webhook receiver in Python: verify, tell repeats, keep the order. Needs `pip install standardwebhooks`.

Run with WEBHOOK_SECRET=whsec_… PORT=8080 python receiver.py
"""

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])
seen: set[str] = set()  # in production: a unique key in your database, kept for some days
last_sequence: dict[str, int] = {}


class Receiver(BaseHTTPRequestHandler):
    """Answers within the 15 seconds that Earshot waits: note the event down, work on it afterwards."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(receive(body, dict(self.headers)))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def receive(body: bytes, headers: dict[str, str]) -> int:
    """The status to answer with. 2xx for a repeat too, or it comes again."""
    try:
        event = webhook.verify(body, headers)  # the raw bytes, before any parsing
    except WebhookVerificationError:
        return 401
    message_id = headers["webhook-id"]
    if message_id not in seen:
        seen.add(message_id)
        take(event)
    return 204


def take(event: dict) -> None:
    """`sequence` is dense for each bot: a jump is an event that Earshot gave up on, after days of tries."""
    bot_id = event["data"]["bot_id"]
    missing = event["sequence"] - last_sequence.get(bot_id, -1) - 1
    last_sequence[bot_id] = max(event["sequence"], last_sequence.get(bot_id, -1))
    print(json.dumps({"type": event["type"], "sequence": event["sequence"], "missing": max(0, missing)}), flush=True)


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver).serve_forever()
