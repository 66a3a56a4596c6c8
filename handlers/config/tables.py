"""The tables of the settings: their keys, limits and default values."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo
from pydantic import field_validator as field_rule
from pydantic import model_validator as table_rule

from handlers.config.addresses import INTERNAL_PORT, PUBLIC_PORT, is_loopback
from handlers.config.call_fields import ChannelId, Origin, PartnerIds
from handlers.config.fields import CaptureFolder, ClientNetwork, Networks
from handlers.config.key_files import (
    NO_SECRETS,
    BearerSecrets,
    ClientSecrets,
    KeyFile,
    PublicKey,
    TokenKeys,
    read_private_key,
)
from handlers.config.listener import Listener
from handlers.config.presets import PresetName, with_preset
from handlers.config.refusal_file import RefusalMembersFile
from handlers.config.table import Boolean, Integer, Table
from handlers.config.text_fields import BasePath, Location, Method, ServiceCode, ServicePath, Visible36
from handlers.config.worker_count import WorkerCount
from handlers.snap.call import BodyHash
from handlers.snap.call_form import CallForm
from handlers.snap.particulars import LONGEST_EXTERNAL_ID, ExternalIdFormat
from handlers.snap.service import DEFAULT_FORMS, DEFAULT_METHODS

MOST_KEYS_A_CLIENT = 4
MOST_NETWORKS_A_CLIENT = 64
LONGEST_DRAIN_SECONDS = 300
# Defaults are validated like values in the file, so these become token keys and a client ID.
_KEYS_FILE: Any = "token.keys"
_SAME_AS_ID: Any = None


class Server(Listener):
    """Where the server listens for NICEPAY.

    Both listeners trust the X-Forwarded-For and Forwarded headers of `trusted_proxies`. After SIGTERM the server is not
    ready, and still accepts connections for `drain_seconds`. More than one of the `workers` are processes of their own.
    """

    port: Integer = Field(PUBLIC_PORT, ge=0, le=65535)
    base_path: BasePath = "/api/v1.0"
    trusted_proxies: Networks = ()
    drain_seconds: Integer = Field(0, ge=0, le=LONGEST_DRAIN_SECONDS)
    workers: WorkerCount = 1


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

    `preset` names an acquirer, whose values replace the defaults of the other keys. `id` is its X-CLIENT-KEY, and
    `partner_id` its X-PARTNER-ID, or several. `clock_tolerance_seconds` is the allowed clock skew. `call_signature` is
    the signature type of its calls with a token. `symmetric` needs a client secret. `notification_keys` verify its
    notifications, and `public_keys` verify everything else. The server refuses all requests of a suspended client, and
    all requests from outside its `allowed_networks`, if it has any. The other keys are those of `Particulars`.
    """

    preset: PresetName | None = None
    id: Visible36
    partner_ids: PartnerIds = Field(_SAME_AS_ID, alias="partner_id")
    public_keys: tuple[PublicKey, ...] = Field(min_length=1, max_length=MOST_KEYS_A_CLIENT)
    notification_keys: tuple[PublicKey, ...] = Field((), max_length=MOST_KEYS_A_CLIENT)
    clock_tolerance_seconds: Integer = Field(300, ge=1)
    call_signature: Literal["asymmetric", "symmetric"] = "asymmetric"
    client_secret_file: ClientSecrets = Field(NO_SECRETS, repr=False)
    suspended: Boolean = False
    allowed_networks: tuple[ClientNetwork, ...] = Field((), max_length=MOST_NETWORKS_A_CLIENT)
    channel_id: ChannelId | None = None
    origin: Origin | None = None
    external_id_format: ExternalIdFormat = "visible"
    external_id_max_length: Integer = Field(LONGEST_EXTERNAL_ID, ge=1, le=LONGEST_EXTERNAL_ID)
    body_hash: BodyHash = "hex"
    empty_token_slot: Boolean = False
    path_prefix_not_signed: ServicePath | None = None

    @property
    def partner_id(self) -> str:
        """The first X-PARTNER-ID of its calls."""
        return self.partner_ids[0]

    @property
    def call_secrets(self) -> tuple[bytes, ...]:
        """The secrets that may sign the client's calls, the newest first. Empty if its private key signs them."""
        return self.client_secret_file if self.call_signature == "symmetric" else ()

    @table_rule(mode="before")
    @classmethod
    def _fill_from_preset(cls, table: object) -> object:
        return with_preset(table)

    @field_rule("partner_ids", mode="before")
    @classmethod
    def _default_to_id(cls, partner_ids: object, info: ValidationInfo) -> object:
        # If the ID is invalid, pydantic reports that. Then any valid value is enough here.
        return info.data.get("id", "-") if partner_ids is _SAME_AS_ID else partner_ids

    @field_rule("client_secret_file")
    @classmethod
    def _require_secret(cls, secrets: tuple[bytes, ...], info: ValidationInfo) -> tuple[bytes, ...]:
        if not secrets and info.data.get("call_signature") == "symmetric":
            message = 'required because call_signature is "symmetric"; name the file that contains the client secret'
            raise ValueError(message)
        return secrets

    @field_rule("empty_token_slot")
    @classmethod
    def _require_symmetric(cls, empty: bool, info: ValidationInfo) -> bool:  # noqa: FBT001  pydantic's signature
        if empty and info.data.get("call_signature") == "asymmetric":
            message = 'only the symmetric string to sign has a token; set call_signature = "symmetric"'
            raise ValueError(message)
        return empty


class ServiceTable(Table):
    """A path of the merchant that acquirers call, and its service code in SNAP's response codes.

    `methods` are the HTTP methods that the service accepts. `forms` are the forms of call that it accepts.
    `refusal_members_file` has additional members for its refusals. `signed_path` is the path that clients sign in
    place of the real one.
    """

    path: ServicePath
    service_code: ServiceCode
    methods: tuple[Method, ...] = Field(DEFAULT_METHODS, min_length=1)
    forms: tuple[CallForm, ...] = Field(DEFAULT_FORMS, min_length=1)
    refusal_members_file: RefusalMembersFile | None = None
    signed_path: ServicePath | None = None

    @field_rule("forms")
    @classmethod
    def _reject_duplicates(cls, forms: tuple[CallForm, ...]) -> tuple[CallForm, ...]:
        if len(set(forms)) < len(forms):
            message = "contains the same form twice"
            raise ValueError(message)
        return forms

    @field_rule("signed_path")
    @classmethod
    def _require_effect(cls, signed_path: str | None, info: ValidationInfo) -> str | None:
        if signed_path and info.data.get("forms") == ("notification",):
            message = "has no effect, because a notification signs no path; remove it"
            raise ValueError(message)
        return signed_path


class Internal(Listener):
    """The merchant's internal listener, which verifies calls. Without this table the server does not open it.

    `call_headers` is the pair of headers that carries the method and the URI of the call. `accel_redirect` is the nginx
    location that receives a genuine call: a named location, or the path of an internal location.
    """

    port: Integer = Field(INTERNAL_PORT, ge=0, le=65535)
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

    enabled: Boolean = False
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

    explain: Boolean = True
    capture_dir: CaptureFolder | None = None
