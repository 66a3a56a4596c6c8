"""The settings: one TOML file, each value overridable by `SNAP_TOKEN__SECTION__NAME`, every mistake told at once."""

import os
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic import field_validator as field_rule
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as EnvironmentError_

from handlers.server.key_files import PrivateFile, PublicKey, TokenKeyList, read_text, relative_to

ENVIRONMENT_PREFIX = "SNAP_TOKEN__"
MOST_KEYS_A_CLIENT = 4
# Defaults are validated like what is written in the file, and so become tables and keys.
_NO_ENTRIES: Any = {}
_KEYS_FILE: Any = "token.keys"

_LISTS_OF_TABLES = frozenset({"clients"})


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

    host: str = "127.0.0.1"
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

    keys: TokenKeyList = Field(default=_KEYS_FILE, alias="keys_file")
    lifetime_seconds: int = Field(900, ge=1, le=900)


class ClientTable(_Table):
    """One client: its X-CLIENT-KEY, its public keys, and by how many seconds its clock may be off."""

    id: str = Field(pattern=r"^[!-~]{1,36}$")
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
    private_key_file: PrivateFile = Path("nicepay-private.pem")


class Settings(BaseSettings):
    """Everything that can be set, read and checked: keys are loaded, not only named."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
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
        settings_cls: type[BaseSettings],  # noqa: ARG003  the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file, and nothing else."""
        return env_settings, init_settings

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
    def _clients_are_distinct(cls, clients: tuple[ClientTable, ...]) -> tuple[ClientTable, ...]:
        ids = [client.id for client in clients]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            message = f"the same id twice: {', '.join(twice)}"
            raise ValueError(message)
        return clients

    @field_rule("clients")
    @classmethod
    def _tokens_outlive_windows(cls, clients: tuple[ClientTable, ...], info: ValidationInfo) -> tuple[ClientTable, ...]:
        token = info.data.get("token")
        wide = [each.id for each in clients if token and 2 * each.clock_tolerance_seconds >= token.lifetime_seconds]
        if wide:
            message = f"twice clock_tolerance_seconds must stay under token.lifetime_seconds: {', '.join(wide)}"
            raise ValueError(message)
        return clients

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read a settings file.

        Raises:
            SettingsError: it cannot be read, is not TOML, or has mistakes: all of them.
        """
        mistakes = _strange_variables(cls)
        try:
            with relative_to(file.absolute().parent):
                settings = cls(**tomllib.loads(read_text(file)))
        except ValidationError as error:
            raise SettingsError(mistakes + _told(error)) from error
        except (ValueError, EnvironmentError_) as error:
            raise SettingsError([*mistakes, str(error)]) from error
        if mistakes:
            raise SettingsError(mistakes)
        return settings


def _strange_variables(settings: type[Settings]) -> list[str]:
    """Pydantic-settings passes over variables of no known table; a typing error must not."""
    tables = settings.model_fields.keys() - _LISTS_OF_TABLES
    names = [name for name in os.environ if name.upper().startswith(ENVIRONMENT_PREFIX)]
    return [
        f"{name}: names no table that a variable can set; those are {', '.join(sorted(tables))}"
        for name in sorted(names)
        if name.upper().removeprefix(ENVIRONMENT_PREFIX).split("__")[0].lower() not in tables
    ]


def _told(error: ValidationError) -> list[str]:
    return [f"{_key(mistake['loc'])}: {mistake['msg'].removeprefix('Value error, ')}" for mistake in error.errors()]


def _key(location: tuple[int | str, ...]) -> str:
    """`clients[0].public_keys[1]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
