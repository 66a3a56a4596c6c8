"""The compose file in docs/deploy/container fits the image, nginx's file and Prometheus' file beside it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import Redis

from handlers.config.tables import Server
from tests.e2e.process import free_port, running
from tests.pages import DEPLOY
from tests.programs import program

FOLDER = DEPLOY / "container"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
NGINX = (DEPLOY / "nginx.conf").read_text()
PROMETHEUS = yaml.safe_load((DEPLOY / "monitoring/prometheus.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
SERVERS = [service for name, service in SERVICES.items() if name.startswith("snap-")]
OUR_IMAGE = "snap-token"
MADE_BY_USER = {"./files/etc/snap-token", "./files/var/lib/snap-token", "./tls"}
EACH_SERVICE = pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))
KEPT = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "bind": "127.0.0.1"}
DIGEST = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}")


def _mounts(service: dict[str, Any]) -> dict[str, str]:
    """The place in the container of each file, folder or volume."""
    pairs = (mount.split(":")[:2] for mount in service.get("volumes", []))
    return {target: source for source, target in pairs}


def _upstream(name: str) -> set[str]:
    """The addresses of an upstream in nginx's file."""
    _, _, rest = NGINX.partition(f"upstream {name} {{")
    return set(re.findall(r"server (\S+) ", rest.partition("}")[0]))


def _addresses(table: str) -> set[str]:
    return {f"127.0.0.1:{server['environment'][f'SNAP_TOKEN__{table}__PORT']}" for server in SERVERS}


@EACH_SERVICE
def test_each_container_has_few_rights(service: dict[str, Any]) -> None:
    """Each container has a read-only root, a user that is not root and no capabilities, and cannot get more."""
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["image"] == OUR_IMAGE or int(service["user"].partition(":")[0]) > 0
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", DOCKERFILE, re.MULTILINE)


@EACH_SERVICE
def test_each_container_is_watched(service: dict[str, Any]) -> None:
    """Each container starts again after a failure. Each has a check of its health, except the one without a program."""
    assert service["restart"] == "unless-stopped"
    if service["image"] == OUR_IMAGE:
        assert "\nHEALTHCHECK " in DOCKERFILE
    else:
        assert service["healthcheck"]["test"][0] == "CMD"


@EACH_SERVICE
def test_each_image_is_pinned(service: dict[str, Any]) -> None:
    """Each image is built here or named by its digest, and so is the base of the image that is built here."""
    assert service["image"] == OUR_IMAGE or DIGEST.fullmatch(service["image"])
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert DIGEST.fullmatch(bases[0])
    assert bases[0].partition("@")[0] in DOCKERFILE.partition("image.base.name=")[2]


@EACH_SERVICE
def test_mounted_files_exist(service: dict[str, Any]) -> None:
    """Each file of this checkout that is mounted exists. The user makes the others."""
    ours = {source for source in _mounts(service).values() if source.startswith(".")} - MADE_BY_USER
    assert [source for source in ours if not (FOLDER / source).exists()] == []


def test_nginx_and_prometheus_find_both_servers() -> None:
    """The ports of the servers are those of nginx's file and of Prometheus' file, in one network."""
    assert _upstream("token") == _addresses("SERVER")
    assert _upstream("internal") == _addresses("INTERNAL")
    (job,) = PROMETHEUS["scrape_configs"]
    assert set(job["static_configs"][0]["targets"]) == _addresses("INTERNAL")
    networks = {service.get("network_mode") for name, service in SERVICES.items() if name != "network"}
    assert networks == {"service:network"}


def test_files_are_where_programs_read_them() -> None:
    """The mounts are the paths that the image, nginx's command and Prometheus' file name."""
    for server in SERVERS:
        settings, state = _mounts(server)
        assert f'"serve", "--config", "{settings}/snap-token.toml"' in DOCKERFILE
        assert f"\nVOLUME {state}\n" in DOCKERFILE
    command, folder = SERVICES["nginx"]["command"][0], SERVICES["nginx"]["working_dir"]
    names = re.findall(r"ssl_certificate(?:_key)? +(\S+);", NGINX)
    assert [name for name in names if f"/tls/{name}" not in command] == []
    assert f"-p {folder} -c nginx.conf" in command
    assert f"{folder}/nginx.conf" in _mounts(SERVICES["nginx"])
    assert {f"/etc/prometheus/{rules}" for rules in PROMETHEUS["rule_files"]} < _mounts(SERVICES["prometheus"]).keys()


def test_servers_have_time_to_stop() -> None:
    """The engine waits longer than a server needs after SIGTERM: drain_seconds, and 15 seconds more."""
    graces = [int(server["stop_grace_period"].removesuffix("s")) for server in SERVERS]
    assert min(graces) > Server.model_fields["drain_seconds"].default + 15


def test_redis_keeps_all_data(tmp_path: Path) -> None:
    """Redis starts with the command, listens where the servers look, writes each change, and never evicts a key."""
    assert {server["environment"]["SNAP_TOKEN__STATE__URL"] for server in SERVERS} == {"redis://127.0.0.1:6379/0"}
    name, *options = SERVICES["redis"]["command"]
    port = free_port()
    with running(program(name), *options, "--port", str(port), cwd=tmp_path) as process:
        assert any("Ready to accept connections" in line for line in process.out)
        with Redis(host="127.0.0.1", port=port) as redis:
            assert redis.config_get(*KEPT) == KEPT
