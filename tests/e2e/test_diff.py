"""Diff, rollback and explain with the real programs."""

import json

from holdfast import DONE, OTHER, REFUSED, USAGE, ZONE, delta, endpoint, full


def two_generations(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")},
                        source="planner-a"))
    server.publish(full(2, {"web": endpoint("192.0.2.1", "192.0.2.2", "192.0.2.3")}, source="planner-b"))
    return server


def test_diff_shows_the_effect_on_capacity(server):
    two_generations(server)
    shown = server.zonectl("diff", ZONE)
    assert shown.returncode == DONE, shown
    assert f"web.{ZONE}." in shown.stdout and "███████░░░ -25 %" in shown.stdout
    assert "- 192.0.2.4 (weight 100)" in shown.stdout
    assert "generation 1 → 2" in shown.stdout
    back = server.zonectl("--format", "json", "diff", ZONE, "2", "1")
    document = json.loads(back.stdout)
    assert document["capacity"] == {"before": 300, "after": 400} and document["to"] == 1


def test_diff_of_a_generation_that_is_not_kept_names_it(server):
    two_generations(server)
    reply = server.get(f"/v1/zones/{ZONE}/diff?from=17")
    assert reply.status == 404 and "17" in reply.json["error"]
    shown = server.zonectl("diff", ZONE, "17")
    assert shown.returncode == OTHER and "17" in shown.stderr


def test_a_file_is_compared_without_being_submitted(server):
    two_generations(server)
    plan = server.write("plan.json", full(1, {"web": endpoint("192.0.2.1")}))
    shown = server.zonectl("diff", ZONE, "--file", plan)
    assert shown.returncode == DONE and "-67 %" in shown.stdout, shown
    change = server.write("delta.json", delta(1, {"new": endpoint("192.0.2.9")}))
    added = server.zonectl("diff", ZONE, "--file", change)
    assert "1 name added, 0 removed, 0 changed" in added.stdout and "this plan" in added.stdout, added
    assert server.served() == 2 and not server.status()["last_refusal"]
    assert server.zonectl("diff", ZONE, "1", "--file", plan).returncode == USAGE


def test_rollback_brings_the_answers_back_under_a_new_generation(server):
    two_generations(server)
    dry = server.zonectl("rollback", ZONE, "--to", "1", "--reason", "halved", "--dry-run")
    assert dry.returncode == DONE and "Would be published" in dry.stdout, dry
    assert server.served() == 2
    done = server.zonectl("rollback", ZONE, "--to", "1", "--reason", "halved")
    assert done.returncode == DONE and "with the content of 1" in done.stdout, done
    assert server.served() == 3
    assert len(server.addresses("web")) == 4
    entry = server.history()[0]
    assert (entry["generation"], entry["restored"], entry["reason"]) == (3, 1, "halved")
    # It survives a restart, and the fence is the new generation.
    server.kill()
    server.start()
    assert server.served() == 3 and len(server.addresses("web")) == 4
    assert server.refused(full(3, {"web": endpoint("192.0.2.1")})).rules >= {"stale-generation"}


def test_rollback_keeps_what_came_since_unless_told(server):
    two_generations(server)
    server.publish(delta(2, {"new": endpoint("192.0.2.9")}))
    refused = server.zonectl("rollback", ZONE, "--to", "1", "--reason", "x")
    assert refused.returncode == REFUSED and f"new.{ZONE}." in refused.stdout, refused
    assert server.addresses("new") == ["192.0.2.9"]
    done = server.zonectl("rollback", ZONE, "--to", "1", "--reason", "x", "--remove-added")
    assert done.returncode == DONE, done
    assert server.addresses("new") == []


def test_rollback_says_what_it_lacks(server):
    two_generations(server)
    assert server.zonectl("rollback", ZONE, "--to", "1").returncode == USAGE
    unnamed = server.zonectl("rollback", ZONE, "--reason", "x")
    assert unnamed.returncode == OTHER and "name the generation" in unnamed.stderr, unnamed
    gone = server.zonectl("rollback", ZONE, "--to", "9", "--reason", "x")
    assert gone.returncode == OTHER and "9" in gone.stderr, gone


def test_explain_follows_an_alias_to_targets_and_tells_who_made_them(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1", "192.0.2.2", weight=50, pick=1)}, source="planner-a"))
    server.publish(delta(1, records=["www 60 IN CNAME web"]), query="reason=a+new+name")
    shown = server.zonectl("explain", f"www.{ZONE}", "A")
    assert shown.returncode == DONE, shown
    for text in ("answered with data", "alias (CNAME, TTL 60 s)", "1 of 2 targets in each answer", "50 %",
                 "generation 2", "last changed by generation 1", "source planner-a", "a new name",
                 "the guard would accept it"):
        assert text in shown.stdout, (text, shown.stdout)
    web = server.zonectl("--format", "json", "explain", "web", "--zone", ZONE)
    removal = json.loads(web.stdout)["removal"]
    assert removal["outcome"] == "refused" and removal["reasons"][0]["name"] == f"www.{ZONE}.", removal
    assert server.addresses("web", "A") and server.served() == 2


def test_explain_tells_what_took_an_answer_away(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1"), "old": endpoint("192.0.2.2")}))
    server.publish(delta(1, remove=["old"]), query="reason=retired")
    shown = server.zonectl("explain", f"old.{ZONE}")
    assert shown.returncode == DONE and "NXDOMAIN" in shown.stdout, shown
    assert "last changed by generation 2" in shown.stdout and "retired" in shown.stdout, shown
    outside = server.zonectl("explain", "www.example.org")
    assert outside.returncode == OTHER and "no zone held contains" in outside.stderr


def test_removals_that_name_nothing_give_a_warning(server):
    server.publish(full(1, {"web": endpoint("192.0.2.1"), "old": endpoint("192.0.2.2")}))
    plan = server.write("plan.json", full(2, {"web": endpoint("192.0.2.1")}))
    pushed = server.zonectl("push", ZONE, plan, "--remove", "old", "--remove", "odl")
    assert pushed.returncode == DONE and "--remove odl names nothing that is served" in pushed.stdout, pushed
    assert "--remove old names nothing" not in pushed.stdout


def test_the_history_is_sealed_and_tampering_shows(server):
    import sqlite3
    two_generations(server)
    server.zonectl("freeze", ZONE, "--reason", "an incident")
    whole = server.zonectl("history", ZONE, "--verify")
    assert whole.returncode == DONE and "Whole" in whole.stdout, whole
    shown = server.zonectl("history", ZONE)
    assert "frozen" in shown.stdout and "an incident" in shown.stdout, shown
    server.terminate()
    store = sqlite3.connect(server.dir / "state" / "plans.db")
    tables = [row[0] for row in store.execute("select name from sqlite_master where type = 'table'")]
    table = next(t for t in tables if "reason" in [c[1] for c in store.execute(f"pragma table_info({t})")]
                 and "seal" in [c[1] for c in store.execute(f"pragma table_info({t})")])
    store.execute(f"update {table} set reason = 'nothing at all' where reason = 'an incident'")
    store.commit()
    store.close()
    server.start()
    broken = server.zonectl("history", ZONE, "--verify")
    assert broken.returncode == OTHER and "BROKEN" in broken.stdout, broken
