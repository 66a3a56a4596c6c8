"""Bodies that were rewritten once or twice."""

import json

import pytest

from handlers.doctor.candidates.body_rewritings import (
    MOST_BYTES_ONCE,
    MOST_BYTES_TWICE,
    Rewritten,
    rewritten_once,
    rewritten_twice,
)
from handlers.doctor.rewriting import Rewriting

BODY = (
    b'{"name":"Jo & S\xc3\xb6hne ","url":"a/b","amount":{"value":"10000.00","n":10.00},"more":{},"list":[],'
    b'"empty":"","none":null,"deep":"{\\"a\\":1}"}'
)
HOSTILE = {
    "nested": b"[" * 900 + b"1," * 20_000 + b"1" + b"]" * 900,
    "numbers": b"[" + b"1," * 8_000 + b"1]",
    "quotes": b'"' * 50_000,
    "escapes": b'["' + b"\\u00e9" * 10_000 + b'"]',
    "long": b"x" * 262_144,
    "a large number": b"[1e999999999," + b"9" * 5_000 + b"]",
    "no text": bytes(range(256)),
    "empty": b"",
    "dates": b'["2026-02-30T12:00:01+07:00","0001-01-01T00:00:00+07:00","9999-12-31T23:59:59-07:00"]',
}


@pytest.mark.parametrize("body", [BODY, json.dumps(json.loads(BODY), indent=2).encode()], ids=["compact", "indented"])
def test_each_body_comes_once(body: bytes) -> None:
    """No body comes twice, none is the body that arrived, and each has one or two rewritings."""
    for candidates, number in ((rewritten_once(body), 1), (rewritten_twice(body), 2)):
        found = list(candidates)
        bodies = [each.body for each in found]
        assert len(bodies) == len(set(bodies))
        assert body not in bodies
        assert {len(each.rewritings) for each in found} == {number}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_the_work_is_limited(body: bytes) -> None:
    """The bodies of each stage have no more bytes together than its limit, whatever the body is."""
    assert sum(len(each.body) for each in rewritten_once(body)) <= MOST_BYTES_ONCE
    assert sum(len(each.body) for each in rewritten_twice(body)) <= MOST_BYTES_TWICE


def test_every_rewriting_is_made() -> None:
    """Each constant is the name of a rewriting that changes some body."""
    bodies = [
        BODY,
        b"\xef\xbb\xbf" + BODY,
        json.dumps(BODY.decode()).encode(),
        b' {"z":1,\r\n"a":"\\u00e9\\/ \xe2\x80\xa8 e\xcc\x81 \xf0\x9f\x98\x80 </b> 1\\n2%20  3","a":[1]}\n',
        b'{"aB":"\xc3\xa9","x":10.5,"y":1.0,\n\t"l":"\xe2\x80\xa9="}',
        b'{"b":"\\u00e9","1":10000000.00}',
        b'{"b":"\\u00e9","c":10000000.00,"d":10}',
        b'{"b":10000000.00,"c":"{not JSON"}',
        b'{"at":"2026-01-22T12:00:01+07:00","amount":"10000.00","inner":{"a":1}}',
        b'{"b":-0,"c":1.0,"d":1e16,"e":[[],[]]}',
        b'{"a": 1,\n\t"b":"<\'=\\"\xc2\x85"}',
    ]
    made = {name for body in bodies for each in rewritten_once(body) for name in each.rewritings}
    assert set(Rewriting) - made == set()


def test_the_evidence_has_lengths_and_names() -> None:
    """A finding has both lengths and the rewritings, and other whitespace alone has its own verdict."""
    finding = Rewritten(b"{ }", (Rewriting.SPACED,)).finding(b"{}")
    assert (finding.verdict, finding.evidence) == (
        "call.body_minified",
        {"sent_length": 2, "signed_length": 3, "rewriting": "layout.spaced"},
    )
    finding = Rewritten(b"[]", (Rewriting.BY_PHP, Rewriting.SPACED)).finding(b"{}")
    assert (finding.verdict, finding.evidence["rewriting"]) == ("call.body_changed", "serialiser.php + layout.spaced")
