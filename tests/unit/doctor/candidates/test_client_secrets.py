"""Keys that a client may have used in place of its secret."""

from handlers.doctor.candidates.client_secrets import wrong_secrets
from handlers.doctor.request import Request


def test_each_key_has_its_mistake() -> None:
    """The client's own secret changes, IDs of the client follow, then the secrets of other clients."""
    secrets = {"C1": (b"pa$sword#1 ",), "C2": (b"of another",)}
    found = [(part.value, part.finding) for part in wrong_secrets(secrets, "C1", Request("POST", "/", ()))]
    keys = {value: finding.evidence for value, finding in reversed(found) if finding}
    assert b"pa$sword#1 " not in keys
    assert keys[b"pa#1 "] == keys[b"pa$sword"] == {"how": "cut_at_special_character"}
    assert keys[b"pa$sword#1"] == {"how": "trimmed"}
    assert keys[b"C1"] == {"how": "client_key"}
    assert found[-1][0] == b"of another"


def test_a_client_without_a_secret_has_only_ids() -> None:
    """Without a secret of its own, a client may have used its ID or an empty key."""
    request = Request("POST", "/", (("X-PARTNER-ID", "P1"),))
    assert [part.value for part in wrong_secrets({}, "C1", request)] == [b"C1", b"P1", b""]
