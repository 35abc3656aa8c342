"""That each rule of the soak is found broken where it is, and no other. What keeps it is fed to the same code, too."""

import contextlib
import datetime
import email.message
import json
import pathlib
import subprocess
import sys
import threading
import time
import types

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

import acts  # noqa: E402  (found by the lines above)
import content  # noqa: E402
import report  # noqa: E402
from actors import Person, Storm  # noqa: E402
from holdfast import Reply  # noqa: E402
from world import World  # noqa: E402

OPTIONS = types.SimpleNamespace(seed=1, rate=1000, plans=20, out=None)
FAULTS = ("empty", "torn", "backward", "failed", "other", "malformed")
START = 1000  # of a flood, in seconds of our clock


class Stage:
    """All of a soak but its server: what that says is told beforehand, by method and the end of the path."""

    def __init__(self):
        self.world = World(1)
        self.world.server.request = self.answer
        self.world.is_up = True
        self.acts = acts.Acts(self.world, OPTIONS, lambda text: None)
        self.told, self.processes = {}, []
        self.run("sleep", "60")

    def run(self, *command):
        self.world.server.process = subprocess.Popen(command)
        self.processes.append(self.world.server.process)
        return self.world.server.process

    def end(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.world.server.process = None
        self.world.end()

    def tell(self, end, document, status=200, **headers):
        """`end`: of the method and the path."""
        known = email.message.Message()
        for name, value in headers.items():
            known[name.replace("_", "-")] = value
        self.told[end] = Reply(status, json.dumps(document).encode(), known)

    def answer(self, method, path, *_, **__):
        said = next(reply for end, reply in self.told.items() if f"{method} {path}".endswith(end))
        if isinstance(said, Exception):
            raise said
        return said

    def actor(self, kind=Storm):
        return kind(self.world, "actor", 1)

    def broken(self):
        return {each["rule"] for each in self.world.ledger.violations}


@pytest.fixture
def stage():
    made = Stage()
    yield made
    made.end()


def flood_result(**changes):
    """As tools/flood writes it."""
    moments = [{"at": at / 10, "seconds": 0.1, "sent": 100, "answered": 100, "lost": 0} for at in range(1, 60)]
    return {"seconds": 6.0, "rate": 1000, "sent": 6000, "answered": 6000, "lost": 0, "unasked": 0, "swaps": [],
            "faults": dict.fromkeys(FAULTS, 0), "moments": moments, "start_ns": START * 10**9,
            "latency": dict.fromkeys(("p50_ns", "p99_ns", "p999_ns", "max_ns"), 1_000_000)} | changes


def judge(stage, result):
    stage.acts.judge("storm", types.SimpleNamespace(finish=lambda: result))


# What breaks each rule, or where `breaks` is false just does not.


def fault(name):
    return lambda stage, breaks: judge(stage, flood_result(faults=dict.fromkeys(FAULTS, 0) | {name: int(breaks)}))


def loses(stage, breaks):
    result = flood_result()
    result["moments"][30]["lost"] = int(breaks)
    judge(stage, result)


def goes_back_after_a_crash(stage, breaks, whole=True):
    for zone in (content.STORM, content.BACK):
        for generation in (1, 2, 3):
            stage.world.ledger.acknowledge(zone, generation)
    there = 2 if breaks else 3
    history = [{"generation": generation} for generation in range(there, 0, -1)]
    stage.tell(".example", {"committed": there})
    stage.tell("?limit=1000&outcome=published", {"history": history})
    stage.tell("/verify", {"whole": whole})
    stage.world.server.addresses = lambda name, zone: [f"10.0.0.{there}"]
    stage.world.check_promises()


def has_a_torn_history(stage, breaks):
    goes_back_after_a_crash(stage, False, whole=not breaks)


def refuses_a_good_plan(stage, breaks):
    good = {"outcome": "published", "generation": 1}
    stage.tell("/plans", {"outcome": "refused", "reasons": [{"rule": "floor"}]} if breaks else good)
    stage.tell("/v1/zones/" + content.STORM, {"committed": 1})
    actor = stage.actor()
    actor.expect(content.STORM, actor.submit(content.STORM, content.full(content.STORM, 1)))


def publishes_poison(stage, breaks):
    refusal = {"outcome": "refused", "reasons": [{"rule": "vanished"}]}
    stage.tell("/plans", {"outcome": "published"} if breaks else refusal, 200 if breaks else 409)
    stage.actor().poison(content.STORM, "empty", 2, 1)


def publishes_a_generation_twice(stage, breaks):
    """As of two Enactors that take the same one."""
    for generation in (5, 5 if breaks else 6):
        stage.tell("/plans", {"outcome": "published", "generation": generation})
        stage.actor().submit(content.STORM, content.full(content.STORM, generation))


def looks_at_half_of_the_poison(stage, breaks):
    overtaken = acts.ENOUGH_POISON // 2
    for rule, times in (("stale-generation", overtaken), ("vanished", overtaken + (not breaks))):
        stage.tell("/plans", {"outcome": "refused", "reasons": [{"rule": rule}]}, 409)
        for _ in range(times):
            stage.actor().poison(content.STORM, "empty", 2, 1)
    stage.acts.check_poison()


def takes_plans_while_frozen(stage, breaks):
    stage.tell("/plans", {"outcome": "published"}, 200 if breaks else 423)
    stage.actor(Person).check_frozen(content.full(content.BACK, 2))


def goes_back_to_something_else(stage, breaks):
    stage.world.ledger.acknowledge(content.BACK, 1)
    stage.tell("&reason=soak", {"generation": 3})
    stage.world.server.addresses = lambda name, zone: ["10.0.0.2" if breaks else "10.0.0.1"]
    stage.actor(Person).go_back(2)


def fails_where_there_is_no_room(stage, breaks):
    stage.tell("/plans", {}, 500 if breaks else 503)
    stage.acts.send_large((200, 503), "full disk")


def takes_no_plan_again(stage, breaks):
    """Another thread is told that one is published, as the actors are."""
    with contextlib.ExitStack() as left:
        if not breaks:
            timer = threading.Timer(0.1, stage.world.ledger.acknowledge, (content.STORM, 1))
            left.callback(timer.join)
            timer.start()
        stage.acts.check_taken_again(0.3 if breaks else 10)


def takes_no_plan_at_another_time(stage, breaks):
    now = datetime.datetime.now(datetime.timezone.utc)
    stage.world.server.status = lambda zone: {"committed_at": (now + datetime.timedelta(hours=1)).isoformat()}
    before = stage.world.ledger.counts["published"]
    if not breaks:
        stage.world.ledger.acknowledge(content.STORM, 1)
    stage.acts.check_jumped(3600, before)


def says_no_time_to_come_again(stage, breaks):
    stage.world.is_short = True
    stage.tell("/plans", {}, 503, **({} if breaks else {"Retry_After": "1"}))
    stage.actor().submit(content.STORM, content.full(content.STORM, 1))


def has_an_enactor_that_crashed(stage, breaks):
    stage.world.server.served = lambda zone: 1
    stage.tell("/v1/status", {"enactors": [{"crashes": int(breaks), "state": "running"}]})
    stage.acts.check_files("storm")


def hangs_up(stage, breaks):
    if breaks:
        stage.told["/plans"] = ConnectionResetError()
    else:
        stage.tell("/plans", {"outcome": "published", "generation": 1})
    stage.actor().submit(content.STORM, content.full(content.STORM, 1))


def does_not_answer(stage, breaks):
    stage.world.patience = 0.05
    with stage.world.playing() if breaks else contextlib.nullcontext():
        with stage.world.quiet():
            pass


def dies(stage, breaks):
    if breaks:
        stage.run("false").wait()
    stage.world.is_found_alive()


def sheds_those_who_ask_little(stage, breaks):
    heavy, paced = flood_result(sent=10_000, answered=5000), flood_result()
    for moment in paced["moments"]:
        moment["answered"] = 20 if breaks else 30
    stage.acts.check_shares(paced, heavy, START, START + 10)


def keeps_old_content(stage, breaks):
    stage.tell("/v1/status", {"swaps": {"count": 7, "reclaims_pending": int(breaks)}})
    assert stage.acts.check_given_back("storm") == 7


def holds_more(what, least, more):
    """As much more as is allowed, and one more than that."""
    def hold(stage, breaks):
        first = {"act": "storm", "at": 1.0, "life": 1, "swaps": 100, "used_octets": 10_000_000,
                 "resident_octets": 30_000_000, "threads": 20, "descriptors": 50, what: least}
        stage.acts.samples = [first, first | {"swaps": 1000, what: least + more + int(breaks)}]
        stage.acts.check_possessions()
    return hold


def stumbles(stage, breaks):
    judge(stage, {"problem": "it did not end"} if breaks else flood_result())


CASES = {
    **{f"no answer is {name}": fault(name) for name in FAULTS},
    "nothing is lost": loses,
    "acknowledged plans survive": goes_back_after_a_crash,
    "the history is whole": has_a_torn_history,
    "a generation is published once": publishes_a_generation_twice,
    "good plans are published": refuses_a_good_plan,
    "poison is refused with the right rule": publishes_poison,
    "most poison is judged": looks_at_half_of_the_poison,
    "a freeze holds": takes_plans_while_frozen,
    "old content comes back": goes_back_to_something_else,
    "what there is no room for is turned away": fails_where_there_is_no_room,
    "plans are taken again": takes_no_plan_again,
    "plans are taken whatever the time": takes_no_plan_at_another_time,
    "503 says when to come again": says_no_time_to_come_again,
    "an Enactor brings what is good": has_an_enactor_that_crashed,
    "the control API answers": hangs_up,
    "requests are answered": does_not_answer,
    "the server lives": dies,
    "it sheds fairly": sheds_those_who_ask_little,
    "old content is given back": keeps_old_content,
    "memory is flat": holds_more("used_octets", 30_000_000, 1_500_000),  # 5 %
    "no descriptors leak": holds_more("descriptors", 50, 0),
    "no threads leak": holds_more("threads", 20, 0),
    "the soak works": stumbles,
}


def told(stage):
    """The lines of the report's last table, by rule: how often it was broken."""
    lines = report.markdown(report.result(stage.world, stage.acts, OPTIONS)).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0]: row[1] for row in cells if row[0] in report.RULES}, "\n".join(lines)


