"""A request with some parts replaced by valid ones."""

import re
from dataclasses import replace

from tests.fuzz.oracle import Request
from tests.fuzz.oracle_requests import VALID


def everything(_request: Request) -> Request:
    return VALID


def headers_and_body(request: Request) -> Request:
    return replace(VALID, method=request.method, target=request.target)


def media_type_and_body(request: Request) -> Request:
    return replace(request, types=VALID.types, encodings=VALID.encodings, codings=VALID.codings, body=VALID.body)


def media_type(request: Request) -> Request:
    return replace(request, types=VALID.types)


def transfer_coding(request: Request) -> Request:
    return replace(request, codings=VALID.codings)


def body(request: Request) -> Request:
    return replace(request, body=VALID.body)


def long_integers(request: Request) -> Request:
    return replace(request, body=re.sub(rb"[0-9]{4301,}", b"1", request.body))
