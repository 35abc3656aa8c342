"""Plans come in by zonectl, by curl and by a watched directory."""

import json
import os

import holdfast
from holdfast import ZONE, delta, endpoint, full, wait_for
from sample import everything

ZONE_FILE = f"""$ORIGIN {ZONE}.
$TTL 300
@ IN SOA ns1.example.org. hostmaster.example.org. 2026112101 7200 900 1209600 300
@ IN NS ns1.example.org.
www IN A 192.0.2.80
long IN TXT ( "over"
   "lines" )
"""


def test_zonectl_adds_a_zone_pushes_a_plan_and_the_answer_is_there(make_server):
    server = make_server()
    assert server.zonectl("zone", "add", ZONE).returncode == 0
    done = server.zonectl("push", ZONE, server.write("plan.json", full(7, {"web": endpoint("192.0.2.1")})))
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.served() == 7 and server.addresses("web") == ["192.0.2.1"]


def test_curl_pushes_a_plan_over_the_unix_socket(server):
    plan = server.write("plan.json", full(3, {"web": endpoint("192.0.2.1")}))
    out = holdfast.client("curl", "-sS", "--fail", "--unix-socket", server.control, "-H",
                          "Content-Type: application/json", "--data-binary", f"@{plan}",
                          f"http://localhost/v1/zones/{ZONE}./plans")
    assert json.loads(out)["outcome"] == "published" and json.loads(out)["generation"] == 3
    assert server.addresses("web") == ["192.0.2.1"]


def test_a_zone_file_begins_the_generations_at_its_serial(server):
    server.publish(ZONE_FILE)
    assert server.served() == 2026112101
    assert server.addresses("www") == ["192.0.2.80"]
    assert server.ask("long", "TXT").data("TXT") == ["over lines"]
    assert server.ask("@", "SOA").answer[0].data[2] == 2026112101


