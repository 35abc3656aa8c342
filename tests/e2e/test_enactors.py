"""Enactor plugins in the real server: one that somebody else built, and those that break the contract."""

import json
import os
import shutil
import socket
import subprocess

import pytest

from holdfast import BIN, CHECKOUT, ZONE, endpoint, full, wait_for

BAD_PLUGINS = BIN.parent / "tests/plugin/enactors"


@pytest.fixture(scope="module")
def foreign_plugins(tmp_path_factory):
    """The directory of the socket Enactor, built out of tree on nothing but what is installed."""
    place = tmp_path_factory.mktemp("out-of-tree")
    prefix, source, build = place / "prefix", place / "source", place / "build"
    shutil.copytree(CHECKOUT / "tests/plugin/out_of_tree", source)
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "share/pkgconfig")}
    for command in (["cmake", "--install", BIN.parent, "--component", "enactor-development", "--prefix", prefix],
                    ["cmake", "-S", source, "-B", build, "-G", "Ninja"], ["cmake", "--build", build]):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120,
                              check=False, env=environment)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert sorted(path.name for path in prefix.rglob("*") if path.is_file()) == \
        ["holdfast-enactor.pc", "holdfast_enactor.h"]
    return build


def enactors(server):
    return {entry["name"]: entry for entry in server.get("/v1/status").json["enactors"]}


