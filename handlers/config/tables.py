"""The tables of the settings: what can be set, within which limits, and what stands for what is not set."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationInfo,
)
from pydantic import field_validator as field_rule

from handlers.config.addresses import is_loopback, overlap
from handlers.config.fields import CaptureFolder, Networks, Url
from handlers.config.key_files import (
    NO_SECRETS,
    BearerSecrets,
    ClientSecrets,
    KeyFile,
    PublicKey,
    TokenKeys,
    read_private_key,
)
from handlers.snap.client import CLIENT_KEY
from handlers.snap.service import DEFAULT_METHODS

MOST_KEYS_A_CLIENT = 4
# Defaults are validated like what is written in the file, and so become keys, a place of the state, and other files.
_KEYS_FILE: Any = "token.keys"
_STATE_URL: Any = "sqlite:///state.db"
_ITS_ID: Any = None


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        message = "Input should be a valid integer"
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueErrors only
    return value


def _no_dots(value: str) -> str:
    if {".", ".."} & set(value.split("/")):
        message = "a path without . and .. is wanted"
        raise ValueError(message)
    return value


def _base_path(value: str) -> str:
    return _no_dots(value.rstrip("/"))


Whole = Annotated[int, BeforeValidator(_no_truth)]
"""A whole number; `true` is none, whatever Python thinks of it."""


Method = Annotated[str, Field(pattern=r"^[A-Z]{1,16}$")]


class Table(BaseModel):
    """What every table keeps: unknown keys are mistakes, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, validate_default=True)


class Listener(Table):
    """An address to listen on. Port 0 takes a free one."""

    host: str = Field("127.0.0.1", pattern=r"^[!-~]+$")
    port: Whole = Field(ge=0, le=65535)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    def collides_with(self, other: "Listener") -> bool:
        """Whether the two cannot listen at once."""
        return self.port == other.port != 0 and overlap(self.host, other.host)


class Server(Listener):
    """Where the server listens for NICEPAY.

    `trusted_proxies` are the proxies whose X-Forwarded-For is believed, at both listeners.
    """

    port: Whole = Field(8080, ge=0, le=65535)
    base_path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*/?$"), AfterValidator(_base_path)] = "/api/v1.0"
    trusted_proxies: Networks = ()


class Token(Table):
    """The keys of the access tokens, the time that a token lives (SNAP: at most 15 minutes), and what a repeat gets.

    `repeat`: the same signed request once more gets a token of the same span, or is refused.
    """

    keys_file: TokenKeys = Field(_KEYS_FILE, repr=False)
    lifetime_seconds: Whole = Field(900, ge=1, le=900)
    repeat: Literal["same-span", "refuse"] = "same-span"

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys in the file; the first mints, all open until their time is over."""
        return self.keys_file.keys

    @property
    def fingerprints(self) -> list[str]:
        """What the keys may be called in public, in the same order."""
        return [line.fingerprint for line in self.keys_file.lines]


class ClientTable(Table):
    """One client: its X-CLIENT-KEY, its X-PARTNER-ID, its keys, and by how many seconds its clock may be off.

    `call_signature` is the form of the signatures of its calls with a token; `symmetric` needs the client's secret. A
    suspended client's calls are refused.
    """

    id: str = Field(pattern=f"^{CLIENT_KEY.pattern}$")
    partner_id: str = Field(_ITS_ID, pattern=r"^[!-~]{1,36}$")
    public_keys: tuple[PublicKey, ...] = Field(min_length=1, max_length=MOST_KEYS_A_CLIENT)
    clock_tolerance_seconds: Whole = Field(300, ge=1)
    call_signature: Literal["asymmetric", "symmetric"] = "asymmetric"
    client_secret_file: ClientSecrets = Field(NO_SECRETS, repr=False)
    suspended: StrictBool = False

    @property
    def call_secrets(self) -> tuple[bytes, ...]:
        """The secrets that may sign the client's calls, the newest first; none if its key pair signs them."""
        return self.client_secret_file if self.call_signature == "symmetric" else ()

    @field_rule("partner_id", mode="before")
    @classmethod
    def _is_the_id_unless_set(cls, partner_id: object, info: ValidationInfo) -> object:
        # Where the id itself is a mistake, that is told, and any good value does here.
        return info.data.get("id", "-") if partner_id is _ITS_ID else partner_id

    @field_rule("client_secret_file")
    @classmethod
    def _has_a_secret(cls, secrets: tuple[bytes, ...], info: ValidationInfo) -> tuple[bytes, ...]:
        if not secrets and info.data.get("call_signature") == "symmetric":
            message = 'the file of a secret is wanted, since call_signature is "symmetric"'
            raise ValueError(message)
        return secrets


class State(Table):
    """What instances share, and what becomes of requests while it is down."""

    url: Url = Field(_STATE_URL, repr=False)
    when_down: Literal["refuse", "continue"] = "refuse"


class ServiceTable(Table):
    """A path of the merchant's that NICEPAY calls with a token, and its service code in SNAP's response codes.

    `methods` are the methods that the service takes.
    """

    path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+$"), AfterValidator(_no_dots)]
    service_code: str = Field(pattern=r"^[0-9]{2}$")
    methods: tuple[Method, ...] = Field(DEFAULT_METHODS, min_length=1)


class Internal(Listener):
    """The merchant's own listener, which tells whether a call is genuine; without this table there is none.

    `call_headers` names the pair of headers that says which call it is. `accel_redirect` is where nginx sends a
    genuine call on to: a named location, or the path of an internal one.
    """

    port: Whole = Field(9080, ge=0, le=65535)
    call_headers: Literal["x-original", "x-forwarded"] = "x-original"
    accel_redirect: str | None = Field(None, pattern=r"^(@[A-Za-z0-9._-]+|/[A-Za-z0-9._~/-]*)$")
    secret_file: BearerSecrets = Field(NO_SECRETS, repr=False)
    body_limit_bytes: Whole = Field(262_144, ge=1_024, le=1_048_576)

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The bearer secrets, the newest first: callers must send one of them. If there are none, callers need none."""
        return self.secret_file

    @field_rule("secret_file")
    @classmethod
    def _has_a_secret(cls, secrets: tuple[bytes, ...], info: ValidationInfo) -> tuple[bytes, ...]:
        host = info.data.get("host", "localhost")
        if not secrets and not is_loopback(host):
            message = f"the file of a secret is wanted where others can reach {host}; or set internal.host to 127.0.0.1"
            raise ValueError(message)
        return secrets


class Sandbox(Table):
    """The pages of the sandbox and the key that plays NICEPAY; on loopback only."""

    enabled: bool = False
    private_key_file: KeyFile = Path("nicepay-private.pem")

    @field_rule("private_key_file")
    @classmethod
    def _signs(cls, file: Path, info: ValidationInfo) -> Path:
        if info.data.get("enabled"):
            read_private_key(file, private=True)
        return file


class Debug(Table):
    """What helps to find mistakes.

    `explain`: the log says of a refused request what its sender did wrong. `capture_dir`: a folder in which refused
    requests are kept whole, for a day and 200 at the most; none are without it.
    """

    explain: bool = True
    capture_dir: CaptureFolder | None = None
