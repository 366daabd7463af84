"""The guard holds for every spelling of a private address, for names that move, and for redirects; a look at the link
would not.
"""

import os
from collections.abc import AsyncIterator

import pycurl
import pytest
from aiohttp import web

from sinks.guard.customer_link import CustomerLink
from sinks.guard.ranges import Ranges
from tests.fakes.webhook_endpoints import LOOPBACK

LITERALS = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "[fd00:ec2::254]",
]
ODD_NUMBERS = ["2130706433", "127.1", "0x7f.0.0.1", "0177.0.0.1", "0"]


@pytest.fixture
async def inside() -> AsyncIterator["Inside"]:
    """A service of ours on loopback that nobody outside may reach, and how often somebody did."""
    service = Inside()
    await service.runner.setup()
    await web.TCPSite(service.runner, "127.0.0.1", 0).start()
    yield service
    await service.runner.cleanup()


class Inside:
    def __init__(self) -> None:
        self.reached = 0
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self.runner = web.AppRunner(application, access_log=None)

    @property
    def port(self) -> int:
        port: int = self.runner.addresses[0][1]
        return port

    async def _answer(self, request: web.Request) -> web.Response:
        self.reached += 1
        if request.path == "/away":
            return web.Response(status=302, headers={"Location": f"http://127.0.0.1:{self.port}/secret"})
        if request.cookies:
            return web.Response(status=418)
        response = web.Response()
        response.set_cookie("of", "somebody")
        return response


async def post(link: CustomerLink, multi: pycurl.AsyncCurlMulti, url: str) -> int:
    """The status; raises pycurl.error where nobody answered."""
    link.guard.clear()
    link.curl.setopt(pycurl.URL, url.encode())
    link.curl.setopt(pycurl.POSTFIELDS, b"x")
    try:
        await multi.perform(link.curl)
    finally:
        link.guard.close()
    status: int = link.curl.getinfo(pycurl.RESPONSE_CODE)
    return status


async def refused(url: str, *resolved: str) -> bool:
    """Whether the guard kept the connection back. `resolved` says what a name leads to, as `host:port:address`."""
    link = CustomerLink(Ranges())
    link.curl.setopt(pycurl.RESOLVE, list(resolved))
    async with pycurl.AsyncCurlMulti() as multi:
        with pytest.raises(pycurl.error, match="Could not connect"):
            await post(link, multi, url)
    return link.guard.refused


@pytest.mark.parametrize("host", [*LITERALS, *ODD_NUMBERS])
async def test_no_spelling_of_a_private_address_is_connected_to(host: str, inside: Inside) -> None:
    """Loopback, private, link-local, shared and multicast addresses, IPv4 inside IPv6, odd digits and numbers."""
    assert await refused(f"http://{host}:{inside.port}/")
    assert inside.reached == 0


async def test_odd_digits_are_no_host(inside: Inside) -> None:
    """Endpoints are enrolled with the digits that are meant; a record from elsewhere leads to nobody."""
    async with pycurl.AsyncCurlMulti() as multi:
        with pytest.raises(pycurl.error):
            await post(CustomerLink(Ranges()), multi, f"http://\N{FULLWIDTH DIGIT ONE}27.0.0.1:{inside.port}/")
    assert inside.reached == 0


async def test_a_name_that_moves_into_our_network_is_refused_there(inside: Inside) -> None:
    """DNS rebinding: allowed at the first look, loopback at the next."""
    assert await refused(f"http://rebinding.example:{inside.port}/", f"rebinding.example:{inside.port}:127.0.0.1")
    assert inside.reached == 0


async def test_a_name_is_looked_at_anew_for_every_connection(inside: Inside) -> None:
    """The first answer was allowed, and the handle has been used: the second is refused all the same."""
    name = f"moving.example:{inside.port}"
    allowed, guarded = CustomerLink(LOOPBACK), CustomerLink(Ranges())
    async with pycurl.AsyncCurlMulti() as multi:
        allowed.curl.setopt(pycurl.RESOLVE, [f"{name}:127.0.0.1"])
        allowed.curl.setopt(pycurl.FORBID_REUSE, 1)
        assert await post(allowed, multi, f"http://{name}/") == 200
        with pytest.raises(pycurl.error):
            await post(guarded, multi, f"http://{name}/")
    assert guarded.guard.refused
    assert inside.reached == 1


async def test_of_a_name_s_addresses_all_private_ones_are_refused(inside: Inside) -> None:
    """libcurl asks for each; none is opened."""
    assert await refused(f"http://two.example:{inside.port}/", f"two.example:{inside.port}:127.0.0.1,10.0.0.1,::1")
    assert inside.reached == 0


async def test_a_redirect_is_an_answer(inside: Inside) -> None:
    """It is not followed: the second request would be ours, from inside."""
    async with pycurl.AsyncCurlMulti() as multi:
        assert await post(CustomerLink(LOOPBACK), multi, f"http://127.0.0.1:{inside.port}/away") == 302
    assert inside.reached == 1


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:25/_x"])
async def test_nothing_but_http_is_spoken(url: str) -> None:
    """libcurl could do a lot more."""
    async with pycurl.AsyncCurlMulti() as multi:
        with pytest.raises(pycurl.error) as refusal:
            await post(CustomerLink(LOOPBACK), multi, url)
    assert refusal.value.args[0] == pycurl.E_UNSUPPORTED_PROTOCOL


async def test_what_the_deployment_allows_is_reached(inside: Inside) -> None:
    """Negative control: the refusals above are the guard's and not the network's."""
    link = CustomerLink(LOOPBACK)
    async with pycurl.AsyncCurlMulti() as multi:
        assert await post(link, multi, f"http://127.0.0.1:{inside.port}/") == 200
        assert await post(link, multi, f"http://[::ffff:127.0.0.1]:{inside.port}/") == 200
    assert inside.reached == 2
    assert not link.guard.refused


async def test_without_the_guard_a_private_address_is_reached(inside: Inside) -> None:
    """Negative control: libcurl itself keeps nothing back."""
    link = CustomerLink(Ranges())
    link.curl.unsetopt(pycurl.OPENSOCKETFUNCTION)
    async with pycurl.AsyncCurlMulti() as multi:
        assert await post(link, multi, f"http://127.0.0.1:{inside.port}/") == 200
    assert inside.reached == 1


async def test_cookies_and_the_environment_s_proxies_are_not_used(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One endpoint's cookie never reaches another, and nobody redirects our traffic by a variable."""
    for variable in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    link = CustomerLink(LOOPBACK)
    async with pycurl.AsyncCurlMulti() as multi:
        assert [await post(link, multi, f"http://127.0.0.1:{inside.port}/") for _ in range(2)] == [200, 200]
    assert inside.reached == 2


async def test_no_socket_is_left_open(inside: Inside) -> None:
    """pycurl works with a duplicate of each: ours must not keep the connection open."""
    link = CustomerLink(LOOPBACK)
    link.curl.setopt(pycurl.FORBID_REUSE, 1)
    async with pycurl.AsyncCurlMulti() as multi:
        await post(link, multi, f"http://127.0.0.1:{inside.port}/")
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            await post(link, multi, f"http://127.0.0.1:{inside.port}/")
        assert len(os.listdir("/proc/self/fd")) <= before + 2
