"""The tables of the settings: their keys, limits and default values."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationInfo
from pydantic import field_validator as field_rule
from pydantic_core import PydanticKnownError

from handlers.config.addresses import hosts_overlap, is_loopback
from handlers.config.fields import CaptureFolder, ClientNetwork, Networks, Url
from handlers.config.key_files import (
    NO_SECRETS,
    BearerSecrets,
    ClientSecrets,
    KeyFile,
    PublicKey,
    TokenKeys,
    read_private_key,
)
from handlers.config.refusal_file import RefusalMembersFile
from handlers.config.text_fields import BasePath, Host, Location, Method, ServiceCode, ServicePath, Visible36
from handlers.snap.call_form import CallForm
from handlers.snap.service import DEFAULT_FORMS, DEFAULT_METHODS

MOST_KEYS_A_CLIENT = 4
MOST_NETWORKS_A_CLIENT = 64
# Defaults are validated like values in the file, so these become token keys, a state URL and a client ID.
_KEYS_FILE: Any = "token.keys"
_STATE_URL: Any = "sqlite:///state.db"
_SAME_AS_ID: Any = None


def _reject_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticKnownError("int_type")  # noqa: EM101  a type of mistakes, no message
    return value


Integer = Annotated[int, BeforeValidator(_reject_boolean)]
"""An integer. `true` and `false` are rejected, although Python counts them as integers."""


class Table(BaseModel):
    """The base of all tables: unknown keys are mistakes, and tables are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, validate_default=True)


class Listener(Table):
    """An address to listen on. Port 0 means any free port."""

    host: Host = "127.0.0.1"
    port: Integer = Field(ge=0, le=65535)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the listener."""
        return is_loopback(self.host)

    def collides_with(self, other: "Listener") -> bool:
        """Whether the two cannot listen at the same time."""
        return self.port == other.port != 0 and hosts_overlap(self.host, other.host)


class Server(Listener):
    """Where the server listens for NICEPAY.

    Both listeners trust the X-Forwarded-For and Forwarded headers of `trusted_proxies`.
    """

    port: Integer = Field(8080, ge=0, le=65535)
    base_path: BasePath = "/api/v1.0"
    trusted_proxies: Networks = ()


class Token(Table):
    """The keys and the lifetime of access tokens (SNAP: at most 15 minutes), and how replays are answered.

    `repeat`: a replay of a signed request gets a token with the same start and end (`same-span`), or is refused.
    """

    keys_file: TokenKeys = Field(_KEYS_FILE, repr=False)
    lifetime_seconds: Integer = Field(900, ge=1, le=900)
    repeat: Literal["same-span", "refuse"] = "same-span"

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys in the file. The first encrypts new tokens. Each decrypts tokens until it ends."""
        return self.keys_file.keys

    @property
    def fingerprints(self) -> list[str]:
        """The fingerprints of the keys, which are their public names, in the same order."""
        return [line.fingerprint for line in self.keys_file.lines]


class ClientTable(Table):
    """One client.

    `id` is its X-CLIENT-KEY, and `partner_id` its X-PARTNER-ID. `clock_tolerance_seconds` is the allowed clock skew.
    `call_signature` is the signature type of its calls with a token. `symmetric` needs a client secret.
    `notification_keys` verify its notifications, and `public_keys` verify everything else. The server refuses all
    requests of a suspended client, and all requests from outside its `allowed_networks`, if it has any.
    """

    id: Visible36
    partner_id: Visible36 = _SAME_AS_ID
    public_keys: tuple[PublicKey, ...] = Field(min_length=1, max_length=MOST_KEYS_A_CLIENT)
    notification_keys: tuple[PublicKey, ...] = Field((), max_length=MOST_KEYS_A_CLIENT)
    clock_tolerance_seconds: Integer = Field(300, ge=1)
    call_signature: Literal["asymmetric", "symmetric"] = "asymmetric"
    client_secret_file: ClientSecrets = Field(NO_SECRETS, repr=False)
    suspended: StrictBool = False
    allowed_networks: tuple[ClientNetwork, ...] = Field((), max_length=MOST_NETWORKS_A_CLIENT)

    @property
    def call_secrets(self) -> tuple[bytes, ...]:
        """The secrets that may sign the client's calls, the newest first. Empty if its private key signs them."""
        return self.client_secret_file if self.call_signature == "symmetric" else ()

    @field_rule("partner_id", mode="before")
    @classmethod
    def _default_to_id(cls, partner_id: object, info: ValidationInfo) -> object:
        # If the ID is invalid, pydantic reports that. Then any valid value is enough here.
        return info.data.get("id", "-") if partner_id is _SAME_AS_ID else partner_id

    @field_rule("client_secret_file")
    @classmethod
    def _require_secret(cls, secrets: tuple[bytes, ...], info: ValidationInfo) -> tuple[bytes, ...]:
        if not secrets and info.data.get("call_signature") == "symmetric":
            message = 'required because call_signature is "symmetric"; name the file that contains the client secret'
            raise ValueError(message)
        return secrets


