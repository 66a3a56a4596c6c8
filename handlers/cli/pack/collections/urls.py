"""The variables of the environments with the URLs of the merchant."""

from urllib.parse import urlsplit

from handlers.cli.pack.collections.request import VARIABLES


def urls(base_url: str) -> dict[str, str]:
    """The variables. `baseUrl` is for the token. Calls go to `callsUrl`, which has no path."""
    parts = urlsplit(base_url)
    return {"baseUrl": base_url, "callsUrl": f"{parts.scheme}://{parts.netloc}", **VARIABLES}
