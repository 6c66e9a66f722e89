"""compose.yaml and .env.example: well formed, complete, and in words that DonorHub knows.

No Docker is needed; what the containers then do is what the PostgreSQL run of the other tests is for.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml  # type: ignore[import-untyped]
from click.testing import CliRunner

from donorhub.cli import run_command
from donorhub.config import Settings, name_variable

ROOT = Path(__file__).resolve().parents[1]
KNOWN = {name_variable(field.name) for field in fields(Settings)}
OURS = ("migrate", "web", "worker", "timer")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def _faults(document: dict[str, Any]) -> list[str]:
    schema = json.loads((ROOT / "tests/files/compose.schema.json").read_text())
    return [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(document)]


def _env_example() -> dict[str, str]:
    """Every name of .env.example, commented out or not, with its value."""
    lines = re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return dict(lines)


def test_the_compose_file_is_well_formed(compose: dict[str, Any]) -> None:
    assert _faults(compose) == []


@pytest.mark.parametrize("key", ["depend_on", "enviroment", "privileged"])
def test_a_slip_in_a_service_is_noticed(compose: dict[str, Any], key: str) -> None:
    web = compose["services"]["web"] | {key: True}
    assert _faults(compose | {"services": compose["services"] | {"web": web}})


def test_services_wait_for_migration_and_stores(compose: dict[str, Any]) -> None:
    """Whatever serves waits for the migration and for both stores."""
    for name in ("web", "worker", "timer"):
        assert {key: wait["condition"] for key, wait in compose["services"][name]["depends_on"].items()} == {
            "migrate": "service_completed_successfully",
            "postgres": "service_healthy",
            "redis": "service_healthy",
        }


def test_awaited_services_have_health_checks(compose: dict[str, Any]) -> None:
    """Whatever is waited for until it is healthy has a health check."""
    services = compose["services"]
    waits = [
        (key, wait) for service in services.values() for key, wait in service.get("depends_on", {}).items()
    ]
    healthy = {key for key, wait in waits if wait["condition"] == "service_healthy"}
    assert healthy == {"postgres", "redis"}
    assert all("healthcheck" in services[name] for name in healthy)


def test_redis_keeps_its_queue_on_disk(compose: dict[str, Any]) -> None:
    command = compose["services"]["redis"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert compose["services"]["redis"]["volumes"] == ["redis:/data"]


def test_volumes_are_used_and_named(compose: dict[str, Any]) -> None:
    """Every volume is used, and every used volume is named."""
    used = [volume for service in compose["services"].values() for volume in service.get("volumes", [])]
    assert {volume.partition(":")[0] for volume in used} == set(compose["volumes"])


@pytest.mark.parametrize("name", OURS)
def test_service_settings_exist(compose: dict[str, Any], name: str) -> None:
    """Our services are set up by settings that exist, and have those that they need."""
    environment = compose["services"][name]["environment"]
    assert set(environment) <= KNOWN
    assert {"DATABASE_URL", "REDIS_URL", "DONORHUB_SECRET_KEY", "DONORHUB_FIELD_KEY"} <= set(environment)


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_commands_that_exist(compose: dict[str, Any], name: str) -> None:
    program, *words = compose["services"][name]["command"]
    assert program == "donorhub"
    answer = CliRunner().invoke(run_command, [*words, "--help"])
    assert answer.exit_code == 0, answer.output


def test_only_the_one_shot_migration_is_not_restarted(compose: dict[str, Any]) -> None:
    restarts = {name: service["restart"] for name, service in compose["services"].items()}
    assert restarts.pop("migrate") == "no"
    assert set(restarts.values()) == {"unless-stopped"}


def test_no_secret_has_a_value_in_the_files(compose: dict[str, Any]) -> None:
    secrets = {"POSTGRES_PASSWORD", "DONORHUB_SECRET_KEY", "DONORHUB_FIELD_KEY"}
    assert all(_env_example()[name] == "" for name in secrets)
    for service in compose["services"].values():
        for name in secrets & set(service.get("environment", {})):
            assert service["environment"][name] == f"${{{name}:?set it in .env}}"


def test_image_runs_as_ordinary_user(compose: dict[str, Any]) -> None:
    """The image runs as an ordinary user and holds all rooms."""
    image = compose["services"]["web"]["build"]["dockerfile_inline"]
    assert image.rstrip().endswith("USER donorhub")
    copied = set(re.findall(r"^COPY (\w+) \1$", image, re.MULTILINE))
    assert copied == {"donorhub", "importers", "receipts", "webhooks"}


def test_settings_example_is_complete() -> None:
    """The example of settings names every setting and no other."""
    assert set(_env_example()) - {"POSTGRES_PASSWORD"} == KNOWN


def test_every_file_the_image_copies_is_there(compose: dict[str, Any]) -> None:
    image = compose["services"]["web"]["build"]["dockerfile_inline"]
    sources = [word for line in re.findall(r"^COPY (.+)$", image, re.MULTILINE) for word in line.split()[:-1]]
    assert [name for name in sources if not (ROOT / name).exists()] == []
