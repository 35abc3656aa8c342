"""What a second worker brings: the answers of one and of two to bursts that wait for them, on cores of their own."""

import contextlib
import os
import pathlib

from bench import arithmetic
from bench.accounting import threads_of
from bench.holdfast import Holdfast
from bench.load import bursts
from bench.peers import Null

# Each address has a socket of each worker, and a socket's buffer has room for so much: together 12,288 queries.
ADDRESSES = 32
# Short turns, so that a load which comes and goes strikes one and two alike.
TURNS_OF_ROUND, BURSTS = 3, 4


class NullOne(Null):
    threads, addresses = 1, ADDRESSES


class NullTwo(Null):
    threads, addresses = 2, ADDRESSES


class One(Holdfast):
    threads, addresses = 1, ADDRESSES


class Two(Holdfast):
    threads, addresses = 2, ADDRESSES


KINDS = (NullOne, NullTwo, One, Two)


def give_cores(server, cores):
    """One core for each worker, which nothing else takes from it before a burst is answered, as far as this may."""
    pid = server.process.pid
    for thread in threads_of(pid):
        name = pathlib.Path(f"/proc/{pid}/task/{thread}/comm").read_text(encoding="ascii").strip()
        if name.startswith("udp-"):
            os.sched_setaffinity(thread, {cores[int(name.removeprefix("udp-")) % len(cores)]})
            with contextlib.suppress(PermissionError):
                os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(1))


def one_turn(server, cores, count):
    """Nanoseconds of CPU time of the workers, and nanoseconds that go by, per answer: medians of the bursts."""
    done, queries = bursts(server, cores, count)
    return {"cpu": arithmetic.median([sum(burst["cpu_ns"]) for burst in done]) / queries,
            "wall": arithmetic.median([burst["ns"] for burst in done]) / queries}


def row(name, endpoints, turns):
    """Of what turns[1] and turns[2] hold, the same number of turns of one worker and of two: how many answers two give
    of those that one gives, by CPU time and by time, both as the median of the turns."""
    scaling = [2 * one["cpu"] / two["cpu"] for one, two in zip(turns[1], turns[2])]
    elapsed = [one["wall"] / two["wall"] for one, two in zip(turns[1], turns[2])]
    ns = {count: arithmetic.median([turn["cpu"] for turn in turns[count]]) for count in turns}
    return {"measure": "workers", "server": name, "endpoints": endpoints, "one_ns": ns[1], "two_ns": ns[2],
            "scaling": arithmetic.median(scaling), "elapsed_scaling": arithmetic.median(elapsed),
            "rounds": {"scaling": scaling, "elapsed_scaling": elapsed, "one": turns[1], "two": turns[2]}}


def workers(servers, cores, rounds, progress):
    """A row of each name among `servers`, which run, each name with one worker and with two; all in turn."""
    turns = {server.name: {1: [], 2: []} for server in servers}
    for server in servers:
        give_cores(server, cores)
    for number in range(TURNS_OF_ROUND * rounds):
        for server in servers:
            done = one_turn(server, cores, BURSTS)
            turns[server.name][server.threads].append(done)
            progress(f"workers, turn {number + 1}: {server.name} with {server.threads}, {done['cpu']:,.0f} ns of CPU "
                     f"per answer, one each {done['wall']:,.0f} ns")
    return [row(name, servers[0].data.endpoints, of) for name, of in turns.items()]
