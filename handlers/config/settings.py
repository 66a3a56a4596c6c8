"""The settings: one TOML file. Environment variables (`SNAP_TOKEN__SECTION__NAME`) override its values.

All mistakes are reported together.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, PrivateAttr, ValidationError, ValidationInfo
from pydantic import field_validator as field_rule
from pydantic_core import InitErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from handlers.config.audit_table import Audit
from handlers.config.environment import ENVIRONMENT_PREFIX, variable_mistake, variable_mistakes
from handlers.config.errors import SettingsError, error_lines, rule_error
from handlers.config.key_files import relative_to
from handlers.config.limits_table import Limits
from handlers.config.log_table import Log
from handlers.config.names import KnownNames, NameCheck
from handlers.config.published_keys import PUBLISHED, published_keys
from handlers.config.state_table import State
from handlers.config.table import VariableText
from handlers.config.tables import ClientTable, Debug, Internal, Sandbox, Server, ServiceTable, Token
from handlers.config.toml_text import read_toml
from handlers.snap.keys import fingerprint

__all__ = ["Settings", "SettingsError"]

# Defaults are validated like values in the file, so an empty dictionary becomes a table.
_NO_ENTRIES: Any = {}
_PAGES = "/ui"


class Settings(BaseSettings):
    """All settings. Reading them also reads and checks the key files that they name."""

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
    limits: Limits = _NO_ENTRIES
    internal: Internal | None = None
    audit: Audit | None = None
    sandbox: Sandbox = _NO_ENTRIES
    debug: Debug = _NO_ENTRIES
    log: Log = _NO_ENTRIES
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
        """The content of the TOML file, without environment variables and without defaults."""
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
        """Environment variables come first, then the file. There is no other source."""
        variables = EnvSettingsSource(settings_cls)
        # `load` reports the other variables by name, so they must not cause a second mistake here.
        known = KnownNames.of(settings_cls)
        variables.env_vars = {
            name: value if value is None else VariableText(value)
            for name, value in variables.env_vars.items()
            if name.upper().startswith(ENVIRONMENT_PREFIX) and not variable_mistake(name, known)
        }
        return variables, init_settings

    @field_rule("state")
    @classmethod
    def _require_shared_state(cls, state: State, info: ValidationInfo) -> State:
        server = info.data.get("server")
        if server and server.workers > 1 and state.url.is_single_process:
            rule = f"workers share no memory, and server.workers is {server.workers}; use another store, or one worker"
            raise ValidationError.from_exception_data(cls.__name__, [rule_error(("url",), rule)])
        return state

    @field_rule("internal")
    @classmethod
    def _require_different_listeners(cls, internal: Internal | None, info: ValidationInfo) -> Internal | None:
        server = info.data.get("server")
        if internal and server and (mistake := internal.collision_with(server)):
            raise ValidationError.from_exception_data(cls.__name__, [rule_error(*mistake)])
        return internal

    @field_rule("sandbox")
    @classmethod
    def _require_local_sandbox(cls, sandbox: Sandbox, info: ValidationInfo) -> Sandbox:
        server = info.data.get("server")
        if sandbox.enabled and server and (server.socket or not server.is_loopback):
            place = server.address[0]
            message = f"a sandbox is allowed on loopback only, not on {place}; set server.host to 127.0.0.1"
            raise ValueError(message)
        if sandbox.enabled and server and f"{server.base_path}/".startswith(f"{_PAGES}/"):
            message = (
                f"its pages are at {_PAGES}, so server.base_path must not begin with {_PAGES}; choose another path"
            )
            raise ValueError(message)
        return sandbox

    @field_rule("services")
    @classmethod
    def _require_unique_paths(cls, services: tuple[ServiceTable, ...]) -> tuple[ServiceTable, ...]:
        mistakes = _duplicates([each.path for each in services], "path", "another service has this path")
        if mistakes:
            raise ValidationError.from_exception_data(cls.__name__, mistakes)
        return services

    @field_rule("clients")
    @classmethod
    def _check_clients(cls, clients: tuple[ClientTable, ...], info: ValidationInfo) -> tuple[ClientTable, ...]:
        duplicates = _duplicates([each.id for each in clients], "id", "another client has this id")
        mistakes = [
            *_windows_too_wide(clients, info.data.get("token")),
            *duplicates,
            *(_of_calls(clients, info.data["services"]) if "services" in info.data else ()),
            *_keys_for_two_purposes(clients),
            *_published_keys(clients, info.data.get("sandbox")),
        ]
        if mistakes:
            raise ValidationError.from_exception_data(cls.__name__, mistakes)
        return clients

    @classmethod
    def load(cls, file: Path, beside: Path | None = None) -> Self:
        """Read a settings file. Paths in it are relative to its folder.

        If the file is a draft, `beside` is the settings file that it will replace: paths are relative to that file, and
        messages name that file.

        Raises:
            SettingsError: The file cannot be read, is not TOML, or has mistakes. The error has all of them.
        """
        names = NameCheck(KnownNames.of(cls))
        mistakes = variable_mistakes(names.known)
        try:
            content = read_toml(file, beside or file)
            _require_content(content, beside or file)
            names.check(content)
            mistakes += names.mistakes
            with relative_to((beside or file).absolute().parent):
                settings = cls(**names.content)
            settings._written, settings._file = content, beside or file
        except ValidationError as error:
            raise SettingsError(mistakes + error_lines(error, names.follows)) from error
        except (ValueError, TimeoutError) as error:
            raise SettingsError([*mistakes, str(error)]) from error
        if mistakes:
            raise SettingsError(mistakes)
        return settings


def _require_content(content: Mapping[str, Any], name: Path) -> None:
    if not content:
        message = f"{name} has no settings; make some to start from with: snap-token init DIR"
        raise ValueError(message)


def _windows_too_wide(clients: tuple[ClientTable, ...], token: Token | None) -> list[InitErrorDetails]:
    if token is None:
        return []
    rule = f"must be less than half of token.lifetime_seconds, which is {token.lifetime_seconds}"
    return [
        rule_error((place, "clock_tolerance_seconds"), rule)
        for place, client in enumerate(clients)
        if 2 * client.clock_tolerance_seconds >= token.lifetime_seconds
    ]


def _of_calls(clients: tuple[ClientTable, ...], services: tuple[ServiceTable, ...]) -> list[InitErrorDetails]:
    return [*_ambiguous_partners(clients, services), *_without_effect(clients, services)]


def _ambiguous_partners(clients: tuple[ClientTable, ...], services: tuple[ServiceTable, ...]) -> list[InitErrorDetails]:
    """A call that is signed with its body names its client by X-PARTNER-ID alone."""
    accepting = next((each.path for each in services if "body-signed" in each.forms), None)
    if accepting is None:
        return []
    rule = f'another client has this partner_id, but {accepting} accepts "body-signed", whose calls name no other id'
    return [
        rule_error((place, "partner_id"), rule)
        for place, client in enumerate(clients)
        if any(set(client.partner_ids) & set(other.partner_ids) for other in clients[:place])
    ]


def _without_effect(clients: tuple[ClientTable, ...], services: tuple[ServiceTable, ...]) -> list[InitErrorDetails]:
    """Settings about the string to sign, of clients whose calls sign neither path nor body."""
    forms = {form for service in services for form in service.forms}
    rule = "has no effect, because no service accepts a form of call in which this client signs its path and its body"
    has_effect = {
        "asymmetric": "body-signed" in forms,
        "symmetric": not forms or not forms.isdisjoint({"token", "body-signed"}),
    }
    return [
        rule_error((place, key), rule)
        for place, client in enumerate(clients)
        for key in ("body_hash", "empty_token_slot", "path_prefix_not_signed")
        if not has_effect[client.call_signature] and getattr(client, key) != ClientTable.model_fields[key].default
    ]


def _keys_for_two_purposes(clients: tuple[ClientTable, ...]) -> list[InitErrorDetails]:
    """A notification key that also verifies other requests would let one signature pass for another.

    Clients may share a notification key, because the signature covers the client id.
    """
    for_calls = {fingerprint(key) for client in clients for key in client.public_keys}
    rule = "this key is also in public_keys; notifications need a key of their own"
    return [
        rule_error((place, "notification_keys", number), rule)
        for place, client in enumerate(clients)
        for number, key in enumerate(client.notification_keys)
        if fingerprint(key) in for_calls
    ]


def _published_keys(clients: tuple[ClientTable, ...], sandbox: Sandbox | None) -> list[InitErrorDetails]:
    """Only a sandbox accepts the published test key. `sandbox` is None if its table has a mistake."""
    if sandbox is None or sandbox.enabled:
        return []
    return [rule_error(place, PUBLISHED) for place in published_keys(clients)]


def _duplicates(values: list[str], key: str, rule: str) -> list[InitErrorDetails]:
    """A mistake for each value that occurs earlier in the list."""
    return [rule_error((place, key), rule) for place, each in enumerate(values) if each in values[:place]]