def send(path, body):
    """What the socket Enactor answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(30)
        connection.connect(str(path))
        connection.sendall(body)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(1000).decode()


def test_an_enactor_built_out_of_tree_publishes(make_server, foreign_plugins):
    server = make_server(start=False, plugins=str(foreign_plugins))
    path = server.dir / "plans.sock"
    server.config["zones"] = {ZONE: {"enactors": [{"socket": str(path), "max-size": 100000}]}}
    server.start()
    wait_for(path.exists, "the Enactor listens")

    def plan(generation, *addresses):
        return json.dumps(full(generation, {"web": endpoint(*addresses)})).encode()

    assert send(path, plan(7, "192.0.2.7")) == "published 7\n"
    assert server.addresses("web") == ["192.0.2.7"]
    assert send(path, plan(6, "192.0.2.6")).startswith("refused by stale-generation: ")
    assert send(path, b"{}").startswith("refused by invalid: ")
    assert send(path, b"") == "failed: no plan came\n"
    assert send(path, b" " * 200000) == "failed: the plan is over max-size\n"
    assert server.addresses("web") == ["192.0.2.7"]
    entry = enactors(server)[f"socket:{path}"]
    assert entry["state"] == "running" and entry["healthy"], entry
    assert (entry["submitted"], entry["published"], entry["refused"]) == (3, 1, 3), entry
    assert entry["last_outcome"] == "refused by invalid" and entry["last_at"], entry
    labels = f'zone="{ZONE}.",enactor="socket:{path}"'
    assert f'holdfast_enactor_state{{{labels},state="running"}} 1' in server.metrics()
    assert server.terminate() == 0
    assert not path.exists(), "the Enactor was stopped and destroyed in order"


def test_check_says_where_an_enactor_is_wrong(make_server, foreign_plugins):
    def check(enactor, plugins=foreign_plugins):
        server = make_server(start=False, plugins=str(plugins))
        server.config_file.write_text(
            f"plugins: {server.config['plugins']}\nlimits: {{enactor-call: 200ms}}\nzones:\n  {ZONE}:\n    enactors:\n"
            f"      - {json.dumps(enactor)}\n")
        done = subprocess.run([BIN / "holdfastd", "--check", server.config_file], capture_output=True, text=True,
                              timeout=30, check=False)
        place = f"holdfastd: {server.config_file}:6:9: zones.{ZONE}.enactors[0]: "
        assert done.stderr.startswith(place) == bool(done.returncode), done
        return done.returncode, done.stderr[len(place):]

    assert check({"socket": "/run/plans.sock"}) == (0, "")
    status, error = check({"socket": "plans.sock"})
    assert status == 1 and error.startswith('socket:plans.sock: "plans.sock" is no absolute path'), error
    status, error = check({"socket": "/run/plans.sock", "max": "1"})
    assert status == 1 and 'unknown option "max"' in error, error
    status, error = check({"sokcet": "/run/plans.sock"})
    assert status == 1 and f"{foreign_plugins}/holdfast_enactor_sokcet.so: is missing" in error, error
    status, error = check({"hang": "create", "until": "/nonexistent"}, BAD_PLUGINS)
    assert status == 1 and "hangs in create" in error, error
    status, error = check({"thrower": "x"}, BAD_PLUGINS)
    assert status == 1 and "threw while it was loaded: loading is odd" in error, error
    status, error = check({"wrong_abi": "x"}, BAD_PLUGINS)
    assert status == 1 and "wrong_abi.so: speaks Enactor ABI 2, this server speaks 1" in error, error


def misbehaving(make_server, *specs, **limits):
    server = make_server(start=False, plugins=str(BAD_PLUGINS), limits={"enactor-call": "300ms", **limits})
    server.config["zones"] = {ZONE: {"enactors": list(specs)}}
    server.start()
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    return server


def serves(server, generation):
    server.publish(full(generation, {"web": endpoint(f"192.0.2.{generation}")}))
    return server.addresses("web") == [f"192.0.2.{generation}"]


def test_an_enactor_that_hangs_blocks_no_reload_and_no_end(make_server):
    server = misbehaving(make_server, {"hang": "start", "until": "/nonexistent"},
                         {"hang": "stop", "until": "/nonexistent"})
    wait_for(lambda: enactors(server)["hang:start"]["state"] == "hung", "the one is told of as hung")
    assert enactors(server)["hang:stop"]["state"] == "running"
    server.config["zones"] = {ZONE: {}}
    server.write_config()
    server.reload()
    wait_for(lambda: "reloaded" in server.log(), "the reload is done")
    wait_for(lambda: enactors(server)["hang:stop"]["state"] == "hung", "the other is told of as hung")
    assert serves(server, 2)
    assert 'enactor="hang:stop",state="hung"} 1' in server.metrics()
    assert server.terminate() == 0
    assert server.log().count("is given up: hangs in") == 2, server.log()


@pytest.mark.parametrize("what", ["throw in create", "throw in start", "throw in run", "throw on a thread",
                                  "terminate on a thread"])
def test_an_enactor_that_throws_takes_nothing_with_it(make_server, what):
    server = misbehaving(make_server, {"odd": what}, {"odd": "other"})
    wait_for(lambda: not enactors(server)[f"odd:{what}"]["healthy"] and
             (" odd" in server.log() or "terminate" in server.log()), "it is told of")
    assert serves(server, 2)
    if "thread" in what:
        assert f'holdfast_enactor_crashes_total{{zone="{ZONE}.",enactor="odd:{what}"}} 1' in server.metrics()
        assert "which stands still from now on" in server.log()
    else:
        assert enactors(server)[f"odd:{what}"]["state"] == "failed"
        assert enactors(server)["odd:other"]["state"] == "running"
    assert server.terminate() == 0


def test_an_enactor_that_throws_while_it_is_loaded_ends_no_server(make_server):
    server = misbehaving(make_server, {"thrower": "x"})
    wait_for(lambda: "threw while it was loaded: loading is odd" in server.log(), "it is told of")
    assert serves(server, 2)
    assert server.terminate() == 0


@pytest.mark.parametrize("what", ["submit", "unreadable", "log", "health", "committed"])
def test_an_enactor_that_floods_is_slowed_down(make_server, what):
    server = misbehaving(make_server, {"flood": what}, **{"enactor-rate": 10, "enactor-burst": 10,
                                                         "enactor-log-lines": 5})
    begun = len(server.history())
    for generation in range(2, 12):
        assert serves(server, generation)
    assert len(server.history()) - begun < 200
    assert server.log().count("flood xxx") < 200
    entry = enactors(server)[f"flood:{what}"]
    assert entry["throttled"] > 0 or what in ("log", "health", "committed"), entry
    assert entry["log_lines_dropped"] > 0 or what != "log", entry
    assert server.terminate() == 0
