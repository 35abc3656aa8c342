"""I2: no answer disappears by accident, by whatever route."""

import pytest
from holdfast import ZONE, delta, endpoint, full

ROUTES = {
    "targets-removed": (delta(1, {"web": endpoint()}), "web", "A"),
    "name-left-out-of-a-full-plan": (full(2, {"other": endpoint("192.0.2.9")}), "web", "A"),
    "one-family-left-out": (delta(1, {"web": endpoint("192.0.2.1")}), "web", "AAAA"),
    "cname-to-nothing": (delta(1, records=["alias 60 IN CNAME nowhere"]), "alias", "A"),
    "cname-target-made-an-endpoint-without-the-type":
        (delta(1, records=["alias 60 IN CNAME other"]), "alias", "AAAA"),
    "cname-into-a-loop": (delta(1, records=["alias 60 IN CNAME alias"]), "alias", "A"),
    "cname-target-removed-by-name-the-alias-not": (delta(1, remove=["web"]), "alias", "A"),
    "occluded-by-a-new-ns": (delta(1, records=["svc 60 IN NS ns.example.org."]), "api.svc", "A"),
    "occluded-by-a-new-ns-at-the-name": (delta(1, records=["web 60 IN NS ns.example.org."]), "web", "A"),
    "occluded-by-a-new-dname": (delta(1, records=["svc 60 IN DNAME nowhere"]), "api.svc", "A"),
    "dname-target-changed": (delta(1, records=["old 60 IN DNAME nowhere"]), "api.old", "A"),
    "dname-target-removed": (delta(1, remove=["api.svc"]), "api.old", "A"),
    "wildcard-removed-from-a-full-plan": ("without wildcard", "anything.wild", "A"),
    "wildcard-covered-by-a-new-name": (delta(1, records=["x.wild 60 IN TXT hello"]), "x.wild", "A"),
    "wildcard-covered-above-by-a-new-name":
        (delta(1, {"leaf.deep.wild": endpoint("192.0.2.9")}), "y.deep.wild", "A"),
}
RECORDS = ["alias 60 IN CNAME web", "*.wild 60 IN A 192.0.2.40", "old 60 IN DNAME svc"]
ENDPOINTS = {"web": endpoint("192.0.2.1", "2001:db8::1"), "other": endpoint("192.0.2.9"),
             "api.svc": endpoint("192.0.2.30")}


@pytest.mark.parametrize("route", ROUTES)
def test_an_answer_emptied_is_refused_and_the_old_answer_goes_on(server, route):
    plan, name, qtype = ROUTES[route]
    if plan == "without wildcard":
        plan = full(2, ENDPOINTS, [r for r in RECORDS if "wild" not in r])
    server.publish(full(1, ENDPOINTS, RECORDS))
    before = server.ask(name, qtype)
    assert before.is_positive and before.data(qtype)

    reply = server.submit(plan)
    assert reply.status == 409, reply
    assert reply.rules & {"empty-answer", "vanished"}, reply
    reasons = [r for r in reply.reasons if r["rule"] in ("empty-answer", "vanished")]
    assert all(r["observed"] and r["limit"] and r["detail"] for r in reasons)

    after = server.ask(name, qtype)
    assert after.data(qtype) == before.data(qtype) and server.served() == 1


@pytest.mark.parametrize("plan, name", [
    (delta(1, remove=["other"]), "other"),
    (delta(1, remove=["web", "alias"]), "web"),
    (full(2, ENDPOINTS, [r for r in RECORDS if "wild" not in r], remove=["*.wild"]), "anything.wild"),
], ids=["endpoint", "endpoint-and-its-alias", "wildcard"])
def test_what_a_plan_names_in_remove_goes(server, plan, name):
    server.publish(full(1, ENDPOINTS, RECORDS))
    server.publish(plan)
    assert server.ask(name).is_nxdomain


def test_a_zone_emptied_by_an_almost_empty_full_plan_is_refused_whole(server):
    server.publish(full(1, ENDPOINTS, RECORDS))
    reply = server.refused(full(2))
    assert {r["name"] for r in reply.reasons if r["rule"] == "vanished"} >= {f"{name}.{ZONE}." for name in ENDPOINTS}
    assert server.addresses("web") == ["192.0.2.1"]
