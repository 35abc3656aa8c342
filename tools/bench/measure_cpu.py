"""User and system CPU per answered query."""

import time

from bench import arithmetic
from bench.accounting import CpuTime
from bench.load import dnsperf
from bench.server import Failed

# With fewer, a tick more or less of the kernel's accounting would decide.
FEWEST_ANSWERS = 1000
# A server that nobody asks is at rest when it used less of a core than this for so many seconds.
RESTING_SHARE, RESTING_SECONDS, MOST_SECONDS_TO_REST = 0.02, 6.0, 60


def one_round(server, options):
    """Nanoseconds of user and system time per answer, and the answers."""
    pids = server.pids()
    before = CpuTime(pids)
    answers = dnsperf(server.port, server.data.queries(), [options.client_core], options.seconds)
    user, system = CpuTime(pids) - before
    if answers < FEWEST_ANSWERS * options.seconds:
        raise Failed(f"only {answers} answers in {options.seconds} s")
    return {"user": user / answers, "system": system / answers, "answers": answers}


def come_to_rest(servers, options, progress):
    """What a server does for itself after it was loaded (an image, a checkpoint) is not the answers' cost."""
    if options.quick:
        return
    for server in servers:
        ends = time.monotonic() + MOST_SECONDS_TO_REST
        progress(f"{server.name}: given time to come to rest")
        while time.monotonic() < ends:
            before = CpuTime(server.pids())
            time.sleep(RESTING_SECONDS)
            if sum(CpuTime(server.pids()) - before) < RESTING_SHARE * RESTING_SECONDS * 1e9:
                break


def cpu(servers, options, progress):
    """The rounds of all servers in turn, one row each. The servers run already."""
    rounds = {server.name: [] for server in servers}
    errors = {}
    for server in servers:
        server.data.queries()
    come_to_rest(servers, options, progress)
    for number in range(options.rounds):
        for server in servers:
            if server.name in errors:
                continue
            try:
                done = one_round(server, options)
            except (Failed, OSError) as error:
                errors[server.name] = str(error)
                continue
            rounds[server.name].append(done)
            progress(f"round {number + 1}: {server.name} {done['user']:.0f} + {done['system']:.0f} ns, "
                     f"{done['answers']:,} answers")
    for server in servers:
        row = {"measure": "cpu", "server": server.name, "endpoints": server.data.endpoints}
        if server.name in errors:
            yield row | {"error": errors[server.name]}
            continue
        of = {key: [each[key] for each in rounds[server.name]] for key in ("user", "system", "answers")}
        yield row | {"user_ns": arithmetic.median(of["user"]), "system_ns": arithmetic.median(of["system"]),
                     "rounds": {"user_ns": of["user"], "answers": of["answers"],
                                "whole_ns": [user + system for user, system in zip(of["user"], of["system"])]}}