@pytest.mark.parametrize("rule", report.RULES)
def test_a_rule_that_is_broken_is_told_and_no_other(rule, stage):
    CASES[rule](stage, True)
    assert stage.broken() == {rule}, stage.world.ledger.violations
    counts, text = told(stage)
    assert {each for each, count in counts.items() if count != "0"} == {rule} and "No violation" not in text


def test_what_keeps_all_rules_is_told_to_keep_them():
    for rule in report.RULES:
        stage = Stage()
        try:
            CASES[rule](stage, False)
            assert stage.broken() == set(), (rule, stage.world.ledger.violations)
            counts, text = told(stage)
        finally:
            stage.end()
        assert set(counts.values()) == {"0"} and set(counts) == set(report.RULES)
        assert f"No violation of {len(report.RULES)} rules" in text


def test_each_rule_has_a_case():
    assert list(CASES) == report.RULES
    assert len(set(map(id, CASES.values()))) == len(report.RULES)


def test_an_overload_that_leaves_room_is_told(stage, monkeypatch):
    """As a generator would that is slower than the server."""
    floods = iter([flood_result(), flood_result()])
    monkeypatch.setattr(acts, "Flood", lambda *_, **__: types.SimpleNamespace(
        finish=lambda result=next(floods): result, begun=time.monotonic()))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    dropped = iter([5, 6, 6, 6])
    monkeypatch.setattr(acts.accounting, "dropped", lambda port: next(dropped))
    stage.acts.overload(0.1)
    assert stage.broken() == set() and stage.acts.results[-1]["dropped"] == 1
    floods = iter([flood_result(), flood_result()])
    stage.acts.overload(0.1)
    assert stage.broken() == {"the soak works"}
