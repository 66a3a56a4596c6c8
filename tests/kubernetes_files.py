"""The files for Kubernetes in docs/deploy/kubernetes."""

import tomllib
from typing import Any

import yaml

from tests.pages import DEPLOY

FOLDER = DEPLOY / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
SETTINGS_TEXT = (FOLDER / "snap-token.toml").read_text()
SETTINGS = tomllib.loads(SETTINGS_TEXT)
RESOURCES: dict[tuple[str, str], dict[str, Any]] = {
    (resource["kind"], resource["metadata"]["name"]): resource["spec"]
    for name in KUSTOMIZATION["resources"]
    for resource in yaml.safe_load_all((FOLDER / name).read_text())
}
"""The `spec` of each resource, by its kind and name."""
POD = RESOURCES["Deployment", "snap-token"]["template"]["spec"]
(CONTAINER,) = POD["containers"]
(VOLUME,) = (volume["projected"] for volume in POD["volumes"])
