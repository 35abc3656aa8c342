"""Every rule of the guard, with what was seen and what the limit is; overrides; freeze."""

import holdfast
import pytest
from holdfast import ZONE, delta, endpoint, full

POLICY = {ZONE: {"guard": {"min-targets": 2, "min-capacity": "50%", "ttl": [1, 3600]}}}
NAME = f"web.{ZONE}."


@pytest.fixture
def guarded(make_server):
    """Serves "web" with four targets, and "db" with two, under a policy of its own."""
    server = make_server(POLICY)
    server.request("PUT", f"/v1/zones/{ZONE}")
    server.publish(full(1, {"web": endpoint(*[f"192.0.2.{i}" for i in range(1, 5)]),
                            "db": endpoint("192.0.2.50", "192.0.2.51")},
                        ["www 60 IN CNAME web"]))
    return server


def web(*addresses, **more):
    return delta(1, {"web": endpoint(*addresses, **more)})


def check_unchanged(server):
    assert server.served() == 1
    assert server.addresses("web") == [f"192.0.2.{i}" for i in range(1, 5)]


def test_expired(guarded):
    reason = guarded.refused(web("192.0.2.1", "192.0.2.2") | {"expires": "2020-01-01T00:00:00Z"}).reason("expired")
    assert "2020-01-01T00:00:00Z" in reason["limit"] and reason["observed"]
    check_unchanged(guarded)


def test_a_plan_that_expires_in_the_future_is_taken(guarded):
    guarded.publish(web("192.0.2.1", "192.0.2.2") | {"expires": "2100-01-01T00:00:00Z"})


def test_floor_of_targets(guarded):
    reason = guarded.refused(web("192.0.2.1")).reason("floor", NAME)
    assert "1" in reason["observed"] and "2" in reason["limit"]
    check_unchanged(guarded)


def test_floor_of_capacity_counts_weights(guarded):
    plan = delta(1, {"web": {"ttl": 5, "targets": [
        {"id": f"lb-{i}", "address": f"192.0.2.{i}", "weight": 40} for i in range(1, 5)]}})
    reason = guarded.refused(plan).reason("floor", NAME)
    assert "160" in reason["observed"] and "400" in reason["observed"] and "50%" in reason["limit"]
    check_unchanged(guarded)


def test_half_of_the_capacity_is_still_allowed(guarded):
    guarded.publish(web("192.0.2.1", "192.0.2.2"))


@pytest.mark.parametrize("ttl", [0, 3601])
def test_ttl(guarded, ttl):
    reason = guarded.refused(web("192.0.2.1", "192.0.2.2", ttl=ttl)).reason("ttl", NAME)
    assert str(ttl) in reason["observed"] and "3600" in reason["limit"]
    check_unchanged(guarded)


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1", "255.255.255.255",
                                     "::", "::1", "fe80::1", "ff02::1", "::ffff:192.0.2.1"])
def test_bogus_target(guarded, address):
    reason = guarded.refused(web("192.0.2.1", "192.0.2.2", "192.0.2.3", address)).reason("bogus-target", NAME)
    assert reason["observed"] and reason["type"] == ("AAAA" if ":" in address else "A")
    check_unchanged(guarded)


def test_apex_changed(guarded):
    plan = delta(1, records=["@ 3600 IN NS ns9.example.org."])
    reason = guarded.refused(plan).reason("apex-changed", f"{ZONE}.")
    assert "ns9.example.org." in reason["observed"] and "ns1.example.org." in reason["limit"]
    check_unchanged(guarded)


def test_vanished_from_a_full_plan(guarded):
    plan = full(2, {"web": endpoint("192.0.2.1", "192.0.2.2")}, ["www 60 IN CNAME web"])
    reason = guarded.refused(plan).reason("vanished", f"db.{ZONE}.")
    assert reason["observed"] and reason["limit"]
    check_unchanged(guarded)
    guarded.publish(plan | {"remove": ["db"]})
    assert guarded.ask("db").is_nxdomain


