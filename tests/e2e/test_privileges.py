"""A server started as root becomes the user that it is told to, binds its ports all the same, and gets nothing back."""

import os
import pathlib
import pwd
import socket
import subprocess

import holdfast
import pytest
from holdfast import CHECKOUT, ZONE, endpoint, full, process_status, wait_for

USER = "nobody"
AS_THE_UNIT = ["setpriv", f"--reuid={USER}", "--regid=nogroup", "--clear-groups",
               "--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service", "--"]


def may_become():
    """Root, with the rights of root, which containers take away."""
    return os.geteuid() == 0 and not subprocess.run([*AS_THE_UNIT, "true"], capture_output=True, check=False).returncode


as_root = pytest.mark.skipif(not may_become(), reason="only root can become another user")


def low_port():
    """One below 1024 that is free."""
    for port in range(1023, 600, -1):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port below 1024")


@pytest.fixture
def dropped(make_server):
    """A server of nobody's, on a port of root's. Its directories are below one that nobody may pass, not write to."""
    server = make_server(start=False, user=USER)
    os.chmod(server.dir, 0o711)
    server.port = low_port()
    server.config |= {"listen": [f"127.0.0.1:{server.port}"], "control": str(server.dir / "run/control.sock")}
    server.control = server.dir / "run/control.sock"
    server.write_config()
    os.chmod(server.config_file, 0o644)
    return server.start().add_zone()


def threads_of(server):
    """Of /proc, for process_status()."""
    return [f"{server.pid}/task/{task}" for task in os.listdir(f"/proc/{server.pid}/task")]


@as_root
def test_every_thread_is_the_users_without_any_capability(dropped):
    dropped.publish(full(1, {"web": endpoint("192.0.2.1")}))
    entry = pwd.getpwnam(USER)
    threads = threads_of(dropped)
    assert len(threads) > 5
    for thread in threads:
        assert set(process_status(thread, "Uid")) == {str(entry.pw_uid)}
        assert set(process_status(thread, "Gid")) == {str(entry.pw_gid)}
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(process_status(thread, kind)[0], 16) == 0, f"{kind} of {process_status(thread, 'Name')}"
        assert process_status(thread, "NoNewPrivs") == ["1"] and "0" not in process_status(thread, "Groups")
    assert dropped.addresses("web") == ["192.0.2.1"]
    assert dropped.ask("web", tcp=True).data("A") == ["192.0.2.1"]


@as_root
def test_what_it_keeps_is_the_users_and_a_restart_finds_it(dropped):
    dropped.publish(full(1, {"web": endpoint("192.0.2.1")}))
    state = pathlib.Path(dropped.config["state"])
    assert {path.owner() for path in (state, *state.iterdir(), dropped.control, dropped.control.parent)} == {USER}
    dropped.kill()
    dropped.start()
    assert dropped.addresses("web") == ["192.0.2.1"]
    dropped.publish(full(2, {"web": endpoint("192.0.2.2")}))


@as_root
def test_a_reload_goes_on_without_roots_rights(dropped):
    dropped.config["zones"] = {ZONE: {"guard": {"min-targets": 2}}}
    dropped.write_config()
    os.chmod(dropped.config_file, 0o644)
    dropped.reload()
    wait_for(lambda: dropped.submit(full(1, {"web": endpoint("192.0.2.1")}), query="dry-run=true").status == 409,
             "the new guard policy is in force")
    assert "needs a restart" not in dropped.log()
    before = len(dropped.log())
    os.chmod(dropped.config_file, 0o600)
    dropped.reload()
    wait_for(lambda: "cannot be read" in dropped.log()[before:], "that it cannot be read is told")
    assert dropped.is_alive()


@as_root
def test_ports_below_1024_are_bound_with_an_ambient_right_that_is_given_up(make_server):
    """As conf/holdfast.service has it: another user, who may bind them."""
    server = make_server(start=False)
    os.chmod(server.dir, 0o777)
    server.port = low_port()
    server.config["listen"] = [f"127.0.0.1:{server.port}"]
    server.wrapper = AS_THE_UNIT
    server.start().add_zone()
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    assert server.addresses("web") == ["192.0.2.1"]
    for thread in threads_of(server):
        for kind in ("CapPrm", "CapEff", "CapAmb"):
            assert int(process_status(thread, kind)[0], 16) == 0, f"{kind} of {process_status(thread, 'Name')}"


def refused_to_start(server):
    done = subprocess.run([holdfast.BIN / "holdfastd", "--config", server.config_file], capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode == 1
    return done.stderr


@as_root
def test_what_is_wrong_is_told(make_server):
    server = make_server(start=False, user="no-such-user")
    os.chmod(server.dir, 0o711)
    server.write_config()
    assert "user: no-such-user" in refused_to_start(server)
    checked = subprocess.run([holdfast.BIN / "holdfastd", "--check", server.config_file], capture_output=True,
                             text=True, timeout=20, check=False)
    assert checked.returncode == 1 and "user: no-such-user" in checked.stderr
    # Directories of root's.
    server.config["user"] = USER
    server.write_config()
    assert "set control to" in refused_to_start(server)
    server.config["control"] = str(server.dir / "run/control.sock")
    os.chown(server.dir / "state", 0, 0)
    server.write_config()
    assert f"{server.dir}/state" in (told := refused_to_start(server)) and "set state to" in told


@as_root
def test_directories_are_made_with_those_above_them(make_server):
    server = make_server(start=False, user=USER)
    os.chmod(server.dir, 0o711)
    server.config |= {"state": str(server.dir / "a/b/state"), "control": str(server.dir / "c/d/control.sock")}
    server.control = server.dir / "c/d/control.sock"
    server.start().add_zone()
    owners = {path.name: path.owner() for path in map(pathlib.Path, (server.dir / "a", server.dir / "a/b/state",
                                                                     server.dir / "c/d"))}
    assert owners == {"a": "root", "state": USER, "d": USER}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can stay root")
def test_a_server_that_stays_root_warns_of_it(make_server):
    told = [line for line in make_server().log().splitlines() if "runs as root" in line]
    assert len(told) == 1 and "warning" in told[0] and "key=user" in told[0], told


@as_root
def test_one_that_becomes_another_user_has_nothing_to_warn_of(dropped):
    assert "runs as root" not in dropped.log()


@pytest.mark.skipif(os.geteuid() == 0, reason="root can become another user")
def test_only_root_becomes_somebody_else(make_server):
    server = make_server(start=False, user=USER)
    server.write_config()
    assert "only root" in refused_to_start(server)


def test_the_units_sandbox_is_rated_well():
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager",
                           CHECKOUT / "conf/holdfast.service"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
