"""The guard's ranges, over all addresses: a private IPv4 address stays private inside every IPv6 form."""

from ipaddress import IPv4Address, IPv6Address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from sinks.guard.ranges import Ranges, innermost, is_public

ipv4 = st.ip_addresses(v=4)
WRAPPINGS = {
    "mapped": lambda a: IPv6Address((0xFFFF << 32) | int(a)),
    "6to4": lambda a: IPv6Address((0x2002 << 112) | (int(a) << 80)),
    "nat64": lambda a: IPv6Address((0x64FF9B << 96) | int(a)),
    "teredo": lambda a: IPv6Address((0x20010000 << 96) | (int(a) ^ 0xFFFF_FFFF)),
}
wrapped = st.tuples(ipv4, st.sampled_from(list(WRAPPINGS.values())))


@given(wrapped)
def test_wrapping_changes_nothing(found) -> None:
    """Open exactly when the address inside is."""
    address, wrap = found
    assert innermost(wrap(address)) == address
    assert Ranges().permit(wrap(address)) == Ranges().permit(address)


@given(st.ip_addresses())
def test_only_global_unicast_is_public(address) -> None:
    """Nothing that the standard library calls private, local, reserved or multicast."""
    if is_public(address):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_private
        assert not address.is_loopback
        assert not address.is_link_local


@given(wrapped, st.integers(8, 32))
def test_an_allowed_network_opens_itself_and_nothing_else(found, length: int) -> None:
    """In every form."""
    address, wrap = found
    network = ip_network((int(address), length), strict=False)
    assert Ranges((network,)).permit(wrap(address))
    outside = IPv4Address(int(address) ^ 1 << (32 - length))
    assert Ranges((network,)).permit(outside) == Ranges().permit(outside)