@pytest.mark.parametrize("records, part", [
    (["web 60 IN CNAME db"], "CNAME"),
    (["x 60 IN CNAME db", "x 60 IN CNAME web"], "CNAME"),
], ids=["beside-other-data", "two-of-them"])
def test_invalid_cname(guarded, records, part):
    reply = guarded.submit(delta(1, records=records))
    assert reply.status in (400, 409) and part in reply.text and "invalid" in reply.text
    check_unchanged(guarded)


def test_invalid_without_apex_ns(server):
    plan = {"plan": 1, "zone": ZONE, "generation": 1, "kind": "full", "endpoints": {"web": endpoint("192.0.2.1")}}
    assert server.refused(plan).reason("invalid")["type"] == "NS"
    assert server.served() == 0


def test_invalid_over_64_kib(guarded):
    records = [f"huge 60 IN TXT \"{i:04d}{'x' * 240}\"" for i in range(300)]
    reason = guarded.refused(delta(1, records=records)).reason("invalid", f"huge.{ZONE}.")
    assert "65535" in reason["limit"] and "octets" in reason["observed"]
    check_unchanged(guarded)


def test_a_dry_run_gives_every_reason_and_changes_nothing(guarded):
    plan = full(1, {"web": endpoint("127.0.0.1", ttl=9999)}) | {"expires": "2020-01-01T00:00:00Z"}
    reply = guarded.submit(plan, query="dry-run=true")
    assert reply.status == 409
    assert reply.rules >= {"stale-generation", "expired", "floor", "ttl", "bogus-target", "vanished"}
    check_unchanged(guarded)
    assert len(guarded.history()) == 1


def test_a_refusal_stands_in_history_status_log_and_metrics(guarded):
    guarded.refused(web("192.0.2.1"))
    entry = guarded.history()[0]
    assert entry["outcome"] == "refused" and entry["reasons"][0]["rule"] == "floor"
    assert "floor" in str(guarded.status()["last_refusal"])
    assert "floor" in guarded.log() and NAME in guarded.log()
    refusals = [line for line in guarded.metrics().splitlines() if 'rule="floor"' in line and ZONE in line]
    assert refusals and refusals[0].endswith(" 1")


def test_an_override_is_for_one_rule_and_one_name_and_needs_a_reason(guarded):
    plan = delta(1, {"web": endpoint("192.0.2.1"), "db": endpoint("192.0.2.50")})
    assert guarded.submit(plan, query="allow=floor:web").status == 400
    assert guarded.submit(plan, query="allow=floor&reason=x").status == 400
    reply = guarded.refused(plan, query="allow=floor:web&reason=drained+on+purpose")
    assert {reason["name"] for reason in reply.reasons} == {f"db.{ZONE}."}
    check_unchanged(guarded)
    guarded.publish(plan, query="allow=floor:web&allow=floor:db&reason=drained+on+purpose")
    entry = guarded.history()[0]
    assert entry["reason"] == "drained on purpose"
    assert {o["rule"] for o in entry["overridden"]} == {"floor"}


def test_an_override_is_for_one_plan_only(guarded):
    guarded.publish(web("192.0.2.1", "192.0.2.2", "192.0.2.3", "127.0.0.1"),
                    query="allow=bogus-target:web&reason=test")
    again = delta(2, {"db": endpoint("192.0.2.50", "127.0.0.9")})
    assert guarded.refused(again).rules == {"bogus-target"}


@pytest.mark.parametrize("rule", ["empty-answer", "vanished", "invalid", "expired", "base-mismatch",
                                  "unreadable", "frozen", "timeout"])
def test_what_can_never_be_overridden(guarded, rule):
    reply = guarded.submit(web("192.0.2.1", "192.0.2.2"), query=f"allow={rule}&reason=please")
    assert reply.status == 400 and "override" in reply.text
    check_unchanged(guarded)


