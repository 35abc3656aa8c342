"""The published sequence and its variants. Each directs a Run and returns what came of it, in a Came."""

import dataclasses

from timeline import EMPTY, FOUND, RESTORED


@dataclasses.dataclass
class Came:
    """What came of a run."""

    target: str
    late: list = dataclasses.field(default_factory=list)  # how the late plans ended, as events
    cleaned: dict = None  # how the clean-up ended, as an event
    after: object = None  # what the regional endpoint answered from when it was over, and nobody had helped
    wanted: int = 0  # what it should have answered from
    meanwhile: list = dataclasses.field(default_factory=list)  # how plans ended that came after the late one
    later: dict = None  # how a later plan ended, the last one
    region: set = dataclasses.field(default_factory=set)  # what all endpoints answered from, where that was asked
    seen: object = None  # the clients' Summary
    history: list = dataclasses.field(default_factory=list)  # Holdfast's, of that zone, newest first


def begin(run):
    """A region in force, and clients that use it."""
    run.make_plans(1, run.scale.race)
    run.apply(run.draw.third)
    run.start_clients()
    run.let_clients_ask()


def many_newer(run, enactors):
    """The Planner goes on while somebody is late, and others apply some of that. The last one applied."""
    left = run.draw.late
    while left > 0:
        count = min(left, run.draw.random.randint(10, 20))
        left -= count
        run.make_plans(count, count * run.scale.race)
        applied = run.apply(enactors[left % len(enactors)])
    return run.apply(enactors[0]) if applied["did"] != "applied" else applied


def end(run, came):
    came.wanted = max(event["generation"] for event in run.events if event["did"] == "applied")
    run.let_clients_ask()
    came.after = run.answer()
    run.make_plans(1, run.scale.race)
    came.later = run.apply(run.draw.second)
    run.let_clients_ask()
    came.seen, came.history = run.stop_clients(), run.history()
    return came


def published(run):
    """As it was: the late plan is written, then the clean-up deletes it; automation tries in vain until people help."""
    draw, came = run.draw, Came(run.target)
    run.step(1)
    begin(run)
    run.step(2)
    run.make_plans(1, run.scale.race)
    run.apply(draw.slow, "hold")
    run.step(3)
    applied = many_newer(run, [draw.second, draw.third])
    run.step(4)
    run.clean_up(applied["generation"])
    came.late.append(run.go(draw.slow))
    came.wanted = applied["generation"]
    run.let_clients_ask()
    run.step(5)
    came.cleaned = run.delete_found()
    run.let_clients_ask()
    came.after = run.answer()
    run.tell("clock", at=EMPTY[0], generation=came.after)
    run.step(6)
    go_on_until(run, came, FOUND, FOUND[1], [draw.second, draw.third])
    go_on_until(run, came, RESTORED, RESTORED[1] - FOUND[1], [draw.slow, draw.third])
    # Two bring the same newest plan at once: one applies it, and the other is not needed.
    last = came.meanwhile[-2:]
    came.later = next((each for each in last if each["did"] == "applied"), last[-1])
    run.step(7)
    if run.target == "plain":
        run.repair(run.plans.generations()[-1])
        run.let_clients_ask()
    came.seen, came.history = run.stop_clients(), run.history()
    return came


