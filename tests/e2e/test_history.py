"""History, show, status, metrics: what a server tells of itself."""

import json
import re

import holdfast
from holdfast import ZONE, delta, endpoint, full
from sample import everything


def test_history_lists_commits_and_refusals_newest_first(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1", "192.0.2.2")}, source="planner-a"))
    server.refused(full(1, {"web": endpoint("192.0.2.1")}))
    server.publish(delta(1, {"web": endpoint("192.0.2.1", "192.0.2.3")}))
    history = server.history()
    assert [entry["outcome"] for entry in history] == ["published", "refused", "published"]
    assert [entry["generation"] for entry in history] == [2, 1, 1]
    assert history[2]["source"] == "planner-a" and "uid" in history[0]["who"]
    assert all(len(entry["digest"]) == 64 for entry in history)


def test_zonectl_prints_tables_for_people_and_json_for_programs(server):
    server.publish(everything(1))
    for command in (["status"], ["history", ZONE], ["show", ZONE]):
        people = server.zonectl(*command)
        assert people.returncode == 0 and people.stdout and "\x1b[" not in people.stdout, people
    for command in (["status"], ["history", ZONE]):
        programs = server.zonectl("--format", "json", *command)
        assert programs.returncode == 0, programs
        json.loads(programs.stdout)


def answers(server):
    asked = [("dynamodb", "A"), ("dynamodb", "AAAA"), ("big", "A"), ("alias1", "A"), ("x.wild", "TXT"),
             ("@", "MX"), ("@", "TXT"), ("@", "CAA"), ("_dns._udp", "SRV"), ("custom", "TYPE65280"),
             ("host.old", "A"), ("sub", "DS"), ("last-resort", "A"), ("nonterminal", "A"), ("@", "NS")]
    return [[(r.name, r.type, r.ttl, r.data) for r in sorted(server.ask(name, qtype, tcp=True).answer, key=str)]
            for name, qtype in asked]


def test_what_show_prints_as_json_makes_another_server_answer_the_same(server, make_server):
    server.publish(everything(1))
    server.publish(delta(1, {"dynamodb": endpoint("192.0.2.10", "192.0.2.12", "2001:db8::10", ttl=7)}))
    shown = server.zonectl("show", ZONE, "--as", "json")
    assert shown.returncode == 0, shown
    other = make_server().add_zone()
    done = other.zonectl("push", ZONE, other.write("shown.json", shown.stdout), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert answers(other) == answers(server)
    targets = json.loads(shown.stdout)["endpoints"]["last-resort"]
    assert targets["answer"] == {"pick": 1} and {t["id"]: t["weight"] for t in targets["targets"]} == \
        {"live": 100, "spare": 0}


def test_an_older_generation_can_be_shown(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1", "192.0.2.2")}))
    server.publish(delta(1, {"web": endpoint("192.0.2.2", "192.0.2.3")}))
    first = server.get(f"/v1/zones/{ZONE}/plans/1").json
    assert [t["address"] for t in first["endpoints"]["web"]["targets"]] == ["192.0.2.1", "192.0.2.2"]
    zone_file = server.get(f"/v1/zones/{ZONE}/plans/1", accept="text/dns").text
    assert "192.0.2.1" in zone_file and "192.0.2.3" not in zone_file and "SOA" in zone_file


def test_status_tells_planned_committed_served_age_and_version(server):
    server.publish(full(5, {"web": endpoint("192.0.2.1")}))
    server.refused(full(6))
    status = server.get("/v1/status").json
    assert status["version"]
    entry = server.status()
    assert (entry["planned"], entry["committed"], entry["served"]) == (6, 5, 5)
    assert entry["last_refusal"]
    server.refused(full(1_000_000))
    assert server.status()["planned"] == 1_000_000
    server.publish(full(7, {"web": endpoint("192.0.2.2")}))
    entry = server.status()
    assert (entry["planned"], entry["committed"], entry["served"]) == (7, 7, 7), "nobody waits for what was refused"
    assert metric(server.metrics(), "holdfast_zone_generation", stage="planned") == 7


def metric(text, name, **labels):
    for line in text.splitlines():
        match = re.match(r"([a-z_:]+)(?:\{([^}]*)\})? (\S+)$", line)
        if match and match.group(1) == name and all(f'{k}="{v}"' in (match.group(2) or "") for k, v in labels.items()):
            return float(match.group(3))
    raise AssertionError(f"no metric {name} {labels} in\n{text}")


def test_metrics_count_queries_by_rcode_and_transport(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    for _ in range(3):
        server.ask("web")
    for _ in range(2):
        server.ask("nowhere", tcp=True)
    text = server.metrics()
    queries = [line for line in text.splitlines() if line.startswith("holdfast_") and "rcode=" in line]
    def count(rcode, transport):
        return sum(float(line.split()[-1]) for line in queries
                   if f'rcode="{rcode}"' in line and f'transport="{transport}"' in line)
    assert count("NOERROR", "udp") == 3 and count("NXDOMAIN", "tcp") == 2


def test_metrics_tell_generation_age_swaps_and_reclaims(server):
    server.publish(full(41, {"web": endpoint("192.0.2.1")}))
    server.publish(full(42, {"web": endpoint("192.0.2.2")}))
    text = server.metrics()
    served = [line for line in text.splitlines() if "generation" in line and line.endswith(" 42")]
    assert served and any(ZONE in line for line in served)
    for word in ("age", "swap", "reclaim", "refus"):
        assert re.search(rf"^holdfast_\w*{word}\w*", text, re.M), word


def test_metrics_are_well_formed_prometheus_text(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    for line in server.metrics().splitlines():
        assert re.match(r"(# (HELP|TYPE) [a-z_:]+ .*|[a-zA-Z_:][\w:]*(\{(\w+=\"[^\"]*\",?)*\})? \S+)?$", line), line
