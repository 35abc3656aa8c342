"""The command line of tools/bench/run."""

import argparse
import os
import pathlib

from bench.amounts import GROWTH, USER_CPU_SECONDS, USUAL
from bench.campaign import MEASURES
from bench.peers import PEERS

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT = ROOT / "build/release/bin"
MOST_ENDPOINTS = 5_000_000  # the addresses of more overlap

ABOUT = """Compares holdfastd with other DNS servers in one run on this machine, and says which targets it meets.

One server at a time works, on one core (for starts and swaps on two); what asks it runs on another. Times move from
machine to machine and with the load, so only the ratios inside one run mean anything, and nothing else should run
meanwhile. Runs on the loopback, on ports that are free. docs/benchmarks.md says what is measured and how. Exit status:
0; 1 where something is missing, or with --check a target is missed; 2 usage."""


def endpoints(text):
    number = int(text.replace(",", "").replace("_", ""))
    if not 1 <= number <= MOST_ENDPOINTS:
        raise argparse.ArgumentTypeError(f"{number} is not between 1 and {MOST_ENDPOINTS}")
    return number


def measures(text):
    names = text.split(",")
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no measure {unknown[0]}; there are {', '.join(MEASURES)}")
    return names


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def cores(text):
    return [int(core) for core in text.split(",")]


def add_what(parser):
    parser.add_argument("--only", type=measures, default=list(MEASURES), metavar="LIST",
                        help=f"of {','.join(MEASURES)} (all)")
    parser.add_argument("--peers", default="all", metavar="LIST", help=f"of {','.join(PEERS)}; all; none")
    parser.add_argument("--endpoints", type=endpoints, nargs="+", default=[1000, 100_000, 1_000_000], metavar="N",
                        help="CPU is measured at each, the rest at the largest (1000 100000 1000000)")
    parser.add_argument("--growth-endpoints", type=endpoints, nargs="+", metavar="N",
                        default=[1000, 10_000, 100_000, 1_000_000, 5_000_000],
                        help="of holdfast and gdnsd (1000 10000 100000 1000000 5000000)")
    parser.add_argument("--rounds", type=positive, metavar="N",
                        help=f"of all servers in turn, and starts of each ({USUAL.rounds}; for growth alone "
                             f"{GROWTH.rounds})")
    parser.add_argument("--seconds", type=positive, metavar="N",
                        help=f"of one round of queries ({USUAL.seconds}, but {USER_CPU_SECONDS} at sizes with a target "
                             f"for user CPU; for growth alone {GROWTH.seconds})")
    parser.add_argument("--swaps", type=positive, metavar="N",
                        help=f"of all content, to and fro ({USUAL.swaps}; for growth alone {GROWTH.swaps})")
    parser.add_argument("--changes", type=positive, default=200, metavar="N", help="of one endpoint (200)")
    parser.add_argument("--quick", action="store_true", help="one short round of each: shows that it works, no more")


def add_where(parser):
    parser.add_argument("--server-core", type=int, default=0, metavar="N", help="(0)")
    parser.add_argument("--server-cores", type=cores, metavar="LIST",
                        help="for starts and swaps (the server core and the client core)")
    parser.add_argument("--client-core", type=int, default=min(1, os.cpu_count() - 1), metavar="N", help="(1)")
    parser.add_argument("--start-timeout", type=positive, default=600, metavar="SECONDS")
    parser.add_argument("--bin", type=pathlib.Path, default=BUILT, metavar="DIR")
    parser.add_argument("--work", type=pathlib.Path, metavar="DIR",
                        help="for data and plan stores, on the disk that is to count (where temporary files go)")
    parser.add_argument("--memory-folder", type=pathlib.Path, default="/dev/shm", metavar="DIR",
                        help="for the plan store that is on no disk")
    parser.add_argument("--no-install", action="store_true",
                        help="fail rather than install packages or build what is missing")


def add_results(parser):
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench", metavar="DIR",
                        help="for results.md, results.json and results.svg (build/bench)")
    parser.add_argument("--check", action="store_true", help="exit 1 where a target is missed")


def read(arguments=None):
    parser = argparse.ArgumentParser(prog="tools/bench/run", description=ABOUT,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for add in (add_what, add_where, add_results):
        add(parser)
    options = parser.parse_args(arguments)
    options.server_cores = options.server_cores or sorted({options.server_core, options.client_core})
    options.bin = options.bin.resolve()
    # Seconds: to come to rest, at first and between exchanges, which leave more to give back; of idle answers and of
    # answers afterwards beside each exchange; between changes.
    options.rest, options.settle, options.idle, options.after, options.change_pause = 2.0, 8.0, 3.0, 1.0, 0.005
    options.stop_timeout = 300  # Holdfast is to find its plan store as it is after a stop in order
    options.queries = 400_000  # of dnsperf, which begins again after the last
    if options.quick:
        options.rounds = options.seconds = options.swaps = 1
        options.changes, options.queries = 10, 20_000
        options.rest, options.settle, options.idle, options.after = 0.1, 0.1, 0.3, 0.3
        options.growth_endpoints = options.endpoints
    return options
