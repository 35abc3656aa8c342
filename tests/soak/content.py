"""What is served in a soak: zones whose addresses carry the generation, good plans of them, and poisonous ones.

An address is 10.T.G.G or 2001:db8::T:G, T the number of the target and G the generation modulo 2^16, as
tools/flood reads it with --stamped.
"""

import dataclasses
import json

import holdfast

# Automation that races with itself; deltas of one endpoint each; a person who goes back; files in a folder; too much.
STORM, PARTS, BACK, WATCH, LARGE = (f"{name}.example" for name in ("storm", "parts", "back", "watch", "large"))
TARGETS = 4
ENDPOINTS = {STORM: 300, PARTS: 40, BACK: 40, WATCH: 40}
NAME_SERVERS = holdfast.full(1)["records"]
# Keys of the configuration, so that some plans are too large, and that of LARGE is not.
LIMITS = {"plan-bytes": "12M", "plan-records": 120_000, "targets-per-endpoint": 200}
FIRST_PART = 2  # the group of the first endpoint of PARTS, for tools/flood: each is exchanged alone


def stamped6(generation, target):
    return f"2001:db8::{target:x}:{generation & 0xffff:x}"


def names(zone):
    return [f"ep{number}" for number in range(ENDPOINTS[zone])]


def has_both(name):
    """Every fourth endpoint has addresses of both families."""
    return int(name[2:]) % 4 == 0


def endpoint(name, generation, targets=TARGETS, ttl=5):
    makers = (holdfast.stamped, stamped6) if has_both(name) else (holdfast.stamped,)
    return holdfast.endpoint(*(make(generation, target) for make in makers for target in range(targets)), ttl=ttl)


def full(zone, generation, /, **changes):
    listed = {name: endpoint(name, generation) for name in names(zone)}
    return holdfast.full(generation, listed, zone=zone, source="soak") | changes


def delta(zone, base, generation, changed):
    listed = {name: endpoint(name, generation) for name in changed}
    return holdfast.delta(base, listed, zone=zone, generation=generation, source="soak")


def large(generation, endpoints):
    """A first plan that needs a hundred times the memory of the others."""
    first = 4 * (generation % 60)  # so that everything changes each time
    listed = {f"ep{number}": holdfast.endpoint(f"10.{first + (number >> 16)}.{number >> 8 & 255}.{number & 255}")
              for number in range(endpoints)}
    return holdfast.full(generation, listed, zone=LARGE)


def questions():
    """Lines for tools/flood: every name, with what is known of its answers."""
    group = {STORM: lambda number: "!", WATCH: lambda number: "!1", BACK: lambda number: "!-",
             PARTS: lambda number: f"!{FIRST_PART + number}"}
    lines = []
    for zone, mark in group.items():
        for number, name in enumerate(names(zone)):
            lines.append(f"{name}.{zone} A {mark(number)}\n")
            if has_both(name):
                lines.append(f"{name}.{zone} AAAA {mark(number)}\n")
        lines += [f"nobody{number}.{zone} A\n" for number in range(5)] + [f"{zone} SOA\n"]
    return "".join(lines)


@dataclasses.dataclass
class Poison:
    """A plan that must not be published. `rules`: each refusal of it names one of them."""
    kind: str
    body: bytes
    statuses: tuple = (409,)
    rules: frozenset = frozenset()
    content_type: str = "application/json"


def refused(kind, document, *rules):
    return Poison(kind, json.dumps(document).encode(), (409,), frozenset(rules))


def malformed(kind, body, *statuses):
    return Poison(kind, body, statuses or (400,), frozenset({"invalid"}))


def with_targets(zone, generation, targets):
    plan = full(zone, generation)
    plan["endpoints"] = {name: endpoint(name, generation, targets) for name in plan["endpoints"]}
    return plan


def without_six(zone, generation):
    plan = full(zone, generation)
    for each in plan["endpoints"].values():
        each["targets"] = [target for target in each["targets"] if ":" not in target["address"]]
    return plan


def changed_endpoint(zone, generation, **changes):
    plan = full(zone, generation)
    plan["endpoints"]["ep0"] |= changes
    return plan


