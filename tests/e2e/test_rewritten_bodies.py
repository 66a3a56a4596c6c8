"""Bodies that real serialisers rewrote between signing and sending: `explain` names the rewriting."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from handlers.cli.explain_output import as_json, as_text
from handlers.config.settings import Settings
from handlers.doctor.diagnose import diagnose
from handlers.doctor.messages.render import LANGUAGES, WORDS, Language
from handlers.doctor.request import Request
from handlers.doctor.rewriting import SEPARATOR
from tests.e2e.process import COMMAND, run
from tests.explaining import explained, mask_of
from tests.mistakes import CALL_PATH, NOW, SECRET, World, symmetric
from tests.mistakes_without_token import body_signed, string_to_sign
from tests.serialisers import serialised

BODY = (
    '{"customerNo":"0812 3456","virtualAccountName":" Söhne & Co ","paidAmount":{"value":"10000.00","currency":"IDR"},'
    '"additionalInfo":{},"items":[],"url":"https://a.example/b","rate":10.50,"total":10000.00,"note":"","none":null}'
).encode()
PRETTY = json.dumps(json.loads(BODY), indent=4, ensure_ascii=False).encode()
WITHOUT_NUMBERS = BODY.replace(b'"rate":10.50,"total":10000.00,', b"")
WITHOUT_EMPTY = WITHOUT_NUMBERS.replace(b'"items":[],', b"")

PHP = "php: json_encode(json_decode($b, true)"
LARAVEL = (
    "php: (function ($v) { array_walk_recursive($v, function (&$x) { if (is_string($x)) { $x = trim($x);"
    " $x = $x === '' ? null : $x; } }); return json_encode($v, JSON_UNESCAPED_SLASHES); })(json_decode($b, true))"
)
SORTED_BY_PHP = "php: (function ($v) { ksort($v); return json_encode($v); })(json_decode($b, true))"
SORTABLE = b'{"b":1,"a":{"b":4,"d":5},"c":"d"}'


@dataclass(frozen=True)
class Row:
    """Which program wrote the body that was signed, and which one the body that was sent."""

    rewriting: str
    signed: str = ""
    sent: str = ""
    body: bytes = BODY


ROWS = [
    # PHP
    Row("serialiser.php", f"{PHP})"),
    Row("serialiser.php", f"{PHP}, JSON_UNESCAPED_SLASHES)"),
    Row("serialiser.php", f"{PHP}, JSON_UNESCAPED_UNICODE)"),
    Row("serialiser.php", f"{PHP}, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES)"),
    Row("serialiser.php", f"{PHP}, JSON_PRESERVE_ZERO_FRACTION)"),
    Row("serialiser.php", f"{PHP}, JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT)"),
    Row("serialiser.php", "php: json_encode(json_decode($b))"),
    Row("serialiser.php + layout.indented", f"{PHP}, JSON_PRETTY_PRINT)"),
    Row("numbers.from_strings + serialiser.php", f"{PHP}, JSON_NUMERIC_CHECK)"),
    Row("values.empty_arrays_as_objects + serialiser.php", f"{PHP}, JSON_FORCE_OBJECT)"),
    Row("values.arrays_as_objects", "php: json_encode(json_decode($b), JSON_FORCE_OBJECT)", body=b'{"a":["b",{}]}'),
    Row("escapes.slashes", "php: json_encode(json_decode($b))", body=b'{"a":"b/c","d":{}}'),
    Row("escapes.non_ascii", "php: json_encode(json_decode($b))", body='{"a":"é","d":{}}'.encode()),
    Row("values.empty_objects_as_arrays", f"{PHP})", body=b'{"a":{},"b":{"c":{}}}'),
    Row("values.strings_trimmed_and_empty_as_null + serialiser.php", LARAVEL),
    Row("values.empty_strings_as_null", LARAVEL, body=b'{"a":"","b":{"c":""}}'),
    Row("values.strings_trimmed", LARAVEL, body=b'{"a":" b ","b":{"c":"d "}}'),
    Row("members.empty_removed + serialiser.php", "php: json_encode(array_filter(json_decode($b, true)))"),
    Row("members.sorted", SORTED_BY_PHP, body=SORTABLE),
    Row("whitespace.removed", r"php: preg_replace('/\s+/', '', $b)"),
    Row("whitespace.removed", r"php: preg_replace('/\s+/', '', $b)", body=PRETTY),
    Row("whitespace.blanks_removed", "php: str_replace(' ', '', $b)", body=PRETTY),
    Row("whitespace.line_ends_removed", r"""php: str_replace(["\r", "\n"], '', $b)""", body=PRETTY),
    Row("whitespace.collapsed", r"php: preg_replace('/\s+/', ' ', $b)", body=PRETTY),
    Row("encoding.json_string", "php: json_encode($b)"),
    Row("serialiser.php + encoding.json_string", "php: json_encode(json_encode(json_decode($b)))"),
    Row("numbers.without_zeros + encoding.form", "php: http_build_query(json_decode($b, true))"),
    Row("encoding.form", "php: http_build_query(json_decode($b, true))", body=WITHOUT_NUMBERS),
    Row("encoding.backslashes_removed", "php: stripslashes($b)", body=b'{"a":"{\\"b\\":1}"}'),
    Row("encoding.json_string", "php: addslashes($b)"),
    Row("encoding.backslashes_added", "php: addslashes($b)", body=b'{"name":"Ma\'ruf"}'),
    Row("encoding.tags_removed", "php: strip_tags($b)", body=b'{"name":"Toko <Baru> Maju"}'),
    Row("values.in_a_member", "php: '{\"data\":' . $b . '}'"),
    Row("encoding.html_entities", "php: htmlspecialchars($b)"),
    Row("encoding.percent", "php: urlencode($b)"),
    Row("encoding.base64", "php: base64_encode($b)"),
    Row("encoding.lower_case", "php: strtolower($b)", body=b'{"customerNo":"A"}'),
    Row("encoding.utf_8_twice", "php: utf8_encode($b)"),
    Row("encoding.latin_1", "php: utf8_decode($b)"),
    Row("encoding.non_ascii_lost", r"php: preg_replace('/[^\x20-\x7e]/', '', $b)"),
    Row("whitespace.line_end_added", "php: $b . PHP_EOL"),
    Row("replaced.type_name", "php: 'Array'"),
    Row(
        "values.amounts_reformatted",
        "php: preg_replace_callback('/10000.00/', fn() => number_format(10000, 2), $b)",
        body=WITHOUT_NUMBERS,
    ),
    Row("values.strings_trimmed", "php: str_replace('\"  8', '\"8', $b)", body=b'{"a":"  8","b":" c "}'),
    Row("replaced.inner_object", "php: json_encode(json_decode($b)->a)", body=b'{"a":{"b":1},"c":2}'),
    # Node
    Row("values.in_an_array", "node: JSON.stringify([JSON.parse(b)])", body=WITHOUT_NUMBERS),
    Row(
        "values.dates_reformatted",
        "node: JSON.stringify(JSON.parse(b, (_, v) => /T/.test(v) ? new Date(v) : v))",
        body=b'{"at":"2026-01-22T12:00:01+07:00"}',
    ),
    Row("numbers.without_zeros", "node: JSON.stringify(JSON.parse(b))"),
    Row("numbers.without_zeros + layout.indented", "node: JSON.stringify(JSON.parse(b), null, 2)"),
    Row("layout.indented", "node: JSON.stringify(JSON.parse(b), null, 4)", body=WITHOUT_NUMBERS),
    Row("encoding.json_string", "node: JSON.stringify(b)"),
    Row("numbers.without_zeros + encoding.json_string", "node: JSON.stringify(JSON.stringify(JSON.parse(b)))"),
    Row("whitespace.removed", r"node: b.replace(/\s/g, '')"),
    Row(
        "members.inner_names_lost",
        "node: JSON.stringify(JSON.parse(b), Object.keys(JSON.parse(b)).sort())",
        body=SORTABLE,
    ),
    Row("encoding.percent", "node: encodeURIComponent(b)"),
    Row("replaced.type_name", "node: String(JSON.parse(b))"),
    Row("encoding.form", "node: new URLSearchParams(JSON.parse(b)).toString()"),
    # Go
    Row("serialiser.go", "go: map"),
    Row("members.one_removed + serialiser.go", "go: struct"),
    Row("layout.indented", "go: indent"),
    Row("serialiser.go + whitespace.line_end_added", "go: encoder"),
    Row("encoding.json_string", "go: string"),
    Row("escapes.go", "go: html"),
    # Python
    Row("serialiser.python + layout.spaced", "python: json.dumps(json.loads(b))"),
    Row("numbers.with_one_zero + layout.spaced", "python: json.dumps(json.loads(b), ensure_ascii=False)"),
    Row("members.sorted", "python: json.dumps(json.loads(b), sort_keys=True, separators=(',', ':'))", body=SORTABLE),
    Row("replaced.python_text", "python: str(json.loads(b))"),
    # The body that arrives was rewritten too.
    Row("escapes.plain", sent="go: html"),
    Row("numbers.two_decimals", sent="node: JSON.stringify(JSON.parse(b))"),
    Row("values.empty_arrays_as_objects + escapes.plain", sent=f"{PHP})", body=WITHOUT_EMPTY),
    Row("values.some_empty_arrays_as_objects + escapes.plain", sent=f"{PHP})", body=WITHOUT_NUMBERS),
    Row("escapes.slashes_plain", sent=f"{PHP}, JSON_UNESCAPED_UNICODE)", body=b'{"a":"b/c"}'),
    Row("escapes.non_ascii_plain", sent=f"{PHP}, JSON_UNESCAPED_SLASHES)", body='{"a":"é"}'.encode()),
    Row("encoding.json_string_decoded", sent="node: JSON.stringify(b)"),
    Row("serialiser.php", f"{PHP})", "node: JSON.stringify(JSON.parse(b))"),
    Row("values.some_empty_arrays_as_objects + serialiser.go", "go: map", f"{PHP})"),
]
IDS = [f"{row.signed or 'as it is'} -> {row.sent or 'as it is'}: {row.rewriting}" for row in ROWS]


def _raw(request: Request) -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers)]
    return "\r\n".join([*lines, f"Content-Length: {len(request.body)}", "", ""]).encode() + request.body


def _verdict(rewriting: str) -> str:
    of_layout = rewriting.startswith(("layout", "whitespace.line_end_added")) and SEPARATOR not in rewriting
    return "call.body_minified" if of_layout else "call.body_changed"


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_the_rewriting_is_named(row: Row, world: World, config: Path) -> None:
    """A call whose signed body a serialiser rewrote gets one verdict, with the rewriting as evidence, in each form."""
    sent, signed = (serialised(way, row.body) for way in (row.sent, row.signed))
    request = symmetric(world, sent, signed_body=signed)
    settings = Settings.load(config)
    explanation = explained(_raw(request), settings, NOW)
    masked = mask_of(explanation, settings)
    found = json.loads(as_json(explanation, "en", masked))
    assert (found["verdict"], found["also"]) == (_verdict(row.rewriting), [])
    assert found["evidence"][found["verdict"]]["rewriting"] == row.rewriting
    for language in LANGUAGES:
        text = as_text(explanation, language, masked)
        assert all(WORDS[language][each] in text for each in row.rewriting.split(SEPARATOR))
        assert not [secret for secret in _secrets(request) if secret in text]
    without_token = diagnose(body_signed(world, world.sign(string_to_sign(signed)), sent), world.context).main
    assert (without_token.verdict, without_token.evidence.get("rewriting")) == (found["verdict"], row.rewriting)


def _secrets(request: Request) -> list[str]:
    token = request.get("Authorization").removeprefix("Bearer ")
    return [SECRET.decode(), token, request.get("X-SIGNATURE"), sha256(SECRET).hexdigest()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_process_names_the_rewriting(language: Language, world: World, config: Path, tmp_path: Path) -> None:
    """`snap-token explain` as a process prints the verdict and the rewriting in words."""
    request = symmetric(world, BODY, f"{CALL_PATH}?a=1", signed_body=serialised(f"{PHP})", BODY))
    (tmp_path / "request").write_bytes(_raw(request))
    ended = run(COMMAND, "explain", "--config", config, "--at", NOW, "--lang", language, tmp_path / "request")
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "call.body_changed" in ended.stdout
    assert WORDS[language]["serialiser.php"] in ended.stdout