def go_on_until(run, came, moment, minutes, enactors):
    """The automation goes on: a plan every ten minutes of the outage, and two Enactors that take the newest."""
    run.make_plans(minutes // 10, minutes * run.scale.outage)
    came.meanwhile += run.apply_all(*enactors)
    run.tell("clock", at=moment[0], generation=run.answer())


def between(run):
    """The late plan arrives exactly between the commits of two others, again and again."""
    draw, came = run.draw, Came(run.target)
    begin(run)
    for _ in range(2 if run.target == "plain" else 5):
        run.make_plans(1, run.scale.race)
        run.apply(draw.slow, "hold" if run.target == "plain" else "half")
        run.make_plans(1, run.scale.race)
        run.apply(draw.second)
        run.make_plans(1, run.scale.race)
        if run.target == "plain":
            came.late.append(run.go(draw.slow))
            run.let_clients_ask(50)
            run.apply(draw.third)
            continue
        # The rest of the late plan and the next one's first octet at the same moment.
        mark = len(run.events)
        orders = [(draw.slow, "go"), (draw.third, "apply")]
        draw.random.shuffle(orders)
        for enactor, order in orders:
            run.processes[enactor].order(order)
        ends = [run.wait(enactor, ["applied", "refused", "skipped"], mark) for enactor in (draw.slow, draw.third)]
        came.late.append(ends[0])
        came.meanwhile.append(ends[1])
    return end(run, came)


def at_once(run):
    """Three plans come at the same moment, in any order; each was checked when nothing was newer.

    They are large (BULK), so that to judge one takes longer than to bring all of them. Every other time the oldest is
    let go first and the newest second: whoever judges outside the lock and is overtaken judges the third once more,
    finds it newer than the first, and is overtaken again, by the newest, before it can commit.
    """
    draw, came = run.draw, Came(run.target)
    begin(run)
    oldest, middle, newest = enactors = [draw.slow, draw.second, draw.third]
    for number in range(1 if run.target == "plain" else 12):
        for enactor in enactors:
            run.make_plans(1, 0.001)
            run.apply(enactor, "half")
        mark, orders = len(run.events), [oldest, newest, middle]
        if run.target == "plain":  # the newest first, or chance would decide what clients see
            orders = [newest, middle, oldest]
        elif number % 2:
            draw.random.shuffle(orders)
        for enactor in orders:
            run.processes[enactor].order("go")
            if run.target == "plain":
                run.wait(enactor, ["applied"], mark)
                run.let_clients_ask(20)
        ends = [run.wait(enactor, ["applied", "refused", "superseded"], mark) for enactor in enactors]
        came.late += [event for event in ends if event["did"] != "applied"]
        came.meanwhile.append(ends[-1])
        run.let_clients_ask(20)
    return end(run, came)


def two_slow(run):
    """Two late ones, which write one after the other."""
    draw, came = run.draw, Came(run.target)
    begin(run)
    slow = [draw.slow, draw.third]
    for enactor in slow:
        run.make_plans(1, run.scale.race)
        run.apply(enactor, "hold")
    applied = many_newer(run, [draw.second])
    run.clean_up(applied["generation"])
    draw.random.shuffle(slow)
    # Clients see what is in force before the late ones write, and what they wrote before it is deleted.
    run.let_clients_ask(50)
    came.late = [run.go(enactor) for enactor in slow]
    run.let_clients_ask(50)
    came.cleaned = run.delete_found()
    return end(run, came)


def clean_up_first(run):
    """The clean-up deletes the late plan first, and then it is written, from memory."""
    draw, came = run.draw, Came(run.target)
    begin(run)
    run.make_plans(1, run.scale.race)
    run.apply(draw.slow, "hold")
    applied = many_newer(run, [draw.second, draw.third])
    run.clean_up(applied["generation"])
    came.cleaned = run.delete_found()
    run.let_clients_ask(50)
    came.late.append(run.go(draw.slow))
    return end(run, came)


def killed(run):
    """An Enactor is killed half-way through a plan that was the newest."""
    draw, came = run.draw, Came(run.target)
    begin(run)
    run.make_plans(1, run.scale.race)
    run.apply(draw.slow, "half")
    run.let_clients_ask()
    run.processes[draw.slow].kill()
    run.let_clients_ask()
    came.region = run.answers()
    run.start_enactor(draw.slow)
    return end(run, came)


def emptied(run, form):
    """An Enactor's plan, the newest, is deleted before it is read, and what is not there is taken for empty."""
    draw, came = run.draw, Came(run.target)
    begin(run)
    run.make_plans(1, run.scale.race)
    delayed = run.apply(draw.slow, "hold", f"reread={form}")
    run.lose_plan(delayed["generation"])
    came.late.append(run.go(draw.slow))
    return end(run, came)


VARIANTS = {
    "published": published,
    "between": between,
    "at-once": at_once,
    "two-slow": two_slow,
    "clean-up-first": clean_up_first,
    "killed": killed,
    "emptied-nothing": lambda run: emptied(run, "nothing"),
    "emptied-no-endpoints": lambda run: emptied(run, "no-endpoints"),
    "emptied-no-targets": lambda run: emptied(run, "no-targets"),
}

# Records beside the endpoints, for variants whose plans must take long to judge.
BULK = {"at-once": 4000}
