"""Start, stop, reload, and what survives a kill -9."""

import os
import signal
import socket
import sqlite3
import subprocess

import dns
import holdfast
import pytest
from holdfast import ZONE, delta, endpoint, full, process_status, wait_for


def test_after_kill_9_right_after_push_returned_a_restart_serves_that_generation(server):
    """I7, without any plan source being there."""
    for generation in range(1, 9):
        plan = server.write("plan.json", full(generation, {"web": endpoint(f"192.0.2.{generation}")}))
        done = server.zonectl("push", ZONE, plan, "--yes")
        server.kill()
        assert done.returncode == 0, done.stdout + done.stderr
        plan.unlink()
        server.start()
        assert server.served() == generation
        assert server.addresses("web") == [f"192.0.2.{generation}"]


@pytest.mark.parametrize("keeping", [{}, {"history": {"keep": 2, "for": "0s", "refusals": 10},
                                         "good": {"after": "100ms", "keep": 1}},
                                     {"image": {"names": 1, "changes": 1, "pause": "100ms", "disk-reserve": "0"},
                                      "good": {"after": "400ms", "keep": 1}}], ids=["", "cleaning-up", "images"])
def test_a_kill_9_at_any_moment_leaves_a_whole_generation_and_none_older_than_the_last_told(make_server, keeping):
    """Clean-up and promotion run all the time in the second case, images are written in the third."""
    import threading
    server = make_server(**keeping).add_zone()
    names = [f"ep{i}" for i in range(200)]

    def plan(generation):
        return full(generation, {name: endpoint(f"192.0.2.{generation}") for name in names})

    told = 1
    server.publish(plan(1))
    for round_ in range(5):
        pushed = []

        def push():
            try:
                for generation in range(told + 1, told + 30):
                    if server.submit(plan(generation)).status == 200:
                        pushed.append(generation)
            except (OSError, ValueError, AssertionError):
                pass  # killed in the middle

        thread = threading.Thread(target=push)
        thread.start()
        wait_for(lambda: len(pushed) > round_, "some plans are published")
        server.kill()
        thread.join(30)
        server.start()
        served = server.served()
        assert served >= pushed[-1]
        assert {tuple(server.addresses(name)) for name in names} == {(f"192.0.2.{served}",)}
        told = served


def test_the_content_of_a_restart_equals_the_content_before(server):
    from sample import everything
    server.publish(everything(1))
    server.publish(delta(1, {"extra": endpoint("192.0.2.99", pick=1)}, remove=["four-only"]))
    before = server.get(f"/v1/zones/{ZONE}/plans/2", accept="text/dns").text
    server.kill()
    server.start()
    assert server.get(f"/v1/zones/{ZONE}/plans/2", accept="text/dns").text == before
    assert [entry["generation"] for entry in server.history()] == [2, 1]


@pytest.mark.parametrize("damage", ["DELETE FROM entries WHERE sha256 NOT NULL",
                                    "UPDATE entries SET body = x'00' WHERE sha256 NOT NULL",
                                    "UPDATE entries SET body = zeroblob(length(body)) WHERE sha256 NOT NULL"],
                         ids=["missing", "cut-off", "zeroed"])
def test_a_newer_plan_applies_although_the_committed_content_is_missing_or_corrupt(server, damage):
    """I6: no state needs a person to unwedge it."""
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    server.publish(full(2, {"web": endpoint("192.0.2.2")}))
    assert server.terminate() == 0
    with sqlite3.connect(server.dir / "state/plans.db") as store:
        store.execute(damage)
    store.close()
    server.start()
    assert "error" in server.log()
    assert server.ask("web").rcode == dns.SERVFAIL  # and not NXDOMAIN, which resolvers would believe
    # What it was a change of is not there; and the fence holds all the same.
    assert server.submit(delta(2, {"web": endpoint("192.0.2.3")}, ["@ 60 IN NS ns1.example.org."])).status == 409
    assert server.refused(full(2, {"web": endpoint("192.0.2.2")})).rules >= {"stale-generation"}
    server.publish(full(3, {"web": endpoint("192.0.2.3")}))
    assert server.addresses("web") == ["192.0.2.3"]
    server.kill()
    server.start()
    assert server.addresses("web") == ["192.0.2.3"]


