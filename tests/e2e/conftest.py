import gzip
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import holdfast  # noqa: E402  (found by the line above)


def pytest_sessionstart(session):
    for name in ("holdfastd", "zonectl"):
        if not (holdfast.BIN / name).exists():
            raise pytest.UsageError(f"{holdfast.BIN / name} is missing: build preset release first")


@pytest.fixture
def make_server():
    """Makes servers that are gone when the test ends."""
    servers = []

    def make(zones=None, start=True, **config):
        server = holdfast.Server(zones, **config)
        servers.append(server)
        return server.start() if start else server

    yield make
    problems = [f"{s.dir}: the server was not alive any more:\n{s.log()[-3000:]}"
                for s in servers if s.process is not None and not s.is_alive()
                and s.process.returncode not in (0, -9, None)]
    for server in servers:
        server.close()
    assert not problems, problems


@pytest.fixture
def server(make_server):
    """A server that holds the zone, without content."""
    return make_server().add_zone()


@pytest.fixture(scope="session")
def root_zone():
    path = holdfast.CHECKOUT / "tests/data/root.zone.gz"
    return gzip.decompress(path.read_bytes()).decode("ascii")