def half(random, listed):
    return sorted(random.sample(listed, len(listed) // 2))


POISONS = {
    "empty": lambda zone, new, old, random: refused(
        "empty", full(zone, new, endpoints={}), "vanished"),
    "emptied": lambda zone, new, old, random: refused("emptied", with_targets(zone, new, 0), "empty-answer"),
    "shrunken": lambda zone, new, old, random: refused(
        "shrunken", full(zone, new, endpoints={name: endpoint(name, new) for name in half(random, names(zone))}),
        "vanished"),
    "shrunken by name": lambda zone, new, old, random: refused(
        "shrunken by name", full(zone, new, endpoints={"ep0": endpoint("ep0", new)}, remove=names(zone)[1:]),
        "velocity"),
    "emptied by a delta": lambda zone, new, old, random: refused(
        "emptied by a delta", delta(zone, old, new, []) | {"endpoints": {"ep0": endpoint("ep0", new, 0)}},
        "empty-answer"),
    "shrunken by a delta": lambda zone, new, old, random: refused(
        "shrunken by a delta", delta(zone, old, new, []) | {"remove": half(random, names(zone))}, "velocity"),
    "thin": lambda zone, new, old, random: refused("thin", with_targets(zone, new, 1), "floor"),
    "one family": lambda zone, new, old, random: refused("one family", without_six(zone, new), "empty-answer"),
    "bogus": lambda zone, new, old, random: refused(
        "bogus", changed_endpoint(zone, new, targets=[
            {"address": each} for each in ("127.0.0.1", "0.0.0.0", "10.0.0.1", "10.0.0.2", "::1", "2001:db8::1")]),
        "bogus-target"),
    "ttl": lambda zone, new, old, random: refused("ttl", changed_endpoint(zone, new, ttl=999_999), "ttl"),
    "other name servers": lambda zone, new, old, random: refused(
        "other name servers", full(zone, new, records=["@ 3600 IN NS ns.evil.example."]), "apex-changed"),
    "no name server": lambda zone, new, old, random: refused(
        "no name server", full(zone, new, records=[]), "invalid"),
    "CNAME beside": lambda zone, new, old, random: refused(
        "CNAME beside", full(zone, new, records=[*NAME_SERVERS, "x 60 IN CNAME ep0", "x 60 IN TXT y"]), "invalid"),
    "expired": lambda zone, new, old, random: refused(
        "expired", full(zone, new, expires="2001-01-01T00:00:00Z"), "expired"),
    "stale": lambda zone, new, old, random: refused(
        "stale", full(zone, max(1, old - random.randrange(100))), "stale-generation"),
    "wrong base": lambda zone, new, old, random: refused(
        "wrong base", delta(zone, new + 1000 + random.randrange(100), new + 5000, names(zone)), "base-mismatch"),
    "other zone": lambda zone, new, old, random: refused(
        "other zone", full(zone, new, zone="elsewhere.example."), "invalid"),
    "truncated": lambda zone, new, old, random: malformed(
        "truncated", (body := json.dumps(full(zone, new)).encode())[:random.randrange(1, len(body))]),
    "nothing": lambda zone, new, old, random: Poison("nothing", b"", (400, 409), frozenset({"invalid", "unreadable"})),
    "broken": lambda zone, new, old, random: malformed(
        "broken", json.dumps(full(zone, new)).replace('"targets"', '"targets', 1 + random.randrange(3)).encode()),
    "noise": lambda zone, new, old, random: malformed("noise", random.randbytes(random.randrange(1, 50_000))),
    "nested": lambda zone, new, old, random: malformed("nested", b'{"endpoints":' * random.randrange(100, 30_000)),
    "too many targets": lambda zone, new, old, random: refused(
        "too many targets", changed_endpoint(zone, new, targets=[
            {"address": f"10.9.{number >> 8}.{number & 255}"} for number in range(300)]), "invalid"),
    "too many records": lambda zone, new, old, random: malformed(
        "too many records", json.dumps(full(zone, new, records=NAME_SERVERS + [
            f"t{number} 60 IN TXT x" for number in range(LIMITS["plan-records"])])).encode(), 400, 413),
    "huge": lambda zone, new, old, random: Poison("huge", b'{"plan": 1,' + b" " * (13 << 20) + b"}", (413,)),
    "picture": lambda zone, new, old, random: Poison("picture", b"\x89PNG", (415,), content_type="image/png"),
}
