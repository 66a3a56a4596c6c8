"""Some keys of the settings, for commands that must work while other keys have mistakes."""

from pathlib import Path
from typing import Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from handlers.cli.errors import UsageError
from handlers.config.environment import ENVIRONMENT_PREFIX
from handlers.config.errors import error_lines
from handlers.config.toml_text import read_toml


class PartialSettings(BaseSettings):
    """The tables and keys that a subclass declares. All other keys are ignored."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment overrides the file, as in `Settings`."""
        return env_settings, init_settings

    @classmethod
    def load(cls, config: Path) -> Self:
        """Read these keys from a settings file.

        Raises:
            UsageError: the file cannot be read, is not TOML, or has a mistake in one of these keys.
        """
        try:
            tables = read_toml(config, config)
            return cls(**{name: tables[name] for name in cls.model_fields if name in tables})
        except ValidationError as error:
            raise UsageError(*(f"{config}: {mistake}" for mistake in error_lines(error))) from error
        except (ValueError, RecursionError, TimeoutError) as error:
            message = str(error) if str(config) in str(error) else f"{config}: {error}"
            raise UsageError(message) from error
