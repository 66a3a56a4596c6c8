"""All metrics: name, meaning, labels and buckets. The page docs/en/metrics.md lists them, and a test compares both.

Names follow Prometheus' conventions: base units, the unit in the name, `_total` for counters. The label `client` has
only client keys of the settings, and `OTHER` for everything else. A reason or a code is one of our own constants. So no
caller can add time series.
"""

from dataclasses import dataclass
from typing import Literal

from prometheus_client import Counter, Gauge, Histogram

from handlers.server.observability.metrics.metric import Metric

OTHER = "other"
"""The label value for everything that is not in the settings."""

StartCause = Literal["start", "crash", "replacement"]
"""Why a process was started that serves requests."""

TOKEN_REQUESTS = Metric(
    Counter,
    "snap_token_requests_total",
    "Requests on the public listener, by the client that they name, and their answers.",
    ("client", "outcome", "response_code", "reason"),
)
CALL_AUTHORIZATIONS = Metric(
    Counter,
    "snap_call_authorizations_total",
    "Decisions whether a call is genuine, by the client that the call names, and their answers.",
    ("client", "service_code", "outcome", "response_code", "reason"),
)
INTERNAL_REQUESTS = Metric(
    Counter,
    "snap_internal_requests_total",
    "All other requests on the internal listener, and their answers.",
    ("operation", "outcome", "response_code"),
)
REPEATS = Metric(
    Counter,
    "snap_repeats_total",
    "Genuine requests that were sent before, whether they were answered or refused.",
    ("client", "operation"),
)
REQUEST_DURATION = Metric(
    Histogram,
    "snap_request_duration_seconds",
    "Time from the complete head of a request to its answer.",
    ("operation",),
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SIGNATURE_VERIFICATION = Metric(
    Histogram,
    "snap_signature_verification_seconds",
    "Time to verify the signature of a request with all keys of its client.",
    ("form",),
    buckets=(0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1),
)
CLIENT_CLOCK_SKEW = Metric(
    Histogram,
    "snap_client_clock_skew_seconds",
    "Clock skew of requests whose signature is valid. Positive means that the client's clock is ahead of ours.",
    ("client",),
    buckets=(-600, -300, -120, -60, -30, -10, -5, -2, -1, 0, 1, 2, 5, 10, 30, 60, 120, 300, 600),
)
STATE_OPERATION = Metric(
    Histogram,
    "snap_state_operation_seconds",
    "Time that the state store takes for an operation, failed ones included.",
    ("operation",),
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
)
STATE_ERRORS = Metric(
    Counter,
    "snap_state_errors_total",
    "Operations that the state store did not answer in time, or answered with an error.",
    ("operation",),
)
STATE_UP = Metric(
    Gauge,
    "snap_state_up",
    "1 if the state store works, 0 from the first failure until it works again.",
    multiprocess_mode="livemin",
)
CONNECTIONS_OPEN = Metric(
    Gauge,
    "snap_connections_open",
    "Open connections. At most 1000 are open on each listener of a process.",
    ("listener",),
    multiprocess_mode="livesum",
)
CONNECTIONS_WAITING = Metric(
    Gauge,
    "snap_connections_waiting",
    "Connections that the kernel keeps until the server accepts them. Absent for a Unix socket.",
    ("listener",),
    multiprocess_mode="livemax",  # All workers see the same ones.
)
TLS_HANDSHAKE_FAILURES = Metric(
    Counter,
    "snap_tls_handshake_failures_total",
    "TLS handshakes that failed, by listener and cause. A client that only left is not counted.",
    ("listener", "cause"),
)
SETTINGS_RELOADS = Metric(
    Counter,
    "snap_settings_reloads_total",
    "Reloads of the settings, by outcome: accepted or refused.",
    ("outcome",),
)
SETTINGS_LOADED = Metric(
    Gauge,
    "snap_settings_loaded_timestamp_seconds",
    "Unix time at which the current settings were loaded.",
    multiprocess_mode="livemin",
)
LAST_RELOAD_SUCCESSFUL = Metric(
    Gauge,
    "snap_settings_last_reload_successful",
    "1 if the last reload was accepted, or there was none. 0 if it was refused.",
    multiprocess_mode="livemin",
)
LOG_LINES_LOST = Metric(
    Counter,
    "snap_log_lines_lost_total",
    "Log lines that could not be written, or found the queue full.",
)
AUDIT_UP = Metric(
    Gauge,
    "snap_audit_up",
    "1 if the audit trail can be written, 0 otherwise. Absent without the table [audit].",
    multiprocess_mode="livemin",
)
AUDIT_QUEUE = Metric(
    Gauge,
    "snap_audit_queue_lines",
    "Lines that wait to be written to the audit trail. Absent without the table [audit].",
    multiprocess_mode="livesum",
)
AUDIT_LINES = Metric(
    Counter,
    "snap_audit_lines_total",
    "Lines written to the audit trail. Absent without the table [audit].",
)
AUDIT_LINES_LOST = Metric(
    Counter,
    "snap_audit_lines_lost_total",
    "Lines that could not be written to the audit trail. Absent without the table [audit].",
)
WORKERS_READY = Metric(
    Gauge,
    "snap_workers_ready",
    "Processes that serve requests.",
    multiprocess_mode="livesum",
)
WORKERS_CONFIGURED = Metric(
    Gauge,
    "snap_workers_configured",
    "Processes that should serve requests: server.workers at the start of the newest of them.",
    multiprocess_mode="livemostrecent",
)
WORKER_STARTS = Metric(
    Counter,
    "snap_worker_starts_total",
    "Starts of processes that serve requests, by cause: start, crash or replacement.",
    ("cause",),
)
RECORDED: tuple[Metric[Counter] | Metric[Gauge] | Metric[Histogram], ...] = (
    TOKEN_REQUESTS,
    CALL_AUTHORIZATIONS,
    INTERNAL_REQUESTS,
    REPEATS,
    REQUEST_DURATION,
    SIGNATURE_VERIFICATION,
    CLIENT_CLOCK_SKEW,
    STATE_OPERATION,
    STATE_ERRORS,
    STATE_UP,
    CONNECTIONS_OPEN,
    CONNECTIONS_WAITING,
    TLS_HANDSHAKE_FAILURES,
    SETTINGS_RELOADS,
    SETTINGS_LOADED,
    LAST_RELOAD_SUCCESSFUL,
    LOG_LINES_LOST,
    AUDIT_UP,
    AUDIT_QUEUE,
    AUDIT_LINES,
    AUDIT_LINES_LOST,
    WORKERS_READY,
    WORKERS_CONFIGURED,
    WORKER_STARTS,
)
"""The metrics whose values are recorded while the server works."""


@dataclass(frozen=True, slots=True)
class ComputedGauge:
    """A gauge that is computed when Prometheus asks for it."""

    name: str
    help_text: str
    labels: tuple[str, ...] = ()


TOKEN_KEY_AGE = ComputedGauge(
    "snap_token_key_age_seconds",
    "Age of the key that encrypts new tokens, or the age of its file, if the file does not say since when it is used.",
)
CLIENT_PUBLIC_KEYS = ComputedGauge(
    "snap_client_public_keys",
    "Public keys of a client, by use: calls or notifications.",
    ("client", "use"),
)
CLIENT_PUBLIC_KEY_BITS = ComputedGauge(
    "snap_client_public_key_bits",
    "Size of a public key of a client in bits.",
    ("client", "fingerprint"),
)
CLIENT_CERTIFICATE_EXPIRY = ComputedGauge(
    "snap_client_certificate_expiry_timestamp_seconds",
    "Unix time at which a certificate of a client expires. Absent for a key without a certificate.",
    ("client", "fingerprint"),
)
TLS_CERTIFICATE_EXPIRY = ComputedGauge(
    "snap_tls_certificate_expiry_timestamp_seconds",
    "Unix time at which the certificate of a listener expires. Absent for a listener without TLS.",
    ("listener",),
)
BUILD_INFO = ComputedGauge(
    "snap_build_info",
    "Always 1. The labels have the versions of the server, of Python and of the contract.",
    ("version", "python_version", "contract_version"),
)
SERVER_START = ComputedGauge(
    "snap_server_start_timestamp_seconds",
    "Unix time at which the server started. With several workers, this is the start of their supervisor.",
)
COMPUTED = (
    TOKEN_KEY_AGE,
    CLIENT_PUBLIC_KEYS,
    CLIENT_PUBLIC_KEY_BITS,
    CLIENT_CERTIFICATE_EXPIRY,
    TLS_CERTIFICATE_EXPIRY,
    BUILD_INFO,
    SERVER_START,
)
"""The metrics that are computed when Prometheus asks for them."""
