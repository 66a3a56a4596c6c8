"""The parameters of an operation: headers, path, query and cookies."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Scope

from handlers.server.http.request_headers import RequestHeaders
from handlers.server.openapi.function_arguments import FunctionArguments
from handlers.server.openapi.parameter import COOKIE, HEADER, PATH, QUERY, Parameter
from handlers.server.openapi.unsupported import UnsupportedError, naming
from handlers.snap.codes import BAD_REQUEST, SnapError

_COOKIE = b"cookie"
_TEMPLATED = re.compile(r"\{([^}]*)\}")

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one operation. Each header parameter has its name in lower case, as in ASGI."""

    headers: tuple[tuple[bytes, Parameter], ...]
    path: tuple[Parameter, ...]
    query: tuple[Parameter, ...]
    cookies: tuple[Parameter, ...]

    @classmethod
    def of(cls, described: Iterable[Mapping[str, Any]]) -> "Parameters":
        """Compile `parameters`.

        An operation's parameter overrides the parameter of its path that has the same name and place (OpenAPI 3.0.3,
        Path Item Object). Connexion lists the operation's parameters first.

        Raises:
            UnsupportedError: A keyword is not supported, or two parameters have the same argument.
        """
        distinct: dict[tuple[str, str], Mapping[str, Any]] = {}
        for each in described:
            distinct.setdefault((each["name"], each["in"]), each)
        found = [Parameter.of(each) for each in distinct.values()]
        _require_distinct_arguments(found)
        by_place = {place: tuple(each for each in found if each.place == place) for place in (PATH, QUERY, COOKIE)}
        headers = tuple((each.name.lower().encode(), each) for each in found if each.place == HEADER)
        return cls(headers, by_place[PATH], by_place[QUERY], by_place[COOKIE])

    def require_path(self, path: str) -> None:
        """Require a path parameter for each name in the path template, and no others.

        Raises:
            UnsupportedError: The names differ.
        """
        for name in sorted(set(_TEMPLATED.findall(path)) ^ {each.name for each in self.path}):
            raise UnsupportedError(keyword="parameters", why=f"{path} and the path parameters do not both have {name}")

    def require_taken(self, function: FunctionArguments) -> None:
        """Raise UnsupportedError if the function does not take every parameter."""
        for each in self._all:
            with naming(f"{each.place} parameter {each.name}"):
                function.require_taken(each.argument)

    @property
    def names(self) -> frozenset[str]:
        """The names of the function's arguments."""
        return frozenset(each.argument for each in self._all)

    @property
    def _all(self) -> list[Parameter]:
        return [*(each for _, each in self.headers), *self.path, *self.query, *self.cookies]

    @property
    def single_valued(self) -> frozenset[bytes]:
        """The headers that may come only once."""
        return frozenset({key for key, _ in self.headers} | ({_COOKIE} if self.cookies else set()))

    def arguments(self, scope: Scope, headers: RequestHeaders) -> dict[str, object]:
        """The values, by argument.

        Raises:
            SnapError: 400 00 if the query is malformed, or a parameter comes twice. 400 01 if a value does not fit its
                schema. 400 02 if a mandatory value is absent.
        """
        arguments = {each.argument: each.check(headers.get(key)) for key, each in self.headers}
        if self.path:
            texts = scope["path_params"]  # Connexion replaces - in a name with _.
            arguments |= {each.argument: each.check(texts[each.name.replace("-", "_")]) for each in self.path}
        if self.query:
            arguments |= _checked(self.query, _single(self.query, _query(scope["query_string"])))
        if self.cookies:
            arguments |= _checked(self.cookies, _single(self.cookies, _cookies(headers.get(_COOKIE))))
        return arguments


def _checked(parameters: Sequence[Parameter], texts: Mapping[str, str]) -> dict[str, object]:
    return {each.argument: each.check(texts.get(each.name, "")) for each in parameters}


def _single(parameters: Sequence[Parameter], pairs: Pairs) -> Mapping[str, str]:
    """Return the texts of these parameters. Others are ignored.

    Raises:
        SnapError: 400 00 if one of them comes twice.
    """
    texts: dict[str, str] = {}
    known = {each.name for each in parameters}
    for name, text in pairs:
        if name in texts:
            raise SnapError(BAD_REQUEST, reason="parameter.duplicated", parameter=name)
        if name in known:
            texts[name] = text
    return texts


def _query(raw: bytes) -> Pairs:
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise SnapError(BAD_REQUEST, reason="query.malformed") from error


def _cookies(header: str) -> Pairs:
    """Return name and value of each cookie. The value is not decoded (RFC 6265, section 4.2.1)."""
    return [(name, text) for name, _, text in (pair.strip().partition("=") for pair in header.split(";"))]


def _require_distinct_arguments(parameters: Sequence[Parameter]) -> None:
    arguments: dict[str, Parameter] = {}
    for each in parameters:
        other = arguments.setdefault(each.argument, each)
        if other is not each:
            why = f"the {other.place} parameter {other.name} and the {each.place} parameter {each.name} share a name"
            raise UnsupportedError(keyword="parameters", why=why)
