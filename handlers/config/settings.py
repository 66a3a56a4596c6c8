"""The settings: one TOML file, each value overridable by `SNAP_TOKEN__SECTION__NAME`, every mistake told at once."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, PrivateAttr, ValidationError, ValidationInfo
from pydantic import field_validator as field_rule
from pydantic_core import InitErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from handlers.config.environment import ENVIRONMENT_PREFIX, strange_variables, strangeness
from handlers.config.errors import NO_SUCH_KEY, SettingsError, error_lines, mistake
from handlers.config.key_files import read_text, relative_to
from handlers.config.tables import ClientTable, Debug, Internal, Sandbox, Server, ServiceTable, State, Token

__all__ = ["Settings", "SettingsError"]

# A default is validated like what is written in the file, and so becomes a table.
_NO_ENTRIES: Any = {}
_LISTS_OF_TABLES = frozenset({"clients", "services"})
_PAGES = "/ui"


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
    state: State = _NO_ENTRIES
    internal: Internal | None = None
    sandbox: Sandbox = _NO_ENTRIES
    debug: Debug = _NO_ENTRIES
    services: tuple[ServiceTable, ...] = ()
    clients: tuple[ClientTable, ...] = Field(min_length=1)
    _written: Mapping[str, Any] = PrivateAttr(default_factory=dict)
    _file: Path = PrivateAttr(Path())

    @property
    def file(self) -> Path:
        """The settings file."""
        return self._file

    @property
    def written(self) -> Mapping[str, Any]:
        """The content of the file as TOML has it, without the variables of the environment and without defaults."""
        return self._written

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
        good = {name: value for name, value in variables.env_vars.items() if not strangeness(name, cls._tables())}
        variables.env_vars = good
        return variables, init_settings

    @classmethod
    def _tables(cls) -> frozenset[str]:
        """The tables that a variable can set."""
        return frozenset(cls.model_fields) - _LISTS_OF_TABLES

    @field_rule("internal")
    @classmethod
    def _listeners_differ(cls, internal: Internal | None, info: ValidationInfo) -> Internal | None:
        server = info.data.get("server")
        if internal and server and internal.collides_with(server):
            rule = f"the server listens on port {server.port} already; take another"
            raise ValidationError.from_exception_data(cls.__name__, [mistake(("port",), rule)])
        return internal

    @field_rule("sandbox")
    @classmethod
    def _sandbox_is_local(cls, sandbox: Sandbox, info: ValidationInfo) -> Sandbox:
        server = info.data.get("server")
        if sandbox.enabled and server and not server.is_loopback:
            message = f"a sandbox listens on loopback only, not on {server.host}; set server.host to 127.0.0.1"
            raise ValueError(message)
        if sandbox.enabled and server and f"{server.base_path}/".startswith(f"{_PAGES}/"):
            message = f"its pages are at {_PAGES}, where server.base_path has the server; set another"
            raise ValueError(message)
        return sandbox

    @field_rule("services")
    @classmethod
    def _paths_differ(cls, services: tuple[ServiceTable, ...]) -> tuple[ServiceTable, ...]:
        mistakes = _second([each.path for each in services], "path", "another service has this path")
        if mistakes:
            raise ValidationError.from_exception_data(cls.__name__, mistakes)
        return services

    @field_rule("clients")
    @classmethod
    def _clients_agree(cls, clients: tuple[ClientTable, ...], info: ValidationInfo) -> tuple[ClientTable, ...]:
        seconds = _second([each.id for each in clients], "id", "another client has this id")
        mistakes = [*_windows_too_wide(clients, info.data.get("token")), *seconds]
        if mistakes:
            raise ValidationError.from_exception_data(cls.__name__, mistakes)
        return clients

    @classmethod
    def load(cls, file: Path, beside: Path | None = None) -> Self:
        """Read a settings file; paths in it are relative to it, or to the file that it is a draft of.

        Raises:
            SettingsError: it cannot be read, is not TOML, or has mistakes: all of them.
        """
        mistakes = strange_variables(cls._tables())
        try:
            content = _tables_in(file, beside or file)
            mistakes += [f"{key}: {NO_SUCH_KEY}" for key in content if key.startswith("_")]
            with relative_to((beside or file).absolute().parent):
                # A name with an underscore before it would be an argument of pydantic-settings.
                settings = cls(**{key: value for key, value in content.items() if not key.startswith("_")})
            settings._written, settings._file = content, beside or file
        except ValidationError as error:
            raise SettingsError(mistakes + error_lines(error)) from error
        except (ValueError, TimeoutError) as error:
            raise SettingsError([*mistakes, str(error)]) from error
        if mistakes:
            raise SettingsError(mistakes)
        return settings


def _tables_in(file: Path, name: Path) -> dict[str, Any]:
    text = read_text(file)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{name} is not TOML: {error}"
        raise ValueError(message) from error
    except (ValueError, RecursionError) as error:
        message = f"{name} cannot be read: a number in it is too long, or its tables or lists are too deep"
        raise ValueError(message) from error


def _windows_too_wide(clients: tuple[ClientTable, ...], token: Token | None) -> list[InitErrorDetails]:
    if token is None:
        return []
    rule = f"twice this must stay under token.lifetime_seconds, which is {token.lifetime_seconds}"
    return [
        mistake((place, "clock_tolerance_seconds"), rule)
        for place, client in enumerate(clients)
        if 2 * client.clock_tolerance_seconds >= token.lifetime_seconds
    ]


def _second(values: list[str], key: str, rule: str) -> list[InitErrorDetails]:
    """A mistake for each value that was there before."""
    return [mistake((place, key), rule) for place, each in enumerate(values) if each in values[:place]]
