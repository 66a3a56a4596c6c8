"""The JavaScript that signs: the library jsrsasign (MIT) as released, and functions that call it."""

from pathlib import Path

_HERE = Path(__file__).parent
LIBRARY = _HERE / "jsrsasign-rsa-min.js"
"""`lib/jsrsasign-rsa-min.js` of the npm package jsrsasign 11.1.5, unchanged."""


def signing_code() -> str:
    """JavaScript that defines `snap`."""
    library, functions = (file.read_text(encoding="utf-8") for file in (LIBRARY, _HERE / "signing.js"))
    # The library chooses its arithmetic by the name of the browser. This name gives the fastest one for V8 and QuickJS.
    return f'var navigator = {{ appName: "Netscape" }}, window = {{}};\n{library}\n{functions}'
