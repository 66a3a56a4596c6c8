"""The `servers` of a document."""

import json
import re

_SERVERS = re.compile(r"^servers:\n", re.MULTILINE)


def with_first_server(text: str, url: str, description: str) -> str:
    """The YAML text of a document with one more server, before the others. Tools send to the first server."""
    server = f"servers:\n  - url: {json.dumps(url)}\n    description: {json.dumps(description)}\n"
    return _SERVERS.sub(lambda _: server, text, count=1)