def test_zonectl_overrides_with_a_reason(guarded):
    path = guarded.write("plan.json", web("192.0.2.1"))
    assert guarded.zonectl("push", ZONE, path, "--yes").returncode == holdfast.REFUSED
    done = guarded.zonectl("push", ZONE, path, "--yes", "--allow", "floor:web", "--reason", "drained")
    assert done.returncode == 0, done.stdout + done.stderr
    assert guarded.addresses("web") == ["192.0.2.1"]


def test_freeze_stops_automation_lets_people_with_a_reason_through_and_thaw_ends_it(guarded):
    assert guarded.request("POST", f"/v1/zones/{ZONE}/freeze?reason=incident+42").status == 200
    assert guarded.status()["frozen"]
    reply = guarded.submit(web("192.0.2.1", "192.0.2.2"))
    assert reply.status == 423 and "incident 42" in reply.text
    check_unchanged(guarded)
    guarded.publish(web("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"), query="reason=by+hand")
    assert guarded.request("POST", f"/v1/zones/{ZONE}/thaw").status == 200
    assert not guarded.status()["frozen"]
    guarded.publish(delta(2, {"web": endpoint("192.0.2.1", "192.0.2.2")}))


def test_freeze_outlives_a_restart(guarded):
    guarded.request("POST", f"/v1/zones/{ZONE}/freeze?reason=incident+42")
    guarded.kill()
    guarded.start()
    assert guarded.submit(web("192.0.2.1", "192.0.2.2")).status == 423


def test_freeze_needs_a_reason(guarded):
    assert guarded.request("POST", f"/v1/zones/{ZONE}/freeze").status == 400


def test_a_refused_plan_of_one_zone_does_not_block_another(guarded):
    guarded.add_zone("other.example.net")
    guarded.refused(web("192.0.2.1"))
    guarded.publish(full(1, {"web": endpoint("192.0.2.1", "192.0.2.2")}, zone="other.example.net"),
                    zone="other.example.net")


def test_quarantine_counts_endpoints_and_not_findings(make_server):
    server = make_server({ZONE: {"guard": {"min-targets": 2, "quarantine": 2}}}).add_zone()
    server.publish(full(1, {"web": endpoint("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"),
                            "db": endpoint("192.0.2.50", "192.0.2.51")}, ["www 60 IN CNAME web"]))
    assert server.status()["quarantined"] == {"endpoints": 0, "generation": None}
    plan = server.write("plan.json", delta(1, {"web": endpoint("192.0.2.1"),
                                               "db": endpoint("192.0.2.50", "192.0.2.52")}))
    told = server.zonectl("push", ZONE, plan)
    assert told.returncode == holdfast.DONE and "NOT ALL OF IT: 1 endpoint stayed" in told.stdout, told
    outcome = server.publish(delta(2, {"web": {"ttl": 5, "targets": []}, "db": endpoint("192.0.2.50", "192.0.2.53")}))
    assert len(outcome.json["quarantined"]) > 1, outcome  # the name's findings, and its alias's
    assert outcome.json["kept"] == [NAME]
    assert server.addresses("web") == ["192.0.2.1", "192.0.2.2"]
    assert server.status()["quarantined"] == {"endpoints": 2, "generation": 3}
    assert "without 2 endpoints of theirs, last generation 3" in server.zonectl("status").stdout
    assert f'holdfast_quarantined_endpoints_total{{zone="{ZONE}."}} 2' in server.metrics()


