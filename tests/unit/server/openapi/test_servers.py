"""The `servers` of a document."""

from handlers.server.openapi.servers import with_first_server

TEXT = "info: {} # servers:\nservers:\n  - url: https://a.example # kept\npaths: {}\n"


def test_the_new_server_is_the_first() -> None:
    """The new server stands before the others, and the rest of the text stays, comments included."""
    assert with_first_server(TEXT, "http://[::1]:8080/x", "Here") == (
        'info: {} # servers:\nservers:\n  - url: "http://[::1]:8080/x"\n    description: "Here"\n'
        "  - url: https://a.example # kept\npaths: {}\n"
    )
