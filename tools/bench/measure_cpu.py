"""User and system CPU per answered query, and what a second worker brings."""

import os
import pathlib
import time

from bench import arithmetic
from bench.accounting import CpuTime, running_nanoseconds, threads_of
from bench.load import dnsperf
from bench.server import Failed

# With fewer, a tick more or less of the kernel's accounting would decide.
FEWEST_ANSWERS = 1000
# A server that nobody asks is at rest when it used less of a core than this for so many seconds.
RESTING_SHARE, RESTING_SECONDS, MOST_SECONDS_TO_REST = 0.02, 2.0, 60


def one_round(server, options):
    """Nanoseconds of user and system time per answer, and the answers."""
    pids = server.pids()
    before = CpuTime(pids)
    answers = dnsperf(server.port, server.data.queries(), [options.client_core], options.seconds)
    user, system = CpuTime(pids) - before
    if answers < FEWEST_ANSWERS * options.seconds:
        raise Failed(f"only {answers} answers in {options.seconds} s")
    return {"user": user / answers, "system": system / answers, "answers": answers}


def come_to_rest(servers, options):
    """What a server does for itself after it was loaded (an image, a checkpoint) is not the answers' cost."""
    if options.quick:
        return
    ends = time.monotonic() + MOST_SECONDS_TO_REST
    for server in servers:
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
    come_to_rest(servers, options)
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


def workers_of(server):
    """The threads that answer, by number."""
    pid, found = server.process.pid, {}
    for thread in threads_of(pid):
        name = pathlib.Path(f"/proc/{pid}/task/{thread}/comm").read_text(encoding="ascii").strip()
        if name.startswith("worker-"):
            found[int(name.removeprefix("worker-"))] = thread
    return found


def pin_workers(server, cores):
    """One core for each."""
    workers = workers_of(server)
    for number, thread in workers.items():
        os.sched_setaffinity(thread, {cores[number % len(cores)]})
    return list(workers.values())


def workers(servers, options, progress):
    """`servers` maps a number of workers to a server that runs. Each is asked in turn by the same dnsperf, which has
    all cores, so that it disturbs both alike; what counts is answers per CPU second of a worker's thread."""
    cores = [options.server_core, options.client_core]
    threads = {count: pin_workers(server, cores) for count, server in servers.items()}
    rates = {count: [] for count in servers}
    for number in range(options.rounds):
        for count, server in servers.items():
            before = [running_nanoseconds(server.process.pid, thread) for thread in threads[count]]
            answers = dnsperf(server.port, server.data.queries(), cores, options.seconds, threads=2)
            after = [running_nanoseconds(server.process.pid, thread) for thread in threads[count]]
            used = [now - then for now, then in zip(after, before)]
            if len(used) != count or sum(used) == 0:
                raise Failed(f"{len(used)} threads answer, {count} should")
            rates[count].append(answers * 1e9 / sum(used))
            progress(f"workers, round {number + 1}: {count} of them, {rates[count][-1]:,.0f} answers per CPU second, "
                     f"shares {', '.join(f'{one / sum(used):.0%}' for one in used)}")
    scaling = [2 * two / one for one, two in zip(rates[1], rates[2])]
    server = servers[1]
    return {"measure": "workers", "server": server.name, "endpoints": server.data.endpoints,
            "one_per_cpu_second": arithmetic.median(rates[1]), "two_per_cpu_second": arithmetic.median(rates[2]),
            "scaling": arithmetic.median(scaling), "rounds": {"scaling": scaling}}
