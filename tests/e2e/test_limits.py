"""Limits for what clients and plans can grow: each is configured by its key, told by its metric, and holds."""

import base64
import http.client
import json
import random
import re
import socket
import subprocess
import threading
import time

import holdfast
import pytest
from holdfast import ZONE, delta, endpoint, full, wait_for

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30,
         "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
GROUPS = ("limits", "history", "good", "image")


def printed_limits(server):
    """What --print-config tells below the groups that limit something: number and unit by key."""
    done = subprocess.run([holdfast.BIN / "holdfastd", "--config", server.config_file, "--print-config"],
                          capture_output=True, text=True, timeout=20, check=True)
    limits, group = {}, None
    for line in done.stdout.splitlines():
        if opened := re.fullmatch(r"([a-z-]+):", line):
            group = opened.group(1)
        elif re.match(r"\S", line) and not line.startswith("#"):
            group = None
        elif group in GROUPS and (value := re.fullmatch(r"  ([a-z-]+): (\d+)([a-zA-Z]*)", line)):
            limits[f"{group}.{value.group(1)}"] = int(value.group(2)), value.group(3)
        else:
            assert group not in GROUPS or line.lstrip().startswith("#"), f"no limit has a value such as this: {line}"
    return limits


def another(number, unit):
    """A value beside the default, in the least unit, and what the metric must tell of it."""
    duration = unit in ("ms", "s", "m", "h", "d")
    amount = round(number * UNITS[unit] * (1000 if duration else 1))
    amount += -1 if amount > 1 else 1
    return (f"{amount}ms", amount / 1000) if duration else (str(amount), amount)


def test_every_limit_that_the_configuration_knows_is_a_metric_with_the_value_configured(make_server):
    server = make_server(start=False)
    server.write_config()
    wanted = {key: another(*value) for key, value in printed_limits(server).items()}
    assert len(wanted) > 30 and {key.split(".")[0] for key in wanted} == set(GROUPS)
    for key, (text, _) in wanted.items():
        group, name = key.split(".")
        server.config.setdefault(group, {})[name] = text
    server.config["zones"] = {ZONE: {"guard": {"max-names": 12_345}}}
    server.start()
    told = {key: float(value) for key, value in
            re.findall(r'^holdfast_limit\{key="([^"]+)"\} (\S+)$', server.metrics(), re.M)}
    assert told == {key: value for key, (_, value) in wanted.items()}
    assert server.metric(f'holdfast_zone_limit{{zone="{ZONE}.",key="guard.max-names"}}') == 12_345


def test_the_names_of_a_zone_are_limited_by_its_key(make_server):
    server = make_server({ZONE: {"guard": {"max-names": 3}}})
    key = f'holdfast_zone_limit{{zone="{ZONE}.",key="guard.max-names"}}'
    server.publish(full(1, {"a": endpoint("192.0.2.1"), "b": endpoint("192.0.2.2")}))
    assert server.metric(key) == 3 and server.metric(f'holdfast_zone_names{{zone="{ZONE}."}}') == 3
    for plan in (delta(1, {"c": endpoint("192.0.2.3")}),
                 full(2, {name: endpoint("192.0.2.9") for name in "abc"})):
        refused = server.refused(plan)
        reason = refused.reason("invalid", f"{ZONE}.")
        assert reason["code"] == "too-many-names", reason
        assert reason["observed"].startswith("4") and reason["limit"].startswith("3"), reason
    assert server.served() == 1 and server.ask("c").is_nxdomain
    assert (server.addresses("a"), server.addresses("b")) == (["192.0.2.1"], ["192.0.2.2"])
    server.config["zones"][ZONE]["guard"]["max-names"] = 4
    server.write_config()
    server.reload()
    wait_for(lambda: server.metric(key) == 4, "the reload is in force")
    server.publish(delta(1, {"c": endpoint("192.0.2.3")}))


