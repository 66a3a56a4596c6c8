"""A Redis with a replica, and a sentinel that promotes the replica when the primary fails."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.e2e.process import free_port, running
from tests.engines import PERSISTENT, RedisServer
from tests.programs import program

SERVICE = "payments"


class SentinelStage:
    """The primary, its replica, and the URL of the sentinel."""

    def __init__(self, primary: RedisServer, replica: RedisServer, port: int) -> None:
        self.primary = primary
        self.replica = replica
        self.url = f"redis+sentinel://127.0.0.1:1,127.0.0.1:{port}/{SERVICE}/0"


@contextmanager
def sentinel_stage(name: str) -> Iterator[SentinelStage]:
    """Run a primary, a replica that has all its data, and a sentinel that needs no other sentinel."""
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(TemporaryDirectory())) for _ in range(3)]
        primary, replica = (RedisServer(name, folder, PERSISTENT) for folder in folders[:2])
        for server in (primary, replica):
            stack.callback(server.stop)
        primary.start()
        replica.start("--replicaof", "127.0.0.1", str(primary.port))
        assert any("MASTER <-> REPLICA sync: Finished with success" in line for line in replica.process.out)
        port = free_port()
        file = folders[2] / "sentinel.conf"
        file.write_text(
            f"port {port}\nbind 127.0.0.1\nsentinel monitor {SERVICE} 127.0.0.1 {primary.port} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} 500\nsentinel failover-timeout {SERVICE} 5000\n"
        )
        sentinel = stack.enter_context(running(program(name), file, "--sentinel"))
        assert any("+slave" in line for line in sentinel.out)
        yield SentinelStage(primary, replica, port)
