"""The files of both collections, made from the OpenAPI documents."""

from collections.abc import Mapping

from handlers.cli.pack.collections import bruno, postman
from handlers.cli.pack.collections.answers import Answers
from handlers.cli.pack.collections.calls import call_folders
from handlers.cli.pack.collections.token_requests import token_folders


def collections(document: Mapping[str, object], internal: Mapping[str, object], base_url: str) -> dict[str, str]:
    """The files of both collections by name.

    `document` and `internal` are the OpenAPI documents as data. `base_url` is the merchant's base URL.
    """
    folders = (*token_folders(Answers(document)), *call_folders(Answers(internal)))
    return {**postman.files(folders, base_url), **bruno.files(folders, base_url)}
