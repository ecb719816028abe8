"""The containers are the herd of the packaged configuration; scripts/compose-test runs them."""

import re
from pathlib import Path

import pytest

from herd.config.load import load_config
from herd.config.model import Config, Server

ROOT = Path(__file__).parent.parent
SERVICES = (ROOT / "compose.yaml").read_text().partition("\nservices:\n")[2].partition("\nnetworks:\n")[0]
NAMES = ["Alford", "Ball", "Hamilton", "Holiday", "Welsh"]


@pytest.fixture(scope="module")
def contained() -> Config:
    return load_config(ROOT / "conf/compose.toml")


def test_the_containers_have_the_packaged_names_ports_and_neighbors(contained: Config) -> None:
    def told(server: Server) -> tuple[str, int, int, tuple[str, ...]]:
        return server.name, server.clients.dial.port, server.links.dial.port, server.neighbors

    assert list(map(told, contained.servers)) == list(map(told, load_config(None).servers))


def test_there_is_a_service_for_each_server_and_no_other() -> None:
    assert re.findall(r"(?m)^  (\w+):$", SERVICES) == [name.lower() for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_a_server_listens_everywhere_in_its_container_and_is_dialed_at_its_service(
    contained: Config, name: str
) -> None:
    server = contained.server(name)
    for endpoint in (server.clients, server.links):
        assert endpoint.listen.host == "0.0.0.0"
        assert endpoint.listen.port == endpoint.dial.port
        assert endpoint.dial.host == name.lower()


@pytest.mark.parametrize("name", NAMES)
def test_a_service_runs_its_server_and_publishes_its_client_port_on_loopback(
    contained: Config, name: str
) -> None:
    port = contained.server(name).clients.dial.port
    service = re.split(rf"(?m)^  {name.lower()}:$", SERVICES)[1].split("\n\n")[0]
    assert f'command: ["--name", "{name}"]' in service
    assert f'ports: ["127.0.0.1:${{HERD_PORT_{name.upper()}:-{port}}}:{port}"]' in service
    assert f'"{name.lower()}:/var/lib/herd"' in service
