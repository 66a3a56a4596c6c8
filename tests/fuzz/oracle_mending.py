"""A request with parts of it put right; what is left wrong is what we look at before them."""

import re
from dataclasses import replace

from tests.fuzz.oracle import Request
from tests.fuzz.oracle_requests import RIGHT


def everything(_sent: Request) -> Request:
    return RIGHT


def headers_and_body(sent: Request) -> Request:
    return replace(RIGHT, method=sent.method, target=sent.target)


def media_type_and_body(sent: Request) -> Request:
    return replace(sent, types=RIGHT.types, encodings=RIGHT.encodings, codings=RIGHT.codings, body=RIGHT.body)


def media_type(sent: Request) -> Request:
    return replace(sent, types=RIGHT.types)


def coding(sent: Request) -> Request:
    return replace(sent, codings=RIGHT.codings)


def body(sent: Request) -> Request:
    return replace(sent, body=RIGHT.body)


def long_integers(sent: Request) -> Request:
    return replace(sent, body=re.sub(rb"[0-9]{4301,}", b"1", sent.body))