class State(Table):
    """The state store that instances share, and how requests are handled while it is unavailable."""

    url: Url = Field(_STATE_URL, repr=False)
    when_down: Literal["refuse", "continue"] = "refuse"


class ServiceTable(Table):
    """A path of the merchant that acquirers call, and its service code in SNAP's response codes.

    `methods` are the HTTP methods that the service accepts. `forms` are the forms of call that it accepts.
    `refusal_members_file` has additional members for its refusals.
    """

    path: ServicePath
    service_code: ServiceCode
    methods: tuple[Method, ...] = Field(DEFAULT_METHODS, min_length=1)
    forms: tuple[CallForm, ...] = Field(DEFAULT_FORMS, min_length=1)
    refusal_members_file: RefusalMembersFile | None = None

    @field_rule("forms")
    @classmethod
    def _reject_duplicates(cls, forms: tuple[CallForm, ...]) -> tuple[CallForm, ...]:
        if len(set(forms)) < len(forms):
            message = "contains the same form twice"
            raise ValueError(message)
        return forms


class Internal(Listener):
    """The merchant's internal listener, which verifies calls. Without this table the server does not open it.

    `call_headers` is the pair of headers that carries the method and the URI of the call. `accel_redirect` is the nginx
    location that receives a genuine call: a named location, or the path of an internal location.
    """

    port: Integer = Field(9080, ge=0, le=65535)
    call_headers: Literal["x-original", "x-forwarded"] = "x-original"
    accel_redirect: Location | None = None
    secret_file: BearerSecrets = Field(NO_SECRETS, repr=False)
    body_limit_bytes: Integer = Field(262_144, ge=1_024, le=1_048_576)

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The bearer secrets, the newest first. Callers must send one of them. If empty, callers need no secret."""
        return self.secret_file

    @field_rule("secret_file")
    @classmethod
    def _require_secret(cls, secrets: tuple[bytes, ...], info: ValidationInfo) -> tuple[bytes, ...]:
        host = info.data.get("host", "localhost")
        if not secrets and not is_loopback(host):
            advice = "name the file that contains the secret, or set internal.host to 127.0.0.1"
            message = f"required because other machines can reach {host}; {advice}"
            raise ValueError(message)
        return secrets


class Sandbox(Table):
    """The sandbox pages, and the private key that signs like NICEPAY. Allowed on loopback only."""

    enabled: bool = False
    private_key_file: KeyFile = Path("nicepay-private.pem")

    @field_rule("private_key_file")
    @classmethod
    def _require_private_key(cls, file: Path, info: ValidationInfo) -> Path:
        if info.data.get("enabled"):
            read_private_key(file, private=True)
        return file


class Debug(Table):
    """Help for finding mistakes.

    `explain`: the log line of a refused request says what its sender did wrong. `capture_dir`: the folder in which the
    server stores refused requests, at most 200, for one day. Without it the server stores none.
    """

    explain: bool = True
    capture_dir: CaptureFolder | None = None
