"""What deploys us is held to the official schemas, and agrees with the settings, commands and ports of the code."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest
import yaml
from playwright._impl._driver import compute_driver_executable
from typer.testing import CliRunner

from daemon.__main__ import app
from daemon.secret_files import secret_names
from daemon.settings import Settings
from daemon.worker import SLOTS
from mockbank.__main__ import cli
from schema.states import DUE, Queue

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SCHEMAS = Path(__file__).parent / "schemas"
COMPOSE = [DEPLOY / "compose.yml", DEPLOY / "compose.secrets.yml"]
MANIFESTS = sorted((DEPLOY / "kubernetes").rglob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
NOT_IN_OUR_SCHEMAS: Final = {"Kustomization", "ExternalSecret"}
"""Kinds that no registry had a current schema of; kubectl reads the first, nothing here the second."""

LONGEST_LEASE_S: Final = max(due.lease_s for due in DUE.values())
WORKERS: Final = {
    Queue.DOCUMENTS: "worker-documents",
    Queue.REASONING: "worker-reasoning",
    Queue.BROWSER: "playwright-worker",
}
SETTINGS: Final = {name.upper() for name in Settings.model_fields}
ALLOWED: Final = SETTINGS | {f"{name.upper()}_FILE" for name in secret_names(Settings)} | {"HOME"}


def load(path: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


def compose() -> dict[str, Any]:
    return load(COMPOSE[0])[0]["services"]  # type: ignore[no-any-return]


def objects() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in MANIFESTS:
        for each in load(path):
            yield path, each


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for _, each in objects():
        if each["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", ()), *pod["containers"]]


def complaints(schema: dict[str, Any], what: Any) -> list[str]:
    validator = jsonschema_rs.validator_for(schema)
    return [f"{'/'.join(map(str, e.instance_path))}: {e.message}" for e in validator.iter_errors(what)]


def schema_of(kind: str) -> dict[str, Any]:
    keda = json.loads((SCHEMAS / "keda.json").read_text())
    if kind in keda:
        return keda[kind]  # type: ignore[no-any-return]
    kubernetes = json.loads((SCHEMAS / "kubernetes.json").read_text())
    return {"$ref": f"#/$defs/{kubernetes['kinds'][kind]}", "$defs": kubernetes["$defs"]}


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_a_compose_file_is_one_by_the_specification(path: Path) -> None:
    schema = json.loads((SCHEMAS / "compose-spec.json").read_text())
    (file,) = load(path)
    # The schema sees what the variables stand for, never the variables.
    assert complaints(schema, file) == []
    assert complaints(schema, file | {"services": {"app": {"imagine": "that"}}}) != []


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_manifest_holds_objects_of_kubernetes(path: Path) -> None:
    found = load(path)
    assert found
    for each in found:
        if each["kind"] not in NOT_IN_OUR_SCHEMAS:
            assert complaints(schema_of(each["kind"]), each) == []
            assert complaints(schema_of(each["kind"]), each | {"spec": {"imagine": "that"}}) != []


def test_a_kustomization_lists_every_file_beside_it() -> None:
    for path in (DEPLOY / "kubernetes").rglob("kustomization.yaml"):
        listed = {name for name in load(path)[0]["resources"] if not name.startswith("..")}
        assert listed == {each.name for each in path.parent.glob("*.yaml")} - {path.name}


def test_kustomize_writes_into_nobody_elses_selectors() -> None:
    (base,) = load(DEPLOY / "kubernetes" / "base" / "kustomization.yaml")
    assert [labels["includeSelectors"] for labels in base["labels"]] == [False]


def test_compose_has_the_services_its_users_ask_for() -> None:
    wanted = {"app", "daemon", "worker", "playwright-worker", "postgres", "redis", "minio", "mock-bank"}
    assert wanted <= set(compose())


def test_every_setting_of_a_deployment_exists() -> None:
    ours = {"app", "daemon", "worker", "playwright-worker", "migrate", "chromium"}
    named = {name for service in ours for name in compose()[service].get("environment", ())}
    named |= set(load(COMPOSE[1])[0]["x-files"])
    named |= {
        env["name"]
        for name, pod in pods()
        if name not in ("postgres", "redis")
        for container in containers(pod)
        for env in container.get("env", ())
    }
    base = DEPLOY / "kubernetes" / "base"
    for file in ("settings.env", "secret-files.env"):
        named |= set(re.findall(r"^([A-Z_]+)=", (base / file).read_text(), re.MULTILINE))
    for words in re.findall(r"^ENV (.+(?:\\\n.+)*)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE):
        named |= set(re.findall(r"\b([A-Z_]+)=", words))
    outside = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    assert {name for name in named - ALLOWED - outside if not name.startswith("MOCKBANK_")} == set()


def test_the_mock_banks_settings_exist() -> None:
    texts = [path.read_text() for path in (*COMPOSE, DEPLOY / "Dockerfile")]
    named = {name for text in texts for name in re.findall(r"MOCKBANK_[A-Z_]+", text)}
    assert named
    assert named <= set(
        re.findall(r"MOCKBANK_[A-Z_]+", CliRunner().invoke(cli, ["--help"], env={"COLUMNS": "300"}).output)
    )


def test_every_secret_may_be_a_file_in_compose_and_kubernetes() -> None:
    """But the two addresses, which hold a password only for who writes them by hand."""
    wanted = {f"{name.upper()}_FILE" for name in secret_names(Settings)} - {
        "DATABASE_URL_FILE",
        "REDIS_URL_FILE",
    }
    env = (DEPLOY / "kubernetes" / "base" / "secret-files.env").read_text()
    assert set(re.findall(r"^([A-Z_]+)=", env, re.MULTILINE)) == wanted
    assert set(load(COMPOSE[1])[0]["x-files"]) == wanted


def test_every_command_of_a_container_exists() -> None:
    commands = [
        service["command"]
        for service in compose().values()
        if service.get("image", "").endswith(("-app", "-worker")) and "entrypoint" not in service
    ]
    commands += [
        c["args"] for _, pod in pods() for c in containers(pod) if "args" in c and "command" not in c
    ]
    for command in commands:
        if command:
            assert CliRunner().invoke(app, [*command, "--help"]).exit_code == 0


def test_the_browsers_container_starts_the_driver_that_is_installed() -> None:
    (sidecar,) = [c for _, pod in pods() for c in containers(pod) if c["name"] == "chromium"]
    installed = [
        str(Path(part).relative_to(Path(sys.prefix).resolve())) for part in compute_driver_executable()
    ]
    for command in (compose()["chromium"]["entrypoint"], sidecar["command"]):
        assert command == [f"/opt/countersign/.venv/{part}" for part in installed]


def test_each_queue_has_a_worker_wherever_we_run() -> None:
    def queues(commands: list[list[str]]) -> set[str]:
        return {word for words in commands for option, word in pairwise(words) if option == "--queue"}

    assert queues([service.get("command") or [] for service in compose().values()]) == set(Queue)
    assert queues([c.get("args") or [] for _, pod in pods() for c in containers(pod)]) == set(Queue)


def test_whoever_is_told_to_stop_has_the_time_to_finish() -> None:
    for name in ("worker", "playwright-worker"):
        assert int(compose()[name]["stop_grace_period"].removesuffix("s")) > LONGEST_LEASE_S
    graces = {name: pod["terminationGracePeriodSeconds"] for name, pod in pods()}
    assert all(graces[name] > LONGEST_LEASE_S for name in WORKERS.values())
    unit = (DEPLOY / "systemd" / "countersign-worker@.service").read_text()
    assert int(re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[0]) > LONGEST_LEASE_S


def test_every_container_is_locked_down() -> None:
    for name, service in compose().items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
    for name, pod in pods():
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        for container in containers(pod):
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"], name
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["capabilities"] == {"drop": ["ALL"]}, name


def test_only_the_app_has_a_door_to_the_outside() -> None:
    assert [name for name, service in compose().items() if "ports" in service] == ["app"]
    assert compose()["app"]["ports"] == ["127.0.0.1:8080:8080"]
    assert [name for name, service in compose().items() if "outside" in service.get("networks", ())] == [
        "app",
        "daemon",
        "worker",
    ]
    assert compose()["playwright-worker"]["networks"] == ["inside", "bank"]


def test_kubernetes_denies_what_it_does_not_name() -> None:
    policies = {
        each["metadata"]["name"]: each["spec"] for _, each in objects() if each["kind"] == "NetworkPolicy"
    }
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    bank = policies["the-bank"]["podSelector"]["matchLabels"]
    assert bank == {"app.kubernetes.io/component": "playwright-worker"}
    (outside,) = policies["the-outside"]["podSelector"]["matchExpressions"]
    assert not {"playwright-worker", "worker-documents"} & set(outside["values"])


def test_what_scales_is_there_and_has_a_budget() -> None:
    deployments = {each["metadata"]["name"] for _, each in objects() if each["kind"] == "Deployment"}
    scaled = {
        each["spec"]["scaleTargetRef"]["name"] for _, each in objects() if each["kind"] == "ScaledObject"
    }
    budgets = {each["metadata"]["name"] for _, each in objects() if each["kind"] == "PodDisruptionBudget"}
    assert scaled == set(WORKERS.values())
    assert budgets == deployments


@pytest.mark.parametrize("queue", Queue)
def test_keda_counts_the_states_of_the_queue(queue: Queue) -> None:
    (trigger,) = trigger_of(queue)
    assert set(re.findall(r"'([a-z]+)'", trigger["query"])) == {
        s for s, due in DUE.items() if due.queue is queue
    }
    assert trigger["targetQueryValue"] == str(SLOTS[queue])


def trigger_of(queue: Queue) -> list[dict[str, str]]:
    scaling = load(DEPLOY / "kubernetes" / "scaled" / "scaling.yaml")
    return [
        trigger["metadata"]
        for each in scaling
        if each["metadata"]["name"] == WORKERS[queue]
        for trigger in each["spec"]["triggers"]
    ]


def test_the_mock_bank_and_the_sandbox_are_in_no_image_of_the_product() -> None:
    stages = re.split(r"^FROM ", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]
    bank = [stage.split()[2] for stage in stages if re.search(r"^COPY mockbank", stage, re.MULTILINE)]
    assert bank == ["mock-bank"]
    assert not any(re.search(r"^COPY (?:\.|sandbox|tests)\b", stage, re.MULTILINE) for stage in stages)
    finals = {stage.split()[2]: stage for stage in stages}
    for target in {service["build"]["target"] for service in compose().values() if "build" in service}:
        assert re.search(r"^USER 10001$", finals[target], re.MULTILINE)
        assert re.search(r"^HEALTHCHECK ", finals[target], re.MULTILINE)


def test_the_seccomp_profile_is_flat_as_every_engine_reads_it() -> None:
    profile = json.loads((DEPLOY / "seccomp-chromium.json").read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert {"clone", "unshare", "chroot"} <= set(profile["syscalls"][0]["names"])
    assert not {"mount", "ptrace", "bpf", "setns", "keyctl"} & set(profile["syscalls"][0]["names"])
    assert {key for rule in profile["syscalls"] for key in rule} <= {"names", "action", "args"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_of_systemd_exposes_little(unit: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    args = ["systemd-analyze", "security", "--offline=true", "--threshold=40", "--no-pager", str(unit)]
    done = subprocess.run(args, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout[-300:]
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    said = [line for line in verified.stderr.splitlines() if unit.stem.rstrip("@") in line]
    assert [line for line in said if "is not executable" not in line] == []


def test_units_of_systemd_are_hardened_alike() -> None:
    for unit in UNITS:
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.read(unit)
        service = parser["Service"]
        assert (service["ProtectSystem"], service["CapabilityBoundingSet"]) == ("strict", "")
        assert service["NoNewPrivileges"] == service["ProtectClock"] == "true"