def test_removed_zones_are_limited_and_their_fences_stay(make_server):
    server = make_server({"file.example": {}}, limits={"zones-removed": 2})

    def put(zone):
        return server.request("PUT", f"/v1/zones/{zone}")

    def delete(zone, query=""):
        return server.request("DELETE", f"/v1/zones/{zone}?reason=test{query}")

    def counts():
        return server.metric("holdfast_zones"), server.metric("holdfast_zones_removed")

    assert counts() == (1, 0)
    for count, zone in enumerate(("a.example", "b.example"), 1):
        assert put(zone).status == 200 and counts() == (2, count - 1)
        server.publish(full(7, {"web": endpoint("192.0.2.1")}, zone=zone), zone)
        assert delete(zone).status == 200 and counts() == (1, count)
    server.kill()
    server.start()
    assert counts() == (1, 2)
    over = put("c.example")
    assert over.status == 409 and server.status("c.example") is None, over
    assert "limits.zones-removed" in over.json["error"] and "forget=true" in over.json["error"], over
    assert counts() == (1, 2)
    assert put("a.example").status == 200 and counts() == (2, 1), "it is remembered, so it may come back"
    late = server.refused(full(7, {"web": endpoint("192.0.2.9")}, zone="a.example"), "a.example")
    assert late.rules == {"stale-generation"}, late
    assert delete("a.example").status == 200 and put("c.example").status == 409
    assert delete("b.example", "&forget=true").status == 200 and counts() == (1, 1)
    assert put("c.example").status == 200 and delete("c.example").status == 200 and counts() == (1, 2)
    assert put("d.example").status == 409
    server.config["zones"]["more.example"] = {}
    server.config["limits"]["zones-removed"] = 3
    server.write_config()
    server.reload()
    wait_for(lambda: server.status("more.example"), "the reload is applied")
    assert put("d.example").status == 200 and counts() == (3, 2)


def at_once(count, request):
    """The replies to so many requests that begin together."""
    together, replies = threading.Barrier(count), []

    def ask():
        together.wait()
        replies.append(request())

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(replies) == count
    return replies


LARGE = full(1, {f"e{number}": endpoint(f"192.0.2.{number % 250 + 1}") for number in range(9_000)})


@pytest.mark.parametrize("what", ["submissions", "reads"])
def test_requests_that_wait_are_limited_by_their_keys_and_counted(make_server, what):
    one = {f"{what}-running": 1, f"{what}-running-per-zone": 1}
    server = make_server(limits=one | {f"{what}-waiting": 1, f"{what}-waiting-total": 5}).add_zone()
    server.publish(LARGE)
    turned_away = f"holdfast_{what}_turned_away_total"
    assert server.metric(turned_away) == 0

    def slow():
        if what == "reads":
            return server.get(f"/v1/zones/{ZONE}/plans/1")
        return server.submit(LARGE | {"generation": 2}, query="dry-run=true")

    def gauges():
        page = server.metrics()
        return tuple(float(re.search(rf"^holdfast_{what}_{state} (\S+)$", page, re.M).group(1))
                     for state in ("running", "waiting"))

    def storm(key):
        before, seen, end = server.metric(turned_away), set(), threading.Event()

        def watch():
            while not end.is_set():
                seen.add(gauges())

        watching = threading.Thread(target=watch)
        watching.start()
        replies = at_once(24, slow)
        end.set()
        watching.join()
        busy = [reply for reply in replies if reply.status == 503]
        assert {reply.status for reply in replies} <= {200, 503}
        assert all(f"({key})" in reply.json["error"] and reply.headers["Retry-After"] for reply in busy), busy
        assert server.metric(turned_away) == before + len(busy)
        assert seen <= {(0, 0), (0, 1), (1, 0), (1, 1)}, "so many run and wait, and no more"
        wait_for(lambda: gauges() == (0, 0), "all is done")
        return busy and (1, 1) in seen

    wait_for(lambda: storm(f"limits.{what}-waiting"), "some are turned away while one runs and one waits")
    server.config["limits"] |= {f"{what}-waiting": 5, f"{what}-waiting-total": 1}
    server.write_config()
    server.reload()
    wait_for(lambda: server.metric(f'holdfast_limit{{key="limits.{what}-waiting"}}') == 5, "the reload is in force")
    wait_for(lambda: storm(f"limits.{what}-waiting-total"), "some are turned away, as enough wait in all")


def test_a_refusal_lists_no_more_findings_than_its_limit(make_server):
    server = make_server(limits={"reasons": 2}).add_zone()
    bad = full(2, {f"bad{number}": endpoint("0.0.0.0") for number in range(5)})
    refused = server.refused(bad)
    assert len(refused.reasons) == 2 and refused.json["unlisted"] == 3, refused
    assert len(server.history()[0]["reasons"]) == 2
    server.config["limits"]["reasons"] = 3
    server.write_config()
    server.reload()
    wait_for(lambda: server.metric('holdfast_limit{key="limits.reasons"}') == 3, "the reload is in force")
    assert len(server.refused(bad).reasons) == 3
    server.add_zone("later.example")
    assert len(server.refused(bad | {"zone": "later.example"}, "later.example").reasons) == 3