def test_a_second_freeze_says_what_it_replaces_and_an_idle_thaw_nothing(guarded):
    def lines():
        return [(entry["outcome"], entry["reason"]) for entry in guarded.get(f"/v1/zones/{ZONE}/plans").json["history"]]

    before = lines()
    done = guarded.zonectl("thaw", ZONE)
    assert (done.returncode, done.stdout) == (holdfast.DONE, f"{ZONE} was not frozen: nothing to do\n")
    assert lines() == before
    done = guarded.zonectl("freeze", ZONE, "--reason", "incident 7")
    assert done.returncode == holdfast.DONE and "already" not in done.stdout, done
    done = guarded.zonectl("freeze", ZONE, "--reason", "incident 8")
    assert done.returncode == holdfast.DONE, done
    assert "It was frozen already, since" in done.stdout and "incident 7" in done.stdout, done
    assert guarded.status()["frozen"]["reason"] == "incident 8"
    assert lines() == [("frozen", "incident 8"), ("frozen", "incident 7"), *before]
    assert guarded.zonectl("history", ZONE, "--verify").returncode == holdfast.DONE
    reply = guarded.request("POST", f"/v1/zones/{ZONE}/thaw")
    assert reply.json["frozen_before"]["reason"] == "incident 8" and reply.json["frozen"] is None
    assert guarded.zonectl("thaw", ZONE).returncode == holdfast.DONE
    assert lines()[0][0] == "thawed" and lines()[1][0] == "frozen"


def test_freezes_and_zones_that_fail_are_warnings(guarded):
    assert guarded.request("POST", "/v1/zones/nowhere.example/freeze?reason=x").status == 404
    assert any("warning" in line and "zone could not be frozen" in line and "is not held" in line
               for line in guarded.log().splitlines())


def test_a_name_that_only_a_dname_or_a_wildcard_makes_may_be_removed_without_a_type(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")},
                        [f"old 300 IN DNAME {ZONE}.", "*.tenants 60 IN TXT x", "www 60 IN CNAME web"]))
    plan = server.write("plan.json", delta(1, {}, ["c.tenants 60 IN A 192.0.2.9"], remove=["www"]))
    made = ["c.tenants", "*.c.tenants", "c.tenants.old", "*.c.tenants.old", "www.old"]
    for absent in made:
        names = [word for name in made if name != absent for word in ("--remove", name)]
        assert server.zonectl("push", ZONE, plan, "--dry-run", *names).returncode == holdfast.REFUSED, absent
    names = [word for name in made for word in ("--remove", name)]
    done = server.zonectl("push", ZONE, plan, *names, "--remove", "typo", "--remove", "www.old/TXT")
    assert done.returncode == holdfast.DONE, done
    assert [line for line in done.stdout.splitlines() if line.startswith("Warning")] == [
        "Warning: --remove typo names nothing that is served",
        "Warning: --remove www.old/TXT names nothing that is served"]


def test_a_floor_for_a_name_that_is_not_there_is_told(make_server):
    floors = {"wbe": {"min-targets": 2}, "web": {"min-targets": 1}, "www": {"min-targets": 1}}
    server = make_server({ZONE: {"guard": {"endpoints": floors}}}).add_zone()
    assert server.status()["idle_floors"] == []  # nothing is served yet
    server.publish(full(1, {"web": endpoint("192.0.2.1")}, ["www 60 IN CNAME web"]))
    assert server.status()["idle_floors"] == [f"wbe.{ZONE}."]
    assert f"guard.endpoints has a floor for what is not served: wbe.{ZONE}." in server.zonectl("status").stdout
    server.terminate()
    server.start()
    told = [line for line in server.log().splitlines() if "a floor is configured for a name" in line]
    assert len(told) == 1 and f"wbe.{ZONE}." in told[0] and f"zones.{ZONE}.guard.endpoints" in told[0], told


def test_people_are_told_the_options_that_they_type(guarded):
    told = guarded.zonectl("push", ZONE, guarded.write("plan.json", web("192.0.2.1")))
    assert told.returncode == holdfast.REFUSED and "--allow floor:NAME" in told.stdout, told
    assert "allow=" not in told.stdout and "1 target " in told.stdout
    assert "allow=" not in guarded.zonectl("status").stdout
    assert "allow=floor:NAME" in guarded.refused(web("192.0.2.1")).reason("floor", NAME)["detail"]
