"""The measured figures that the page on sizing calculates with. Each says which command measured it.

All are from two cores of an Intel Xeon with Python 3.11.7, PostgreSQL 15 and Redis 7, while other programs used the
machine. So an idle machine needs less CPU time.
"""

DATE = "2026-11-29"
LOAD = {"en": "9 to 18", "id": "9 sampai 18"}
"""The load average during the measurements, in words."""

ENGINES = ("SQLite", "Redis", "PostgreSQL")

CPU = {
    "token": (320, 360, 348),
    "asymmetric": (378, 409, 411),
    "symmetric": (332, 415, 436),
    "notification": (306, 369, 328),
    "body-signed": (357, 426, 378),
}
"""Microseconds of the server's CPU time for a request, with log, metrics and limits, by engine.

`python -m tests.bench.throughput --only bhijkm --rounds 5`, the median of the rounds.
"""

SIGNATURE = 24
"""Microseconds to verify an RSA signature with a key of 2,048 bits, a step in another run of the same command."""

AUDIT, DURABLE_AUDIT = 21, 72
"""Microseconds more for each decision. `python -m tests.bench.audit_path`, 20 requests at once."""

LIMITS, METRICS = 4, 1
"""Microseconds that are part of each figure in `CPU`.

`python -m tests.bench.request_path`, and (b) beside (m) in the run of `CPU`.
"""

ENGINE_CPU = {"Redis": (18, 5), "PostgreSQL": (236, 11)}
"""Microseconds of the engine's own CPU time for a record, alone and in a batch of 64. `python -m tests.bench.sizes`"""

BUSY_LOAD, BUSY_REDIS = 22, 68
"""The load average of another run, and what a record alone cost Redis in it. The others are from the quietest run."""

ALONE = 810
"""Microseconds of CPU time for a token request with SQLite, if requests come one at a time."""

TWO_WORKERS = 1.8
"""How many times the work of one worker two workers do."""

RECORDS_A_SECOND_IN_SQLITE = 16_257
"""Two processes that share one file. This figure and the two before are from the page on performance."""

CHECKED_ROWS_A_SECOND = 2_500_000
"""Rows of a state file that a start checks: a million in 0.4 s, as `handlers/state/sqlite/file.py` says."""

BYTES = {
    "token": (116, 213, 151),
    "call": (113, 213, 166),
    "revocation": (109, 360, 266),
}
"""Bytes in the state store, with indexes, by engine. `python -m tests.bench.sizes`"""

LOG = {"token": (449, 75), "call": (513, 75)}
AUDIT_LINE = {"token": (655, 160), "call": (739, 161)}
"""Bytes of a line, plain and compressed with gzip. `python -m tests.bench.sizes`"""

APPEND = {False: (36, 7), True: (2_402, 99)}
"""Microseconds on the clock to append a line to the trail, alone and with 20 lines in one write, by `durable`.

Only one process at a time appends to a folder. `python -m tests.bench.sizes`
"""

VERIFY = 12
"""Microseconds of CPU time to verify a line of the trail. `python -m tests.bench.sizes`"""

WORKER_MEGABYTES = 116
"""Resident memory of a worker after many requests, in the run of `CPU`."""

CONNECTIONS = 2
"""Connections of a worker to Redis, and to PostgreSQL. `python -m tests.bench.sizes`"""

THOUSAND_CLIENTS = (0.6, 4)
"""Seconds of CPU time to read 1,000 clients, and megabytes to keep them. `python -m tests.bench.sizes`"""
