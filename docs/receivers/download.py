"""Fetch the content of a large event, taking up a broken download where it broke. Nothing but the standard library."""

import hashlib
import http.client
import urllib.request


def fetch(content: dict, tries: int = 20) -> bytes:
    """`content` is the event's: {url, bytes, sha256, …}. Raises OSError when it does not arrive whole."""
    got = bytearray()
    for _ in range(tries):
        asked = {"Range": f"bytes={len(got)}-", "If-Range": f'"{content["sha256"]}"'}
        request = urllib.request.Request(content["url"], headers=asked)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                if response.status == 200:
                    got.clear()  # the server sends the whole: begin anew
                while piece := response.read1(65_536):
                    got += piece
        except (OSError, http.client.HTTPException):
            pass
        if len(got) == content["bytes"]:
            break
    if hashlib.sha256(got).hexdigest() != content["sha256"]:
        raise OSError("the content did not arrive whole")
    return bytes(got)
