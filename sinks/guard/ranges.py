"""Which addresses a customer's link may lead to: public unicast, and what a deployment allows besides. Pure.

IPv6 has several ways to write an IPv4 address inside; what counts is the address that packets would reach in the end.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from schemas.errors import UsageError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
IPV6_UNICAST = IPv6Network("2000::/3")  # all that IANA has given to the public Internet
IPV4_COMPATIBLE = IPv6Network("::/96")
NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))  # RFC 6052, RFC 8215
SIX_TO_FOUR_RELAY = IPv4Network("192.88.99.0/24")
LOW_32_BITS = 0xFFFF_FFFF


@dataclass(frozen=True)
class Ranges:
    """The networks that are open besides the public Internet."""

    allowed: tuple[Network, ...] = ()

    def permit(self, address: Address) -> bool:
        """Whether a connection to `address` may be opened."""
        inner = innermost(address)
        return is_public(inner) or any(inner in network for network in self.allowed)

    def permit_literal(self, host: str) -> bool | None:
        """The same for an address written as text, without brackets; None when `host` is a name."""
        try:
            return self.permit(ip_address(host.partition("%")[0]))
        except ValueError:
            return None


def ranges(text: str, *, setting: str) -> Ranges:
    """From comma-separated networks; raises UsageError that names the setting."""
    try:
        return Ranges(tuple(ip_network(part.strip()) for part in text.split(",") if part.strip()))
    except ValueError as error:
        raise UsageError(f"{setting}: {error}", remedy="networks such as 10.20.0.0/16, comma-separated") from error


def innermost(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one: mapped, compatible, 6to4, Teredo, NAT64; or the address as it is."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    embeds = any(address in network for network in NAT64) or (address in IPV4_COMPATIBLE and int(address) > 1)
    return IPv4Address(int(address) & LOW_32_BITS) if embeds else address


def is_public(address: Address) -> bool:
    """Whether anybody on the Internet could have given this address as theirs."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and address not in SIX_TO_FOUR_RELAY
    return address.is_global and address in IPV6_UNICAST