def scrape(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.metrics_port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_connections_to_the_metrics_are_limited_and_the_rest_goes_on(make_server):
    server = make_server(limits={"metrics-connections": 3}).add_zone()
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    held = [socket.create_connection(("127.0.0.1", server.metrics_port), 5) for _ in range(3)]
    try:
        status, text = scrape(server)
        assert status == 503 and "limits.metrics-connections" in json.loads(text)["error"]
        assert server.addresses("web") == ["192.0.2.1"] and server.get("/v1/status").status == 200
        server.config["limits"]["metrics-connections"] = 5
        server.write_config()
        server.reload()
        wait_for(lambda: scrape(server)[0] == 200, "a reload makes room")
        assert server.metric('holdfast_limit{key="limits.metrics-connections"}') == 5
        wait_for(lambda: server.metric("holdfast_metrics_connections") == 4, "only those that are open count")
    finally:
        for each in held:
            each.close()
    assert server.metric("holdfast_metrics_connections_turned_away_total") >= 1


def test_bodies_that_are_too_large_are_counted(make_server):
    server = make_server(limits={"plan-bytes": "64K"}).add_zone()
    family = "holdfast_control_bodies_too_large_total"
    assert server.metric(family) == 0
    for count in (1, 2):
        assert server.submit(b" " * 70_000).status == 413
        assert server.metric(family) == count
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    assert server.metric(family) == 2


def test_a_storm_of_plans_grows_the_history_no_further_than_its_limit(make_server):
    """Each plan changes so much that it is a checkpoint's worth: what is kept is rebuilt from little."""
    server = make_server(history={"keep": 5, "for": "365d", "max": 12}, good={"after": "200ms", "keep": 1}).add_zone()
    chance = random.Random(1)

    def plan(generation):
        texts = (base64.b64encode(chance.randbytes(180)).decode() for _ in range(500))
        return full(generation, {"web": endpoint(f"192.0.2.{generation % 250 + 1}")},
                    [f't{number} 60 IN TXT "{text}"' for number, text in enumerate(texts)])

    def lines():
        return server.get(f"/v1/zones/{ZONE}/plans?limit=1000").json["history"]

    def octets():
        sizes = [path.stat().st_size if path.exists() else 0 for path in (store, store.with_name("plans.db-wal"))]
        return sum(sizes), sizes[1]

    def told_octets():
        return tuple(server.metric(f'holdfast_store_octets{{part="{part}"}}') for part in ("all", "log"))

    def commits():
        return [line["generation"] for line in lines() if line["outcome"] == "published"]

    generation, store = 0, server.dir / "state/plans.db"
    for _ in range(2):
        had = len(commits())
        for _ in range(15):
            generation, had = generation + 1, had + 1
            server.publish(plan(generation))
        end = time.monotonic() + 30
        while len(commits()) > 12:
            assert time.monotonic() < end, f"{len(commits())} commits are kept"
            generation, had = generation + 1, had + 1
            server.publish(plan(generation))
            time.sleep(0.3)
        assert commits()[0] == generation == server.served()
        wait_for(lambda: server.metric("holdfast_history_entries") == len(lines()), "the lines are counted")
        wait_for(lambda: server.metric('holdfast_history_removed_total{kind="commits"}') == had - len(commits()),
                 "those that were removed are counted")
        wait_for(lambda: told_octets() == octets(), lambda: f"{told_octets()} of {octets()} octets are told")
        server.kill()
        server.start()
        assert len(commits()) <= 12 and server.served() == generation
        assert server.addresses("web") == [f"192.0.2.{generation % 250 + 1}"]
        assert server.get(f"/v1/zones/{ZONE}/verify").json["whole"]


def test_reloads_are_counted_and_a_refused_one_is_not_told_as_ready(make_server):
    server = make_server().add_zone()

    def count(result):
        return server.metric(f'holdfast_reloads_total{{result="{result}"}}')

    def ready():
        return len(re.findall(r"\bready\b", server.log()))

    assert (count("applied"), count("refused"), ready()) == (0, 0, 1)
    server.reload()
    wait_for(lambda: count("applied") == 1, "the reload is counted")
    assert "reloaded" in server.log()
    server.config_file.write_text("threds: 2\n")
    server.reload()
    wait_for(lambda: count("refused") == 1, "the reload that was refused is counted")
    assert "nothing was changed" in server.log() and server.log().count("reloaded") == 1
    assert (count("applied"), ready()) == (1, 1)
