import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent / "e2e")]

import holdfast  # noqa: E402  (found by the line above)


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=1, help="what chance decides: sizes, delays, who is slow")


def pytest_sessionstart(session):
    if not (holdfast.BIN / "holdfastd").exists():
        raise pytest.UsageError(f"{holdfast.BIN / 'holdfastd'} is missing: build preset release first")


@pytest.fixture
def seed(request):
    return request.config.getoption("--seed")
