"""What every service needs of its settings. Pure."""

from urllib.parse import urlsplit

from schemas.errors import UsageError


def demand_key_and_url(provider: str, api_key: str, url: str) -> None:
    """Raises UsageError that names the setting."""
    prefix = f"EARSHOT_{provider.upper()}"
    if not api_key:
        raise UsageError(f"{prefix}_API_KEY is empty", remedy=f"set it to a key of your {provider} account")
    if urlsplit(url).scheme not in ("ws", "wss"):
        raise UsageError(f"{prefix}_URL is {url}, which is no WebSocket", remedy="wss://host/path, or ws://")