def test_zonectl_pushes_a_zone_file(server):
    done = server.zonectl("push", ZONE, server.write("zone.zone", ZONE_FILE), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.addresses("www") == ["192.0.2.80"]


def test_include_in_a_zone_file_is_refused(server):
    reply = server.submit(ZONE_FILE + "$INCLUDE /etc/passwd\n")
    assert reply.status in (400, 409) and "INCLUDE" in reply.text
    assert server.served() == 0


def test_a_delta_changes_only_what_it_lists(server):
    server.publish(everything(1))
    server.publish(delta(1, {"dynamodb": endpoint("192.0.2.10", "192.0.2.12", "2001:db8::10")},
                         ["mail 300 IN A 192.0.2.26"], generation=2))
    assert server.addresses("dynamodb") == ["192.0.2.10", "192.0.2.12"]
    assert server.addresses("mail") == ["192.0.2.26"]
    assert server.addresses("four-only") == ["192.0.2.20"]


def test_a_delta_takes_away_what_remove_names(server):
    server.publish(full(1, {"gone": endpoint("192.0.2.1"), "web": endpoint("192.0.2.2", "2001:db8::2")},
                        ["@ 300 IN MX 10 web", "@ 300 IN TXT stays"]))
    server.publish(delta(1, remove=["gone", "web/AAAA", "@/MX"]))
    assert server.ask("gone").is_nxdomain
    assert server.ask("web", "AAAA").is_nodata and server.addresses("web")
    assert server.ask("@", "MX").is_nodata and server.ask("@", "TXT").is_positive


def test_without_a_generation_the_next_one_is_assigned_where_base_is_given(server):
    server.publish(full(10, {"web": endpoint("192.0.2.1")}))
    reply = server.publish(delta(10, {"web": endpoint("192.0.2.2")}))
    assert reply.json["generation"] == 11 == server.served()
    assert server.submit({**full(0), "generation": None} | {"generation": 0}).status == 400
    plan = full(12, {"web": endpoint("192.0.2.3")})
    del plan["generation"]
    assert server.submit(plan).status == 400
    assert server.served() == 11


def test_query_parameters_carry_generation_base_source_and_removals(server):
    server.publish(ZONE_FILE, query="generation=5&source=planner-b")
    assert server.served() == 5 and server.history()[0]["source"] == "planner-b"
    rest = ZONE_FILE.replace("www IN A 192.0.2.80\n", "")
    server.publish(rest, query="base=5&remove=www")
    assert server.served() == 6 and server.ask("www").is_nxdomain


def test_zonectl_push_sends_the_base_it_read_so_that_nothing_unseen_is_overwritten(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    plan = full(2, {"web": endpoint("192.0.2.2")})
    del plan["generation"]
    done = server.zonectl("push", ZONE, server.write("plan.json", plan), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.served() == 2 and server.history()[0]["base"] == 1


def test_zonectl_dry_run_shows_the_change_and_changes_nothing(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1")}))
    plan = server.write("plan.json", full(2, {"web": endpoint("192.0.2.1", "192.0.2.99")}))
    done = server.zonectl("push", ZONE, plan, "--dry-run")
    assert done.returncode == 0 and "192.0.2.99" in done.stdout, done.stdout + done.stderr
    assert server.served() == 1 and server.addresses("web") == ["192.0.2.1"]
    assert len(server.history()) == 1


def watching(make_server, **options):
    server = make_server(start=False)
    (server.dir / "plans").mkdir()
    server.config["zones"] = {ZONE: {"enactors": [{"watch": str(server.dir / "plans"), **options}]}}
    server.start()
    server.request("PUT", f"/v1/zones/{ZONE}")  # it may be there by the configuration
    return server


def drop(server, name, content):
    """As a program should: written beside, then renamed into place."""
    temporary = server.write("being-written", content)
    os.rename(temporary, server.dir / "plans" / name)


def test_a_plan_arrives_in_the_watched_directory_by_rename(make_server):
    server = watching(make_server)
    drop(server, "one.json", full(1, {"web": endpoint("192.0.2.1")}))
    wait_for(lambda: server.served() == 1, "the plan is served")
    drop(server, "two.json", full(2, {"web": endpoint("192.0.2.2")}))
    wait_for(lambda: server.served() == 2, "the next plan is served")
    assert server.addresses("web") == ["192.0.2.2"]
    assert "watch" in server.history()[0]["who"]


def test_of_several_plans_in_the_watched_directory_the_newest_generation_wins(make_server):
    server = make_server(start=False)
    (server.dir / "plans").mkdir()
    for generation, name in [(5, "a.json"), (9, "b.json"), (7, "c.json")]:
        server.write(f"plans/{name}", full(generation, {"web": endpoint(f"192.0.2.{generation}")}))
    server.config["zones"] = {ZONE: {"enactors": [{"watch": str(server.dir / "plans")}]}}
    server.start()
    server.request("PUT", f"/v1/zones/{ZONE}")
    wait_for(lambda: server.served() == 9, "generation 9 is served")
    assert server.addresses("web") == ["192.0.2.9"]
    assert [entry["generation"] for entry in server.history() if entry["outcome"] == "published"] == [9]


def test_a_half_written_plan_in_the_watched_directory_is_refused_loudly_and_the_answer_stays(make_server):
    server = watching(make_server)
    drop(server, "one.json", full(1, {"web": endpoint("192.0.2.1")}))
    wait_for(lambda: server.served() == 1, "the plan is served")
    whole = json.dumps(full(2, {"web": endpoint("192.0.2.2")}))
    drop(server, "two.json", whole[:len(whole) // 2])
    entry = wait_for(lambda: next((e for e in server.history() if e["outcome"] == "refused"), None),
                     "the refusal stands in the history")
    assert {r["rule"] for r in entry["reasons"]} <= {"unreadable", "invalid"}
    assert "two.json" in json.dumps(entry) + server.log()
    assert server.served() == 1 and server.addresses("web") == ["192.0.2.1"]
    drop(server, "two.json", whole)
    wait_for(lambda: server.served() == 2, "the whole plan is served")


def test_an_empty_file_in_the_watched_directory_is_unreadable_not_an_empty_plan(make_server):
    server = watching(make_server)
    drop(server, "one.json", full(1, {"web": endpoint("192.0.2.1")}))
    wait_for(lambda: server.served() == 1, "the plan is served")
    drop(server, "two.json", "")
    entry = wait_for(lambda: next((e for e in server.history() if e["outcome"] == "refused"), None),
                     "the refusal stands in the history")
    assert [r["rule"] for r in entry["reasons"]] == ["unreadable"]
    assert server.addresses("web") == ["192.0.2.1"]


def test_a_watched_directory_that_goes_away_takes_no_answer_with_it(make_server):
    server = watching(make_server)
    drop(server, "one.json", full(1, {"web": endpoint("192.0.2.1")}))
    wait_for(lambda: server.served() == 1, "the plan is served")
    os.rename(server.dir / "plans", server.dir / "elsewhere")
    wait_for(lambda: "unreadable" in json.dumps(server.history()) + server.log()
             or "cannot" in server.log().lower(), "the loss is told")
    assert server.addresses("web") == ["192.0.2.1"]
    os.rename(server.dir / "elsewhere", server.dir / "plans")
    drop(server, "two.json", full(2, {"web": endpoint("192.0.2.2")}))
    wait_for(lambda: server.served() == 2, "it is watched again")


def test_a_plan_for_another_zone_is_refused(server):
    reply = server.submit(full(1, {"web": endpoint("192.0.2.1")}, zone="other.example.net"))
    assert reply.status in (400, 409) and "/zone" in reply.text
    assert server.served() == 0


def test_a_plan_for_a_zone_not_held_is_404_and_the_zone_is_not_made(server):
    assert server.submit(full(1, zone="other.example.net"), zone="other.example.net").status == 404
    assert server.status("other.example.net") is None


def test_a_removed_zone_keeps_its_fence_so_that_a_late_plan_cannot_revive_it(server):
    server.publish(full(10, {"web": endpoint("192.0.2.1")}))
    assert server.zonectl("zone", "remove", ZONE, "--reason", "moved away").returncode == 0
    assert server.ask("web").rcode == 5
    assert server.submit(full(11, {"web": endpoint("192.0.2.1")})).status == 404
    server.add_zone()
    assert server.refused(full(9, {"web": endpoint("192.0.2.1")})).rules == {"stale-generation"}
    server.publish(full(11, {"web": endpoint("192.0.2.1")}))


def test_forget_drops_the_fence_and_the_history(server):
    server.publish(full(10, {"web": endpoint("192.0.2.1")}))
    reply = server.request("DELETE", f"/v1/zones/{ZONE}?reason=start+over&forget=true")
    assert reply.status in (200, 204), reply
    server.add_zone()
    assert server.history() == []
    server.publish(full(2, {"web": endpoint("192.0.2.1")}))


def test_zone_names_may_carry_their_dot_and_odd_octets_percent_encoded(make_server):
    server = make_server()
    odd = "a%20b.example"
    assert server.request("PUT", f"/v1/zones/{odd}.").status in (200, 201)
    plan = full(1, {"web": endpoint("192.0.2.1")}, zone="a\\032b.example.")
    server.publish(plan, zone=odd)
    assert server.ask("web.a\\032b.example.").data("A") == ["192.0.2.1"]
