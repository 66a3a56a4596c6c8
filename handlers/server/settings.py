"""The settings: one TOML file, each value overridable by `SNAP_TOKEN__SECTION__NAME`, every mistake told at once."""

import os
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic import field_validator as field_rule
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from handlers.server.key_files import (
    KeyFile,
    PublicKey,
    TokenKeyList,
    read_private_key,
    read_text,
    relative_to,
    require_private,
)
from handlers.snap.client import CLIENT_KEY

ENVIRONMENT_PREFIX = "SNAP_TOKEN__"
MOST_KEYS_A_CLIENT = 4
# Defaults are validated like what is written in the file, and so become tables and keys.
_NO_ENTRIES: Any = {}
_KEYS_FILE: Any = "token.keys"

_LISTS_OF_TABLES = frozenset({"clients"})
_WORDS = {
    "model_type": "a table is wanted",
    "tuple_type": "a list is wanted",
    "too_short": "at least {min_length} wanted",
    "too_long": "at most {max_length} wanted, not {actual_length}",
}


class SettingsError(Exception):
    """The mistakes in the settings, one line each, as `path.of.key: what is wrong`."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


def _base_path(value: str) -> str:
    return value.rstrip("/")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, validate_default=True)


class Server(_Table):
    """Where the server listens. Port 0 takes a free one."""

    host: str = Field("127.0.0.1", pattern=r"^[!-~]+$")
    port: int = Field(8080, ge=0, le=65535)
    base_path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*/?$"), AfterValidator(_base_path)] = "/api/v1.0"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class Token(_Table):
    """The keys of the access tokens and the time that a token lives; SNAP: at most 15 minutes."""

    keys_file: TokenKeyList = _KEYS_FILE
    lifetime_seconds: int = Field(900, ge=1, le=900)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """What the file holds."""
        return self.keys_file


class ClientTable(_Table):
    """One client: its X-CLIENT-KEY, its public keys, and by how many seconds its clock may be off."""

    id: str = Field(pattern=f"^{CLIENT_KEY.pattern}$")
    public_keys: tuple[PublicKey, ...] = Field(min_length=1, max_length=MOST_KEYS_A_CLIENT)
    clock_tolerance_seconds: int = Field(300, ge=1)


class State(_Table):
    """What instances share. This version shares nothing and says so when the table is there."""

    url: str


class Internal(_Table):
    """The merchant's own listener. This version has none and says so when the table is there."""

    host: str = "127.0.0.1"
    port: int = Field(9080, ge=0, le=65535)


class Sandbox(_Table):
    """The pages of the sandbox and the key that plays NICEPAY; on loopback only."""

    enabled: bool = False
    private_key_file: KeyFile = Path("nicepay-private.pem")

    @field_rule("private_key_file")
    @classmethod
    def _signs(cls, file: Path, info: ValidationInfo) -> Path:
        if info.data.get("enabled"):
            require_private(file)
            read_private_key(file)
        return file


class Settings(BaseSettings):
    """Everything that can be set, read and checked: keys are loaded, not only named."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    server: Server = _NO_ENTRIES
    token: Token = _NO_ENTRIES
    state: State | None = None
    internal: Internal | None = None
    sandbox: Sandbox = _NO_ENTRIES
    clients: tuple[ClientTable, ...] = Field(min_length=1)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the signature is pydantic-settings'
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file, and nothing else."""
        variables = EnvSettingsSource(settings_cls)
        # The others are told by name; here they would only cause mistakes of their own.
        variables.env_vars = {name: value for name, value in variables.env_vars.items() if not _strangeness(name)}
        return variables, init_settings

    @field_rule("sandbox")
    @classmethod
    def _sandbox_is_local(cls, sandbox: Sandbox, info: ValidationInfo) -> Sandbox:
        server = info.data.get("server")
        if sandbox.enabled and server and not server.is_loopback:
            message = f"a sandbox listens on loopback only, not on {server.host}; set server.host to 127.0.0.1"
            raise ValueError(message)
        return sandbox

    @field_rule("clients")
    @classmethod
    def _clients_agree(cls, clients: tuple[ClientTable, ...], info: ValidationInfo) -> tuple[ClientTable, ...]:
        mistakes = [*_windows_too_wide(clients, info.data.get("token")), *_second_clients(clients)]
        if mistakes:
            raise ValidationError.from_exception_data(cls.__name__, mistakes)
        return clients

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read a settings file.

        Raises:
            SettingsError: it cannot be read, is not TOML, or has mistakes: all of them.
        """
        mistakes = _strange_variables()
        try:
            content = tomllib.loads(read_text(file))
            mistakes += [f"{key}: Extra inputs are not permitted" for key in content if key.startswith("_")]
            with relative_to(file.absolute().parent):
                # A name with an underscore before it would be an argument of pydantic-settings.
                settings = cls(**{key: value for key, value in content.items() if not key.startswith("_")})
        except ValidationError as error:
            raise SettingsError(mistakes + _told(error)) from error
        except (ValueError, RecursionError) as error:
            raise SettingsError([*mistakes, str(error)]) from error
        if mistakes:
            raise SettingsError(mistakes)
        return settings


def _windows_too_wide(clients: tuple[ClientTable, ...], token: Token | None) -> list[InitErrorDetails]:
    if token is None:
        return []
    rule = f"twice this must stay under token.lifetime_seconds, which is {token.lifetime_seconds}"
    return [
        _mistake((place, "clock_tolerance_seconds"), rule)
        for place, client in enumerate(clients)
        if 2 * client.clock_tolerance_seconds >= token.lifetime_seconds
    ]


def _second_clients(clients: tuple[ClientTable, ...]) -> list[InitErrorDetails]:
    ids = [client.id for client in clients]
    return [
        _mistake((place, "id"), "another client has this id") for place, each in enumerate(ids) if each in ids[:place]
    ]


def _mistake(location: tuple[int | str, ...], message: str) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError("rule", message), loc=location, input=None)


def _strangeness(name: str) -> str | None:
    """Why a variable sets nothing; None if it does set something."""
    table, _, key = name.upper().removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
    tables = Settings.model_fields.keys() - _LISTS_OF_TABLES
    if table not in tables:
        return f"names no table that a variable can set; those are {', '.join(sorted(tables))}"
    return None if key else "names no key of its table"


def _strange_variables() -> list[str]:
    """Pydantic-settings passes over variables of no known table; a typing error must not."""
    names = sorted(name for name in os.environ if name.upper().startswith(ENVIRONMENT_PREFIX))
    return [f"{name}: {strangeness}" for name in names if (strangeness := _strangeness(name))]


def _told(error: ValidationError) -> list[str]:
    """One line a mistake: a list or table that lacks a part because that part is bad is not told beside it."""
    mistakes = error.errors(include_url=False, include_input=False)
    wholes = {mistake["loc"][:depth] for mistake in mistakes for depth in range(len(mistake["loc"]))}
    return [f"{_key(each['loc'])}: {_in_words(each)}" for each in mistakes if each["loc"] not in wholes]


def _in_words(mistake: ErrorDetails) -> str:
    """In TOML's words, where pydantic would speak of classes and tuples."""
    words = _WORDS.get(mistake["type"])
    return words.format(**mistake.get("ctx", {})) if words else mistake["msg"].removeprefix("Value error, ")


def _key(location: tuple[int | str, ...]) -> str:
    """`clients[0].public_keys[1]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