def test_sigterm_ends_with_status_0_and_answers_what_it_has_received(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    message = dns.query(f"web.{ZONE}")
    with socket.create_connection(("127.0.0.1", server.port), 5) as sock:
        sock.sendall(len(message).to_bytes(2, "big") + message)
        assert dns.parse(dns.receive_exactly(sock, int.from_bytes(dns.receive_exactly(sock, 2), "big"))).answer
        sock.sendall(len(message).to_bytes(2, "big") + message)
        os.kill(server.pid, signal.SIGTERM)
        size = int.from_bytes(dns.receive_exactly(sock, 2), "big")
        assert dns.parse(dns.receive_exactly(sock, size)).answer
    assert server.process.wait(20) == 0


def test_sigint_ends_with_status_0(server):
    os.kill(server.pid, signal.SIGINT)
    assert server.process.wait(20) == 0


def test_after_sigterm_ports_and_socket_are_free_for_the_next_start(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    assert server.terminate() == 0
    server.start()
    assert server.served() == 1


def test_a_second_server_on_the_same_state_is_turned_away_and_the_first_goes_on(server, make_server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    second = make_server(start=False)
    second.config["state"] = server.config["state"]
    second.write_config()
    done = subprocess.run([holdfast.BIN / "holdfastd", "--config", second.config_file], capture_output=True,
                          text=True, timeout=20, check=False)
    assert done.returncode != 0 and server.config["state"] in done.stderr + done.stdout
    assert server.addresses("web") == ["192.0.2.1"]


def test_a_port_in_use_is_one_clear_message(server, make_server):
    second = make_server(start=False)
    second.config["metrics"] = server.config["metrics"]
    second.write_config()
    done = subprocess.run([holdfast.BIN / "holdfastd", "--config", second.config_file], capture_output=True,
                          text=True, timeout=20, check=False)
    assert done.returncode == 1 and server.config["metrics"] in done.stderr + done.stdout


def test_sighup_takes_over_a_good_configuration(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1", "192.0.2.2")}))
    server.config["zones"] = {ZONE: {"guard": {"min-targets": 2}}}
    server.write_config()
    server.reload()
    wait_for(lambda: server.submit(delta(1, {"web": endpoint("192.0.2.1")}), query="dry-run=true").status == 409,
             "the new guard policy is in force")
    assert server.is_alive() and server.addresses("web") == ["192.0.2.1", "192.0.2.2"]


def test_sighup_starts_and_stops_enactors(server):
    (server.dir / "plans").mkdir()
    server.write("plans/one.json", full(1, {"web": endpoint("192.0.2.1")}))
    server.config["zones"] = {ZONE: {"enactors": [{"watch": str(server.dir / "plans")}]}}
    server.write_config()
    server.reload()
    wait_for(lambda: server.served() == 1, "the Enactor brought its plan")


def test_sighup_with_a_bad_configuration_is_told_and_the_old_one_stays(make_server):
    server = make_server({ZONE: {"guard": {"min-targets": 2}}})
    server.request("PUT", f"/v1/zones/{ZONE}")
    server.publish(full(1, {"web": endpoint("192.0.2.1", "192.0.2.2")}))
    server.config_file.write_text("zones: {us-east-1.example.net: {guard: {min-targest: 1}}}\n")
    server.reload()
    wait_for(lambda: "min-targest" in server.log(), "the bad key is in the log")
    assert server.is_alive()
    assert server.refused(delta(1, {"web": endpoint("192.0.2.1")})).rules == {"floor"}
    server.config_file.unlink()
    server.reload()
    assert server.addresses("web") == ["192.0.2.1", "192.0.2.2"] and server.is_alive()


def test_threads_say_what_they_are_for_and_those_behind_give_way_to_answers(make_server, tmp_path):
    """As top -H shows it: the name, and how nice."""
    server = make_server(zones={ZONE: {"enactors": [{"watch": str(tmp_path)}]}})
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))

    def nice():
        found = {}
        for task in os.listdir(f"/proc/{server.pid}/task"):
            name = process_status(f"{server.pid}/task/{task}", "Name")
            found.setdefault(" ".join(name).rstrip("0123456789"), set()).add(
                os.getpriority(os.PRIO_PROCESS, int(task)))
        return found

    usual = os.getpriority(os.PRIO_PROCESS, server.pid)
    behind = ("work pool", "upkeep", "reclaim", "supervisor", "enactor")
    wanted = {name: {usual} for name in ("holdfastd", "udp-", "tcp-")} | dict.fromkeys(behind, {min(19, usual + 5)})
    wait_for(lambda: nice() == wanted, lambda: f"{nice()} is {wanted}")


def test_readiness_and_stopping_are_told_to_systemd(make_server):
    server = make_server(start=False)
    server.write_config()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(server.dir / "notify"))
        notify.settimeout(20)
        with open(server.log_file, "ab") as log:
            server.process = subprocess.Popen(
                [holdfast.BIN / "holdfastd", "--config", server.config_file], stdout=log, stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": str(server.dir / "notify")})
        said = ""
        while "READY=1" not in said:
            said += notify.recv(4096).decode() + "\n"
        assert server.get("/v1/status").status == 200  # ready means ready
        assert server.terminate() == 0
        notify.settimeout(1)
        try:
            while True:
                said += notify.recv(4096).decode() + "\n"
        except TimeoutError:
            pass
    assert "STOPPING=1" in said


def check_config(tmp_path, text):
    path = tmp_path / "holdfast.yaml"
    path.write_text(text)
    return subprocess.run([holdfast.BIN / "holdfastd", "--check", path], capture_output=True, text=True,
                          timeout=20, check=False)


def test_the_sample_configuration_is_valid():
    done = subprocess.run([holdfast.BIN / "holdfastd", "--check", holdfast.CHECKOUT / "conf/holdfast.yaml"],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("text, line, part", [
    ("threads: 2\nlisten: [\"127.0.0.1:5300\"]\ntreads: 2\n", 3, "threads"),
    ("zones:\n  example.net:\n    guard:\n      min-target: 2\n", 4, "min-targets"),
    ("zones:\n  example.net:\n    gaurd: {}\n", 3, "guard"),
    ("metrics: nonsense\n", 1, "metrics"),
    ("threads: [1, 2]\n", 1, "threads"),
    ("listen: [\"127.0.0.1:99999\"]\n", 1, "99999"),
    ("zones:\n  example.net:\n    guard: {ttl: [3600, 1]}\n", 3, "ttl"),
    ("listen: [\"127.0.0.1:5300\"\nthreads: 2\n", None, ""),
], ids=["unknown-key", "unknown-guard-key", "unknown-zone-key", "no-address", "wrong-type", "port-too-large",
        "range-backwards", "not-yaml"])
def test_a_bad_configuration_is_told_with_its_line_and_a_suggestion(tmp_path, text, line, part):
    done = check_config(tmp_path, text)
    told = done.stdout + done.stderr
    assert done.returncode == 1 and part in told, done
    assert "holdfast.yaml" in told and (line is None or f"holdfast.yaml:{line}" in told)


def test_a_configuration_that_is_missing_or_empty_is_an_error_not_all_defaults(tmp_path):
    assert check_config(tmp_path, "").returncode == 1
    done = subprocess.run([holdfast.BIN / "holdfastd", "--config", tmp_path / "nowhere.yaml"],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1 and "nowhere.yaml" in done.stdout + done.stderr


def test_a_bad_command_line_is_a_usage_error():
    for program in ("holdfastd", "zonectl"):
        done = subprocess.run([holdfast.BIN / program, "--no-such-option"], capture_output=True, text=True,
                              timeout=20, check=False)
        assert done.returncode == 2 and done.stderr, (program, done)


def test_more_zones_than_the_limit_are_added_by_the_configuration_only(make_server):
    server = make_server({"one.example": {}}, limits={"zones": 2})
    assert server.request("PUT", "/v1/zones/two.example").status == 200
    assert server.request("PUT", "/v1/zones/two.example").status == 200, "it is held"
    over = server.request("PUT", "/v1/zones/three.example")
    assert over.status == 409 and "limits.zones" in over.json["error"] and server.status("three.example") is None
    assert 'holdfast_limit{key="limits.zones"} 2' in server.metrics()
    server.config["zones"]["four.example"] = {}
    server.write_config()
    server.reload()
    wait_for(lambda: server.status("four.example"), "the configuration is not held to it")
    server.config["limits"]["zones"] = 4
    server.write_config()
    server.reload()
    wait_for(lambda: server.request("PUT", "/v1/zones/three.example").status == 200, "there is room after a reload")
