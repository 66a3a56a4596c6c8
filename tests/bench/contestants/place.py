"""Where a contestant finds its keys and its port. It uses only the standard library, for environments of others."""

import os
from pathlib import Path

CLIENT_KEY = "IONPAYTEST"
CLIENT_PEM = f"{CLIENT_KEY}.pem"
OWN_PEM = "own.pem"
TOKEN_KEYS = "token.keys"
PATH = "/api/v1.0/access-token/b2b"
FOLDER = "BENCH_FOLDER"
PORT = "BENCH_PORT"


def folder() -> Path:
    return Path(os.environ[FOLDER])


def port() -> int:
    return int(os.environ[PORT])


def text(name: str) -> str:
    return (folder() / name).read_text().strip()
