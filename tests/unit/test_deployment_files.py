"""The files for deploying name the settings that the code reads, and keep the containers' promises.

They are read as plain text: a YAML parser would be a dependency for this alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from discord_double import defaults

from customer_agent.settings import AgentSettings
from escalation_worker.settings import WorkerSettings
from mcp_gateway.settings import GatewaySettings
from shared.settings import ProcessSettings, load

ROOT: Final = Path(__file__).parents[2]
SETTINGS: Final[dict[str, type[ProcessSettings]]] = {
    "gateway": GatewaySettings,
    "worker": WorkerSettings,
    "agent": AgentSettings,
}
TARGETS: Final = {"gateway", "worker", "agent", "discord-double"}


def names_of(settings: type[ProcessSettings]) -> set[str]:
    return {name.upper() for name in settings.model_fields}


def assignments(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def services() -> dict[str, str]:
    """Cut docker-compose.yml into its services' texts."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    body = text.split("\nservices:\n", 1)[1].split("\nnetworks:\n", 1)[0]
    parts = re.split(r"^  ([a-z-]+):\n", body, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def container_variables(service: str) -> set[str]:
    return set(re.findall(r"^      ([A-Z_]+):", services()[service], flags=re.MULTILINE))


def stages() -> dict[str, tuple[str, str]]:
    """Map each stage of the Dockerfile to the stage it stands on and its lines."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    parts = re.split(r"^FROM (\S+) AS (\S+)$", text, flags=re.MULTILINE)[1:]
    return {
        name: (base, body)
        for base, name, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    }


def test_the_example_names_every_setting() -> None:
    wanted = set[str]().union(*map(names_of, SETTINGS.values()))
    assert wanted - assignments(".env.example").keys() == set()


def test_the_example_names_nothing_that_no_process_reads() -> None:
    read = set[str]().union(*map(names_of, SETTINGS.values()))
    handed_on = set[str]().union(*(container_variables(service) for service in SETTINGS))
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    interpolated = set(re.findall(r"\$\{([A-Z_]+)", compose))
    assert assignments(".env.example").keys() - read - handed_on - interpolated == set()


@pytest.mark.parametrize("process", SETTINGS)
def test_the_example_states_the_defaults(
    process: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # no .env of the developer's own
    for name in assignments(".env.example"):
        monkeypatch.delenv(name, raising=False)
    defaults_only = load(SETTINGS[process])
    for name, value in assignments(".env.example").items():
        monkeypatch.setenv(name, value)
    assert load(SETTINGS[process]) == defaults_only


@pytest.mark.parametrize("process", SETTINGS)
def test_compose_hands_every_setting_to_its_process(process: str) -> None:
    assert names_of(SETTINGS[process]) - container_variables(process) == set()


@pytest.mark.parametrize("service", sorted(TARGETS))
def test_an_image_runs_as_an_ordinary_user_and_tells_its_health(service: str) -> None:
    base, body = stages()[service]
    assert base == "run"
    assert re.search(r"^USER [1-9][0-9]*:[1-9][0-9]*$", body, flags=re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .* CMD \[", body, flags=re.MULTILINE)
    assert re.search(r"^ENTRYPOINT \[", body, flags=re.MULTILINE)


def test_an_image_installs_only_what_is_pinned_and_hashed() -> None:
    for part in TARGETS:
        _, body = stages()[f"{part}-build"]
        assert f"--require-hashes -r constraints/{part}.txt" in body
        assert (ROOT / "constraints" / f"{part}.txt").is_file()


def test_compose_runs_each_image_hardened() -> None:
    for name, text in services().items():
        template = "every-service" if name == "redis" else "our-service"
        assert f"<<: *{template}" in text, name
        assert "mem_limit:" in text, name
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    for line in ("cap_drop: [ALL]", "no-new-privileges:true", "read_only: true", "init: true"):
        assert line in compose
    assert "privileged: true" not in compose
    assert "container_name" not in compose, "two containers of a service can't share a name"


def test_redis_can_be_reached_by_gateway_and_worker_only() -> None:
    networks = {
        name: {
            each for line in re.findall(r"networks: \[(.*)\]", text) for each in line.split(", ")
        }
        for name, text in services().items()
    }
    assert networks["redis"] == {"backend"}
    assert {name for name, on in networks.items() if "backend" in on} == {
        "redis",
        "gateway",
        "worker",
    }
    assert {name for name, on in networks.items() if "agents" in on} == {"gateway", "agent"}
    assert "ports:" not in services()["redis"]


def test_ports_are_open_to_this_host_only() -> None:
    for name, text in services().items():
        for port in re.findall(r'ports: \["(.*)"\]', text):
            assert re.match(r"(\$\{[A-Z_]+:-)?127\.0\.0\.1:", str(port)), name


def test_the_offline_settings_name_the_cast_of_the_double() -> None:
    offline = assignments("offline.env")
    assert offline["DISCORD_TOKEN"] == defaults.BOT_TOKEN
    assert offline["DISCORD_CHANNEL_ID"] == str(defaults.CHANNEL_ID)
    assert offline["DISCORD_USER_ID"] == str(defaults.MAYA_ID)
    assert offline["DISCORD_OPERATOR_ROLE_IDS"] == str(defaults.OPERATOR_ROLE_ID)
    assert f":{defaults.PORT}/" in offline["DISCORD_API_BASE"]
    assert len(offline["GATEWAY_API_KEY"]) >= 16


def test_the_documented_redis_user_may_run_every_command_of_the_scripts() -> None:
    scripts = (ROOT / "shared" / "redis_adapter" / "lua").glob("*.lua")
    used = {
        str(name).lower()
        for script in scripts
        for name in re.findall(r"redis\.call\('([A-Z]+)'", script.read_text("utf-8"))
    }
    (rights,) = re.findall(
        r"^ACL SETUSER .*$", (ROOT / "docs" / "redis.md").read_text("utf-8"), flags=re.MULTILINE
    )
    assert used
    assert {name for name in used if f"+{name}" not in str(rights).split()} == set()
