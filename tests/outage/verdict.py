"""Whether a run came out as it must: a plain store loses what was lost, or the test has no teeth; Holdfast nothing."""

PLAIN, HOLDFAST = "plain", "holdfast"

# What a variant does to a plain store, at least.
DAMAGE = {
    "published": {"empty", "older", "wedged"},
    "published-with-locks": {"empty", "older", "wedged"},
    "between": {"older"},
    "at-once": {"older"},
    "two-slow": {"empty", "older", "wedged"},
    "clean-up-first": {"older", "wedged"},
    "killed": {"mixed"},
    "emptied-nothing": {"empty", "wedged"},
    "emptied-no-endpoints": {"empty", "wedged"},
    "emptied-no-targets": {"empty", "wedged"},
}

# The rule that Holdfast has to name for the late plan, or the empty one.
RULE = {
    "emptied-nothing": "unreadable",
    "emptied-no-endpoints": "vanished",
    "emptied-no-targets": "empty-answer",
}

LEAST_ASKED = 500


def damage(came):
    """What a run did: `empty` (clients got no addresses, and that stayed), `older` (clients got an older answer than
    before), `wedged` (no later plan applies), `mixed` (endpoints of one region are left with different plans)."""
    found = set()
    if came.seen.problems["empty"] and came.after == "empty":
        found.add("empty")
    if came.seen.problems["older"]:
        found.add("older")
    if came.later["did"] == "stuck":
        found.add("wedged")
    if len(came.region) > 1:
        found.add("mixed")
    return found


def faults(variant, came):
    """What is not as it must be, in words; nothing where all is."""
    if came.seen.asked < LEAST_ASKED or came.seen.generations < 2:
        return [f"the clients saw too little: {came.seen}"]
    return _plain_faults(variant, came) if came.target == PLAIN else _holdfast_faults(variant, came)


def _plain_faults(variant, came):
    missing = DAMAGE[variant] - damage(came)
    out = [f"the plain store came through without: {', '.join(sorted(missing))}"] if missing else []
    for kind in ("lost", "malformed", "torn"):
        if came.seen.problems[kind]:  # these are not what was published, but a broken store
            out.append(f"the plain store itself is broken: {kind}, {came.seen.examples}")
    return out


def _holdfast_faults(variant, came):
    out = [f"{count} responses were {kind}: {came.seen.examples}"
           for kind, count in came.seen.problems.items() if count]
    rule = RULE.get(variant, "stale-generation")
    for event in came.late:
        if event["did"] == "superseded":
            # Of plans that come at once an older one need not be judged; a newer one must have been published.
            if variant != "at-once" or event["committed"] <= event["generation"]:
                out.append(f"a plan was superseded by none that is newer: {event}")
            elif not any(entry["generation"] == event["generation"] and entry["outcome"] == "superseded"
                         for entry in came.history):
                out.append(f"that plan {event['generation']} was superseded is not in the history")
        elif event["did"] != "refused" or rule not in event["rules"]:
            out.append(f"the late plan was not refused by {rule}: {event}")
        elif not any(entry["generation"] in (event["generation"], 0) and
                     rule in {reason["rule"] for reason in entry.get("reasons", [])} for entry in came.history):
            out.append(f"the refusal by {rule} of plan {event['generation']} is not in the history")
    if variant == "at-once" and any(event["did"] != "applied" for event in came.meanwhile):
        out.append(f"the newest of several plans was not applied: {came.meanwhile}")
    if came.after != came.wanted:
        out.append(f"the regional endpoint answers from {came.after}, not from {came.wanted}")
    if came.later["did"] != "applied" or came.seen.newest != came.later["generation"]:
        out.append(f"a later plan did not apply: {came.later}, clients saw {came.seen.newest}")
    if len(came.region) > 1:
        out.append(f"endpoints answer from several generations: {sorted(came.region, key=str)}")
    if came.cleaned and not set(came.cleaned["statuses"]) <= {"404", "405"}:
        out.append(f"the clean-up was not turned away: {came.cleaned['statuses']}")
    if variant == "killed" and any(entry["generation"] == came.wanted + 1 and not entry.get("committed")
                                   for entry in came.history):
        out.append("half a plan stands in the history")
    return out
