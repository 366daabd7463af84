"""SHELL: one request over libcurl, and what was heard of its answer."""

import asyncio
from collections.abc import Mapping

import pycurl

from sinks.guard.customer_link import CustomerLink
from sinks.webhooks.posting.failure import Trouble

SNIPPET_BYTES = 16_384
SNIPPET_TIMEOUT_S = 2.0
STATUS_LINE, END_OF_HEAD = b"HTTP/", b"\r\n"
STATUS_CLASS, PROVISIONAL = slice(9, 10), b"1"  # HTTP/1.1 1xx
NOT_EVEN_ASKED = ("Expect:", "Accept:")
"""Headers that libcurl would add by itself."""


class Exchange:
    """Posts on one handle, again and again, one request at a time.

    Afterwards `status`, `field` and `body` are those of the answer, whose status counts once its head is whole: a body that
    stalls, drips or breaks changes nothing. At most 16 kB of it are read, and for two seconds. Without an answer `status`
    is 0, and `post` returned what went wrong.
    """

    def __init__(self, multi: pycurl.AsyncCurlMulti, link: CustomerLink) -> None:
        self._multi = multi
        self._link = link
        self._curl = link.curl
        self._curl.setopt(pycurl.HEADERFUNCTION, self._take_line)
        self._curl.setopt(pycurl.WRITEFUNCTION, self._take_body)
        self._head: list[bytes] = []
        self._head_is_whole = False
        self._timer: asyncio.TimerHandle | None = None
        self._enough = False
        self.body = bytearray()
        self.status = 0

    @property
    def latency_ms(self) -> int:
        """From the start to the answer's first byte."""
        first_byte_s: float = self._curl.getinfo(pycurl.STARTTRANSFER_TIME)
        return round(first_byte_s * 1000)

    def field(self, name: str) -> str | None:
        """A header of the answer; the first one where there are several."""
        wanted = name.lower().encode() + b":"
        for line in self._head:
            if line[: len(wanted)].lower() == wanted:
                return line[len(wanted) :].strip().decode("latin-1")
        return None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Trouble | None:
        """Within `timeout_s`; never raises for what the other side does."""
        self._begin()
        curl = self._curl
        curl.setopt(pycurl.URL, url.encode())
        curl.setopt(pycurl.HTTPHEADER, [*(f"{name}: {value}" for name, value in headers.items()), *NOT_EVEN_ASKED])
        curl.setopt(pycurl.POSTFIELDS, body)
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(timeout_s * 1000)))
        try:
            self._transfer = self._multi.add_handle(curl)
            await self._transfer
        except pycurl.error as error:
            return self._ended(int(error.args[0]))
        except asyncio.CancelledError:
            if not self._enough:
                raise
        finally:
            self._stop_timer()
            self._link.guard.close()
        return self._ended(pycurl.E_OK)

    def close(self) -> None:
        """Post nothing more."""
        self._curl.close()

    def _begin(self) -> None:
        self._head.clear()
        self.body.clear()
        self._head_is_whole = self._enough = False
        self.status = 0
        self._link.guard.clear()

    def _ended(self, code: int) -> Trouble | None:
        curl = self._curl
        if self._head_is_whole:
            self.status = curl.getinfo(pycurl.RESPONSE_CODE)
            return None
        return Trouble(
            code=code,
            refused=self._link.guard.refused,
            proxy_status=curl.getinfo(pycurl.HTTP_CONNECTCODE),
            sent=curl.getinfo(pycurl.REQUEST_SIZE) > 0,
            verify_code=curl.getinfo(pycurl.SSL_VERIFYRESULT),
        )

    def _take_line(self, line: bytes) -> None:
        """One line of a head. Before the answer's there may be provisional ones (1xx), after its body trailers."""
        if self._head_is_whole:
            return
        if line.startswith(STATUS_LINE):
            self._head.clear()
        self._head.append(line)
        if line == END_OF_HEAD and self._head[0][STATUS_CLASS] != PROVISIONAL:
            self._head_is_whole = True
            self._timer = asyncio.get_running_loop().call_later(SNIPPET_TIMEOUT_S, self._cut_short)

    def _take_body(self, part: bytes) -> int | None:
        """Whatever is not None breaks the transfer off."""
        self.body += part[: SNIPPET_BYTES - len(self.body)]
        return None if len(self.body) < SNIPPET_BYTES else 0

    def _cut_short(self) -> None:
        self._enough = True
        self._transfer.cancel()

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
