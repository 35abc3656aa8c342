"""What the kernel says about the processes of a server: CPU time and memory."""

import os
import pathlib
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")


def stat_fields(path):
    """The fields of a stat file behind the name of the process; None when it has ended."""
    try:
        return pathlib.Path(path).read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def processes_of(leader):
    """The process, what it started, and what else is in its session."""
    parents, found = {}, {leader}
    for entry in os.listdir("/proc"):
        fields = stat_fields(f"/proc/{entry}/stat") if entry.isdigit() else None
        if fields is None or fields[0] == "Z":
            continue
        parents[int(entry)] = int(fields[1])
        if int(fields[3]) == leader:
            found.add(int(entry))
    grows = True
    while grows:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grows = bool(more)
    return sorted(pid for pid in found if pid in parents)


def threads_of(pid):
    try:
        return [int(thread) for thread in os.listdir(f"/proc/{pid}/task")]
    except FileNotFoundError:
        return []


def running_nanoseconds(pid, thread):
    try:
        return int(pathlib.Path(f"/proc/{pid}/task/{thread}/schedstat").read_text(encoding="ascii").split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0


class CpuTime:
    """A moment of the CPU time of processes. Two of them subtracted give (user, system) in nanoseconds: their sum as
    exact as the scheduler's clock, shared out as the kernel's ticks are."""

    def __init__(self, pids):
        self.total = {(pid, thread): running_nanoseconds(pid, thread) for pid in pids for thread in threads_of(pid)}
        fields = [stat_fields(f"/proc/{pid}/stat") for pid in pids]
        self.user = sum(int(each[11]) for each in fields if each)
        self.system = sum(int(each[12]) for each in fields if each)

    def seconds_since(self, before):
        """Both together, by ticks, and so with what threads did that have ended since."""
        return (self.user + self.system - before.user - before.system) / TICK

    def __sub__(self, before):
        total = sum(time - before.total.get(thread, 0) for thread, time in self.total.items())
        user, system = self.user - before.user, self.system - before.system
        share = user / (user + system) if user + system > 0 else 0
        return total * share, total * (1 - share)


def dropped(port):
    """Datagrams that the sockets of a port had no room for, since they were opened."""
    lines = [line.split() for family in ("udp", "udp6") for file in [pathlib.Path("/proc/net", family)]
             if file.exists() for line in file.read_text(encoding="ascii").splitlines()[1:]]
    return sum(int(words[-1]) for words in lines if words[1].endswith(f":{port:04X}"))


def pss(pids):
    """Proportional set size of the processes together, in octets: what they share counts once."""
    total = 0
    for pid in pids:
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) * 1024
    return total


def status_octets(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    return 0


class Peak:
    """The most memory of a server while the block lasts: PSS every 20 ms where `sampling`, and for a server of one
    process the kernel's own high-water mark, which misses nothing. Sampling takes time away from the server, so
    latencies are taken in blocks without it."""

    EVERY = 0.02

    def __init__(self, leader, sampling):
        self.leader, self.sampling = leader, sampling
        self.resting = self.most = pss(processes_of(leader))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self):
        pathlib.Path(f"/proc/{self.leader}/clear_refs").write_text("5", encoding="ascii")
        self._resident = status_octets(self.leader, "VmRSS")
        if self.sampling:
            self._thread.start()
        return self

    def _sample(self):
        while not self._over.is_set():
            begun = time.monotonic()
            self.most = max(self.most, pss(processes_of(self.leader)))
            self._over.wait(max(0.0, self.EVERY - (time.monotonic() - begun)))

    def __exit__(self, *_):
        self._over.set()
        if self.sampling:
            self._thread.join()
        # Of several processes the marks cannot be added: they share most of it.
        if processes_of(self.leader) == [self.leader]:
            grown = status_octets(self.leader, "VmHWM") - self._resident
            self.most = max(self.most, self.resting + grown)
