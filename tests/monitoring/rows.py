"""The rows of the dashboard: what each panel shows, in which unit, and with which queries."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.models import units

from tests.monitoring.panel import OF, ON, RATE, Graph, Light, increase, quantile, rate

TOKENS, CALLS = "snap_token_requests_total", "snap_call_authorizations_total"
REFUSED = f'{OF}, response_code=~"[45].*"'
BEYOND_LIMIT = f'{OF}, reason=~".+[.]too_many_.+"'

HEALTH: Sequence[Light | Graph] = [
    Light(
        "Firing alerts",
        "How many alerts fire now. The runbook has a section of the name of each alert.",
        'count(ALERTS{alertname=~"Snap.+", alertstate="firing"}) or vector(0)',
        red_from=1,
    ),
    Light(
        "Instances that do not answer",
        "Instances whose /metrics Prometheus cannot read.",
        'count(up{job="snap-token"} == 0) or vector(0)',
        red_from=1,
    ),
    Light(
        "State store",
        "Whether every instance can read and write the state store.",
        f"min(snap_state_up{{{ON}}})",
    ),
    Light(
        "Audit trail",
        'Whether every instance can write its audit trail. "No data": the settings have no table [audit].',
        f"min(snap_audit_up{{{ON}}})",
    ),
    Light(
        "Last reload",
        "Whether every instance accepted the last change of its settings.",
        f"min(snap_settings_last_reload_successful{{{ON}}})",
    ),
    Light(
        "Failures in an hour",
        "The share of token requests and calls with a 5xx answer. The error budget allows 0.1 % in 30 days.",
        "max(job:snap_failures:ratio1h >= 0) or vector(0)",
        units.PercentUnit,
        red_from=0.0144,
    ),
    Graph(
        "Alerts",
        "Which alerts fired, and when.",
        units.Short,
        {"{{alertname}}": 'sum by (alertname) (ALERTS{alertname=~"Snap.+", alertstate="firing"})'},
    ),
    Graph(
        "Decisions",
        "Token requests and calls in a second, by outcome.",
        units.RequestsPerSecond,
        {
            "token {{outcome}}": rate("outcome", TOKENS, OF),
            "call {{outcome}}": rate("outcome", CALLS, OF),
        },
    ),
    Graph(
        "Error budget",
        "The share of 5xx answers in four windows of time. SnapErrorBudgetBurn compares them with the budget of 0.1 %.",
        units.PercentUnit,
        {window: f"job:snap_failures:ratio{window}" for window in ("5m", "1h", "6h", "3d")},
    ),
]

TOKEN_REQUESTS = [
    Graph(
        "Token requests by client",
        'Token requests in a second. "other" is every client key that is not in the settings.',
        units.RequestsPerSecond,
        {"{{client}} {{outcome}}": rate("client, outcome", TOKENS, OF)},
    ),
    Graph(
        "Refused token requests by reason",
        "Refusals and failures in a second. Troubleshooting has a row for each reason.",
        units.RequestsPerSecond,
        {"{{client}} {{response_code}} {{reason}}": rate("client, response_code, reason", TOKENS, REFUSED)},
    ),
    Graph(
        "Duration of requests",
        "The time in which half of the requests, and 99 % of them, are answered, by operation.",
        units.Seconds,
        {
            "half {{operation}}": quantile(0.5, "operation", "snap_request_duration_seconds"),
            "99 % {{operation}}": quantile(0.99, "operation", "snap_request_duration_seconds"),
        },
    ),
    Graph(
        "Duration of a signature's verification",
        "The time in which 99 % of the signatures are verified, by form. A longer key takes longer.",
        units.Seconds,
        {"99 % {{form}}": quantile(0.99, "form", "snap_signature_verification_seconds")},
    ),
]

CALL_DECISIONS = [
    Graph(
        "Calls by client",
        "Calls in a second, by client, service code and outcome.",
        units.RequestsPerSecond,
        {"{{client}} {{service_code}} {{outcome}}": rate("client, service_code, outcome", CALLS, OF)},
    ),
    Graph(
        "Refused calls by reason",
        "Refusals and failures in a second. Troubleshooting has a row for each reason.",
        units.RequestsPerSecond,
        {"{{client}} {{response_code}} {{reason}}": rate("client, response_code, reason", CALLS, REFUSED)},
    ),
    Graph(
        "Repeats",
        "Genuine requests in a second that were sent before. Many of them mean that answers do not arrive.",
        units.RequestsPerSecond,
        {"{{client}} {{operation}}": rate("client, operation", "snap_repeats_total", OF)},
    ),
    Graph(
        "Requests beyond a limit",
        "Token requests and calls in a second that got 429. No honest client should have any.",
        units.RequestsPerSecond,
        {
            "token {{client}} {{reason}}": rate("client, reason", TOKENS, BEYOND_LIMIT),
            "call {{client}} {{reason}}": rate("client, reason", CALLS, BEYOND_LIMIT),
        },
    ),
    Graph(
        "Other internal requests",
        "Requests of your own systems in a second: /introspect, /revoke and others.",
        units.RequestsPerSecond,
        {"{{operation}} {{response_code}}": rate("operation, response_code", "snap_internal_requests_total")},
    ),
]

CLOCKS = [
    Graph(
        "Clock skew by client",
        "The median of 15 minutes. Positive: the client's clock is ahead. If all clients differ by the same time on "
        "one instance, the clock of this instance is wrong.",
        units.Seconds,
        {"{{client}} {{instance}}": f"client:snap_clock_skew_seconds:median15m{{{OF}}}"},
    ),
    Graph(
        "Spread of the clock skew",
        "Between the two lines of a client are 90 % of its requests. A wide spread means several senders, or a slow "
        "network.",
        units.Seconds,
        {
            "5 % {{client}}": quantile(0.05, "client", "snap_client_clock_skew_seconds", OF),
            "95 % {{client}}": quantile(0.95, "client", "snap_client_clock_skew_seconds", OF),
        },
    ),
    Graph(
        "Requests refused for the clock",
        "Token requests and calls in a second with a time outside of the client's tolerance.",
        units.RequestsPerSecond,
        {
            "token {{client}} {{reason}}": rate("client, reason", TOKENS, f'{OF}, reason=~"clock[.].+"'),
            "call {{client}} {{reason}}": rate("client, reason", CALLS, f'{OF}, reason=~"clock[.].+"'),
        },
    ),
]

STATE = [
    Graph(
        "State store up",
        "1: reads and writes work. 0: an instance cannot use the state store.",
        units.Short,
        {"{{instance}}": f"snap_state_up{{{ON}}}"},
    ),
    Graph(
        "Latency of the state store",
        "The time in which half of the operations, and 99 % of them, end. After 0.5 seconds an operation fails.",
        units.Seconds,
        {
            "half {{operation}}": quantile(0.5, "operation", "snap_state_operation_seconds"),
            "99 % {{operation}}": quantile(0.99, "operation", "snap_state_operation_seconds"),
        },
    ),
    Graph(
        "Errors of the state store",
        "Failed operations in a second, by instance and operation.",
        units.OpsPerSecond,
        {"{{instance}} {{operation}}": rate("instance, operation", "snap_state_errors_total")},
    ),
]

LOGS_AND_AUDIT = [
    Graph(
        "Lost lines",
        "Log lines and lines of the audit trail that an instance could not write.",
        units.Short,
        {
            "log {{instance}}": increase("instance", "snap_log_lines_lost_total"),
            "audit {{instance}}": increase("instance", "snap_audit_lines_lost_total"),
        },
    ),
    Graph(
        "Lines of the audit trail",
        "Lines written in a second.",
        units.OpsPerSecond,
        {"{{instance}}": rate("instance", "snap_audit_lines_total")},
    ),
    Graph(
        "Queue of the audit trail",
        "Lines that wait to be written. A queue that grows means a slow disk.",
        units.Short,
        {"{{instance}}": f"snap_audit_queue_lines{{{ON}}}"},
    ),
]

KEYS = [
    Graph(
        "Age of the token key",
        "How long each instance has issued tokens with the same key. SnapTokenKeyOld fires after 90 days.",
        units.Seconds,
        {"{{instance}}": f"snap_token_key_age_seconds{{{ON}}}"},
    ),
    Graph(
        "Time until a certificate ends",
        "SnapCertificateExpires fires below 30 days. The key of a certificate that has ended still works.",
        units.Seconds,
        {
            "{{client}} {{fingerprint}}": (
                f"min by (client, fingerprint) (snap_client_certificate_expiry_timestamp_seconds{{{OF}}}) - time()"
            )
        },
    ),
    Graph(
        "Public keys of clients",
        "How many keys each client has, by use. Two for one use mean that a change of the key is under way.",
        units.Short,
        {"{{client}} {{use}}": f"max by (client, use) (snap_client_public_keys{{{OF}}})"},
    ),
    Graph(
        "Size of public keys in bits",
        "A key with fewer than 2,048 bits works, but ask the client for a longer one.",
        units.NoUnit,
        {"{{client}} {{fingerprint}}": f"max by (client, fingerprint) (snap_client_public_key_bits{{{OF}}})"},
    ),
    Graph(
        "Age of the settings",
        "The time since each instance loaded its settings. After a change, all instances must fall to zero.",
        units.Seconds,
        {"{{instance}}": f"time() - snap_settings_loaded_timestamp_seconds{{{ON}}}"},
    ),
    Graph(
        "Reloads",
        "How often an instance accepted or refused changed settings.",
        units.Short,
        {"{{instance}} {{outcome}}": increase("instance, outcome", "snap_settings_reloads_total")},
    ),
]

PROCESS = [
    Graph(
        "CPU",
        "Seconds of CPU time in a second. 1 is one whole core.",
        units.Short,
        {"{{instance}}": rate("instance", "process_cpu_seconds_total", f'job="snap-token", {ON}')},
    ),
    Graph(
        "Memory",
        "Resident memory.",
        units.BytesIEC,
        {"{{instance}}": f'sum by (instance) (process_resident_memory_bytes{{job="snap-token", {ON}}})'},
    ),
    Graph(
        "File descriptors",
        "The largest share of its file descriptors that a worker has open. At 100 %, it accepts no connection.",
        units.PercentUnit,
        {
            "{{instance}}": (
                "max by (instance) "
                f'(process_open_fds{{job="snap-token", {ON}}} / process_max_fds{{job="snap-token", {ON}}})'
            )
        },
    ),
    Graph(
        "Connections",
        "Open connections, and connections that wait until the server accepts them, by listener.",
        units.Short,
        {
            "open {{instance}} {{listener}}": f"snap_connections_open{{{ON}}}",
            "waiting {{instance}} {{listener}}": f"snap_connections_waiting{{{ON}}}",
        },
    ),
    Graph(
        "Failed TLS handshakes",
        "Handshakes that failed, by listener and cause. A new certificate must not add any.",
        units.Short,
        {"{{listener}} {{cause}}": increase("listener, cause", "snap_tls_handshake_failures_total")},
    ),
    Graph(
        "Workers",
        "Processes that serve requests, those that should, and how often one started, by cause.",
        units.Short,
        {
            "ready {{instance}}": f"snap_workers_ready{{{ON}}}",
            "configured {{instance}}": f"snap_workers_configured{{{ON}}}",
            "{{cause}} {{instance}}": increase("instance, cause", "snap_worker_starts_total"),
        },
    ),
    Graph(
        "Versions",
        "How many instances run each version. More than one line means that an update is under way.",
        units.Short,
        {
            "{{version}}, Python {{python_version}}, contract {{contract_version}}": (
                f"count by (version, python_version, contract_version) (snap_build_info{{{ON}}})"
            )
        },
    ),
    Graph(
        "Restarts",
        "How often an instance started again.",
        units.Short,
        {"{{instance}}": f"changes(snap_server_start_timestamp_seconds{{{ON}}}[{RATE}])"},
    ),
]

ROWS: Mapping[str, Sequence[Light | Graph]] = {
    "Health": HEALTH,
    "Tokens": TOKEN_REQUESTS,
    "Calls by client and reason": CALL_DECISIONS,
    "Clocks": CLOCKS,
    "State": STATE,
    "Logs and audit": LOGS_AND_AUDIT,
    "Keys and certificates": KEYS,
    "Process": PROCESS,
}
