"""The files in docs/deploy/kubernetes fit each other, the settings that they carry, and the image."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.kubernetes_files import CONTAINER, FOLDER, KUSTOMIZATION, POD, RESOURCES, SETTINGS, VOLUME
from tests.pages import DEPLOY

DOCKERFILE = (DEPLOY / "container/Dockerfile").read_text()
FROM_NICEPAY = "nicepay.pem"
PORTS = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
LABELS = RESOURCES["Deployment", "snap-token"]["template"]["metadata"]["labels"]
STOPPING_SECONDS = 15
"""The server ends so long after `drain_seconds`."""


def _selectors() -> list[Any]:
    """What each resource says of the pods that it means."""
    services = [spec["selector"] for (kind, _), spec in RESOURCES.items() if kind == "Service"]
    others = [RESOURCES[kind, "snap-token"]["selector"] for kind in ("Deployment", "PodDisruptionBudget")]
    policy = RESOURCES["NetworkPolicy", "snap-token"]["podSelector"]
    spread = [each["labelSelector"] for each in POD["topologySpreadConstraints"]]
    return [*services, *(each["matchLabels"] for each in (*others, policy, *spread))]


def test_the_kustomization_lists_all_files() -> None:
    """Each file of the folder is in the kustomization. Only NICEPAY's public key is missing, which the user adds."""
    (generated,) = KUSTOMIZATION["configMapGenerator"]
    named = {*KUSTOMIZATION["resources"], *generated["files"], "kustomization.yaml"}
    assert named - {file.name for file in FOLDER.iterdir()} == {FROM_NICEPAY}
    assert {file.name for file in FOLDER.iterdir()} <= named
    assert [image["name"] for image in KUSTOMIZATION["images"]] == [CONTAINER["image"]]


def test_all_resources_mean_the_same_pods() -> None:
    """The services, the budget, the policy and the spread select the pods of the deployment."""
    assert _selectors() == [LABELS] * 6


def test_the_ports_are_those_of_the_settings() -> None:
    """Containers, probes, services and the policy have the ports of the settings, and the policy the one of Redis."""
    assert {"public": SETTINGS["server"]["port"], "internal": SETTINGS["internal"]["port"]} == PORTS
    served = [spec["ports"][0] for (kind, _), spec in RESOURCES.items() if kind == "Service"]
    assert [(port["targetPort"], port["port"]) for port in served] == list(PORTS.items())
    policy = RESOURCES["NetworkPolicy", "snap-token"]
    assert {port["port"] for rule in policy["ingress"] for port in rule["ports"]} == PORTS.keys()
    assert policy["egress"][0]["ports"][0]["port"] == urlsplit(SETTINGS["state"]["url"]).port
    assert SETTINGS["server"]["host"] == SETTINGS["internal"]["host"] == "0.0.0.0"  # noqa: S104  in the pod's own network


@pytest.mark.parametrize(("probe", "path"), [("startup", "/livez"), ("liveness", "/livez"), ("readiness", "/readyz")])
def test_the_probes_ask_the_internal_listener(probe: str, path: str) -> None:
    """Only readiness depends on the state store, because a restart does not repair it."""
    assert CONTAINER[f"{probe}Probe"]["httpGet"] == {"path": path, "port": "internal"}


def test_a_pod_has_time_to_stop() -> None:
    """Kubernetes waits longer than the server needs, and the server serves until the services have noticed."""
    assert SETTINGS["server"]["drain_seconds"] > CONTAINER["readinessProbe"]["periodSeconds"]
    assert POD["terminationGracePeriodSeconds"] > SETTINGS["server"]["drain_seconds"] + STOPPING_SECONDS


def test_the_volume_has_the_files_of_the_settings() -> None:
    """The volume is where the image reads the settings, and has each file that they name. Keys come from the Secret."""
    (mount,) = CONTAINER["volumeMounts"]
    assert mount["readOnly"]
    assert f'"--config", "{mount["mountPath"]}/snap-token.toml"' in DOCKERFILE
    config, secret = VOLUME["sources"]
    (generated,) = KUSTOMIZATION["configMapGenerator"]
    assert config["configMap"]["name"] == generated["name"]
    assert generated["files"] == ["snap-token.toml", *SETTINGS["clients"][0]["public_keys"]]
    keys = [SETTINGS["token"]["keys_file"], SETTINGS["internal"]["secret_file"]]
    assert [item["path"] for item in secret["secret"]["items"]] == keys


def test_the_pod_may_run_where_pods_are_restricted() -> None:
    """The pod keeps to the Pod Security Standard "restricted", with a read-only root and the user of the image."""
    user = int(re.findall(r"^USER (\d+):\1$", DOCKERFILE, re.MULTILINE)[0])
    ids = [POD["securityContext"][name] for name in ("runAsUser", "runAsGroup", "fsGroup")]
    assert ids == [user] * 3
    assert POD["securityContext"]["runAsNonRoot"]
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    rights = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert CONTAINER["securityContext"] == rights
    assert not POD["automountServiceAccountToken"]


def test_one_pod_always_serves() -> None:
    """An upgrade or a drained node stops at most one of the pods."""
    deployment = RESOURCES["Deployment", "snap-token"]
    budget = RESOURCES["PodDisruptionBudget", "snap-token"]
    assert deployment["replicas"] > budget["maxUnavailable"] == 1
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
