"""The guard holds for every spelling of a private address, for names that move, and for redirects; a resolver would not."""

import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from sinks.guard.connector import Blocked, guarded_session
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
    "\N{FULLWIDTH DIGIT ONE}27.0.0.1",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "[fd00:ec2::254]",
]
NOT_ADDRESSES = ["2130706433", "127.1", "0x7f.0.0.1", "0177.0.0.1", "0"]


class ScriptedResolver(AbstractResolver):
    """Gives the next address of a list at each question, as a name server under somebody's control does."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked = 0
        self._answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=a, port=port, family=socket.AF_INET, proto=0, flags=socket.AI_NUMERICHOST)
            for a in addresses
        ]

    async def close(self) -> None:
        pass


class Refusing(AbstractResolver):
    """The guard that is not enough: a resolver that refuses every name."""

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        raise OSError("refused")

    async def close(self) -> None:
        pass


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
        return web.Response()


async def post(session: aiohttp.ClientSession, url: str) -> int:
    async with session.post(url, data=b"x", allow_redirects=False) as response:
        return response.status


@pytest.mark.parametrize("host", LITERALS)
async def test_no_spelling_of_a_private_address_is_connected_to(host: str, inside: Inside) -> None:
    """Loopback, private, link-local, shared and multicast addresses, IPv4 inside IPv6, odd digits."""
    async with guarded_session(Ranges()) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await post(session, f"http://{host}:{inside.port}/")
    assert isinstance(refused.value.os_error, Blocked)
    assert inside.reached == 0


@pytest.mark.parametrize("host", NOT_ADDRESSES)
async def test_numbers_that_are_no_usual_address_are_no_host(host: str, inside: Inside) -> None:
    """aiohttp refuses them, or they lead to a refused address; nothing is reached either way."""
    async with guarded_session(Ranges()) as session:
        with pytest.raises((aiohttp.InvalidURL, aiohttp.ClientConnectorError)):
            await post(session, f"http://{host}:{inside.port}/")
    assert inside.reached == 0


async def test_a_name_that_moves_into_our_network_is_refused_there(inside: Inside) -> None:
    """DNS rebinding: allowed at the first look, loopback at the next."""
    resolver = ScriptedResolver(["127.0.0.1"])
    async with guarded_session(Ranges(), resolver=resolver) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await post(session, f"http://rebinding.example:{inside.port}/")
    assert isinstance(refused.value.os_error, Blocked)
    assert (resolver.asked, inside.reached) == (1, 0)


async def test_of_a_name_s_addresses_the_private_ones_are_refused_as_one(inside: Inside) -> None:
    """Several refusals are still named as what they are."""
    async with guarded_session(Ranges(), resolver=ScriptedResolver(["127.0.0.1", "10.0.0.1"])) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await post(session, f"http://two.example:{inside.port}/")
    assert isinstance(refused.value.os_error, Blocked)


async def test_a_redirect_is_an_answer(inside: Inside) -> None:
    """It is not followed: the second request would be ours, from inside."""
    async with guarded_session(LOOPBACK) as session:
        assert await post(session, f"http://127.0.0.1:{inside.port}/away") == 302
    assert inside.reached == 1


async def test_what_the_deployment_allows_is_reached(inside: Inside) -> None:
    """Negative control: the refusals above are the guard's and not the network's."""
    async with guarded_session(LOOPBACK) as session:
        assert await post(session, f"http://127.0.0.1:{inside.port}/") == 200
        assert await post(session, f"http://[::ffff:127.0.0.1]:{inside.port}/") == 200
    assert inside.reached == 2


async def test_a_resolver_alone_lets_literals_through(inside: Inside) -> None:
    """Negative control: aiohttp asks no resolver for an IP literal, so the guard has to sit on the socket."""
    connector = aiohttp.TCPConnector(resolver=Refusing())
    async with aiohttp.ClientSession(connector=connector) as session:
        assert await post(session, f"http://127.0.0.1:{inside.port}/") == 200
        assert await post(session, f"http://[::ffff:127.0.0.1]:{inside.port}/") == 200
        with pytest.raises(aiohttp.ClientConnectorError):
            await post(session, f"http://name.example:{inside.port}/")
    assert inside.reached == 2


async def test_cookies_and_the_environment_s_proxies_are_not_used(inside: Inside) -> None:
    """One endpoint's cookie never reaches another, and nobody redirects our traffic by a variable."""
    async with guarded_session(LOOPBACK) as session:
        assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)
        assert session.trust_env is False
        assert session.auto_decompress is False
