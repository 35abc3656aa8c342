"""The filters of system calls that systemd 252 makes of a unit's keys, by libseccomp. They are of the processor's own
calls: what comes by those of another ends the process (SystemCallArchitectures)."""

import errno
import os
import socket
import stat
import subprocess

import seccomp
from seccomp import EQ, GT, LT, MASKED_EQ, NE, Arg

from unit import Unknown

PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000
NAMESPACES = {"cgroup": 0x02000000, "ipc": 0x08000000, "net": 0x40000000, "mnt": 0x00020000, "pid": 0x20000000,
              "user": 0x10000000, "uts": 0x04000000, "time": 0x00000080}
ALLOWED_POLICIES = (os.SCHED_OTHER, os.SCHED_BATCH, os.SCHED_IDLE)
# Of these the mode is the argument of that number; of those that open only where they make a file.
MODES = {"chmod": 1, "fchmod": 1, "fchmodat": 2, "mkdir": 1, "mkdirat": 2, "mknod": 1, "mknodat": 2, "creat": 1}
OPENS = {"open": 1, "openat": 2}


class Filter:
    """Lets everything pass but what it is told."""

    def __init__(self):
        self._filter = seccomp.SyscallFilter(seccomp.ALLOW)
        self._filter.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.ALLOW)

    def refuse(self, call, *arguments, error=errno.EPERM):
        """`call`: one that this processor has."""
        self._filter.add_rule(seccomp.ERRNO(error), call, *arguments)

    def refuse_known(self, calls):
        for call in calls:
            add(self._filter, seccomp.ERRNO(errno.EPERM), call)

    def load(self):
        self._filter.load()


def add(made, action, call):
    try:
        made.add_rule(action, call)
    except (ValueError, RuntimeError):
        pass  # of another processor, or newer than libseccomp


def groups():
    """Systemd's, by name, with the names in them."""
    told = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True,
                          env={"PATH": "/usr/bin:/bin", "SYSTEMD_COLORS": "0"}).stdout
    found, members = {}, []
    for line in told.splitlines():
        if line.startswith("@"):
            members = found[line.strip()] = []
        elif line.startswith(" ") and "#" not in line:
            members.append(line.strip())
    return found


class Filters:
    def __init__(self, unit):
        self.unit, self._groups = unit, groups()

    def expand(self, name):
        """A group of system calls, groups within it too."""
        if not name.startswith("@"):
            return {name}
        return set().union(*map(self.expand, self._groups[name]))

    def load(self):
        """The one that lists what is allowed comes last: it may refuse to load more."""
        for key, make in (("RestrictAddressFamilies", self.address_families), ("RestrictNamespaces", namespaces),
                          ("MemoryDenyWriteExecute", memory), ("LockPersonality", personality),
                          ("RestrictRealtime", realtime), ("RestrictSUIDSGID", set_ids), ("ProtectHostname", hostname),
                          ("ProtectClock", self.group("@clock")), ("ProtectKernelModules", self.group("@module")),
                          ("ProtectKernelLogs", self.group("syslog")), ("PrivateDevices", self.group("@raw-io"))):
            if self.unit.has(key):
                made = Filter()
                make(made)
                made.load()
        if self.unit.has("SystemCallArchitectures"):
            seccomp.SyscallFilter(seccomp.ALLOW).load()
        if self.unit.has("SystemCallFilter"):
            self.load_allowed()

    def group(self, name):
        return lambda made: made.refuse_known(self.expand(name))

    def address_families(self, made):
        allowed = {getattr(socket, name) for name in self.unit.words("RestrictAddressFamilies")}
        for beyond in (Arg(0, LT, min(allowed)), Arg(0, GT, max(allowed))):
            made.refuse("socket", beyond, error=errno.EAFNOSUPPORT)
        for family in set(range(min(allowed), max(allowed))) - allowed:
            made.refuse("socket", Arg(0, EQ, family), error=errno.EAFNOSUPPORT)

    def load_allowed(self):
        allowed, lists = self.expand("@default"), [value.split() for value in self.unit.all("SystemCallFilter")]
        if not all(lists) or lists[0][0].startswith("~"):
            raise Unknown("SystemCallFilter is known as what is allowed, and then what is not of that")
        for words in lists:
            takes_away = words[0].startswith("~")
            calls = set().union(*(self.expand(word.removeprefix("~")) for word in words))
            allowed = allowed - calls if takes_away else allowed | calls
        if not self.unit.has("SystemCallErrorNumber"):
            raise Unknown("SystemCallFilter is known with SystemCallErrorNumber only")
        error = getattr(errno, self.unit.last("SystemCallErrorNumber"))
        made = seccomp.SyscallFilter(seccomp.ERRNO(error))
        made.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.ALLOW)
        for call in sorted(allowed):
            add(made, seccomp.ALLOW, call)
        made.load()


def namespaces(made):
    made.refuse("setns")
    for flag in NAMESPACES.values():
        made.refuse("unshare", Arg(0, MASKED_EQ, flag, flag))
        made.refuse("clone", Arg(0, MASKED_EQ, flag, flag))
    # Its flags lie in memory. Who is told that there is no such call takes clone.
    made.refuse("clone3", error=errno.ENOSYS)


def memory(made):
    both = PROT_WRITE | PROT_EXEC
    made.refuse("mmap", Arg(2, MASKED_EQ, both, both))
    for call in ("mprotect", "pkey_mprotect"):
        made.refuse(call, Arg(2, MASKED_EQ, PROT_EXEC, PROT_EXEC))
    made.refuse("shmat", Arg(2, MASKED_EQ, SHM_EXEC, SHM_EXEC))


def personality(made):
    made.refuse("personality", Arg(0, NE, 0))


def realtime(made):
    for policy in set(range(max(ALLOWED_POLICIES))) - set(ALLOWED_POLICIES):
        made.refuse("sched_setscheduler", Arg(1, EQ, policy))
    made.refuse("sched_setscheduler", Arg(1, GT, max(ALLOWED_POLICIES)))


def set_ids(made):
    for bit in (stat.S_ISUID, stat.S_ISGID):
        for call, mode in MODES.items():
            made.refuse(call, Arg(mode, MASKED_EQ, bit, bit))
        for call, flags in OPENS.items():
            made.refuse(call, Arg(flags, MASKED_EQ, os.O_CREAT, os.O_CREAT), Arg(flags + 1, MASKED_EQ, bit, bit))
    made.refuse("openat2", error=errno.ENOSYS)


def hostname(made):
    for call in ("sethostname", "setdomainname"):
        made.refuse(call)
