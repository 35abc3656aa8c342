"""What the keys of a unit leave to see of the file system, and to write: in a mount namespace of this process."""

import ctypes
import errno
import os
import pathlib
import re

LIBC = ctypes.CDLL(None, use_errno=True)
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
CLONE_NEWNS, CLONE_NEWUTS = 0x20000, 0x4000000
MOUNT_SETATTR, AT_FDCWD = 442, -100  # the number of all processors
ATTR_RDONLY = 1

HOMES = ("/home", "/root", "/run/user")
TEMPORARY = ("/tmp", "/var/tmp")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "pts", "shm", "mqueue", "hugepages")
LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2", "core": "/proc/kcore",
         "ptmx": "pts/ptmx"}
TUNABLES = ("acpi", "apm", "asound", "bus", "fs", "irq", "latency_stats", "mtrr", "scsi", "sys", "sysrq-trigger",
            "timer_stats")
OF_THE_KERNEL = ("/proc/kallsyms", "/proc/kcore")
LOGS = ("/proc/kmsg", "/dev/kmsg")
MODULES = ("/usr/lib/modules", "/lib/modules")
CONTROL_GROUPS = "/sys/fs/cgroup"


class MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace")]


def check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source, target, kind, flags, data=""):
    words = [os.fsencode(str(word)) if word else None for word in (source, target, kind)]
    check(LIBC.mount(*words, flags, os.fsencode(data) or None), f"mount {target}")


def add_attributes(point, attributes):
    """To what it has: of a user namespace nothing may be taken away."""
    chosen = MountAttributes(set=attributes)
    check(LIBC.syscall(MOUNT_SETATTR, AT_FDCWD, os.fsencode(point), 0, ctypes.byref(chosen), ctypes.sizeof(chosen)),
          f"mount_setattr {point}")


def points():
    for line in pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        yield re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), line.split()[4])


def is_within(path, folder):
    return pathlib.PurePath(path).is_relative_to(folder)


class Mounts:
    """`folder` can be written, and `programs` be executed, wherever they lie."""

    def __init__(self, unit, folder, programs):
        self.unit, self.folder = unit, os.path.realpath(folder)
        hides_names = CLONE_NEWUTS if unit.has("ProtectHostname") else 0
        check(LIBC.unshare(CLONE_NEWNS | hides_names), "unshare")
        mount(None, "/", None, MS_REC | MS_PRIVATE)
        mount(self.folder, self.folder, None, MS_BIND | MS_REC)
        self._kept = {path: os.open(path, os.O_PATH) for path in (self.folder, *map(os.path.realpath, programs))}
        # Stands for files that are not to be read.
        nothing = os.path.join(self.folder, "nothing")
        if not os.path.exists(nothing):
            os.close(os.open(nothing, os.O_CREAT, 0))
        self._nothing = os.open(nothing, os.O_PATH)

    def _bind(self, descriptor, target):
        mount(f"/proc/self/fd/{descriptor}", target, None, MS_BIND | MS_REC)

    def _show(self, path):
        """Again what something was mounted over."""
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
            if path == self.folder:
                os.mkdir(path)
            else:
                pathlib.Path(path).touch()
        self._bind(self._kept[path], path)

    def _cover(self, place, mode):
        """With an empty folder, in which what is kept is seen all the same. Returns whether it is."""
        place = os.path.realpath(place)
        shown = [path for path in self._kept if is_within(path, place)]
        mount("private", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, f"mode={mode}")
        for path in shown:
            self._show(path)
        return bool(shown)

    def _hide(self, path):
        if os.path.isdir(path):
            shows = self._cover(path, "000")
            if shows:
                os.chmod(path, 0o555)
            add_attributes(os.path.realpath(path), ATTR_RDONLY)
        elif os.path.exists(path):
            self._bind(self._nothing, path)
            add_attributes(path, ATTR_RDONLY)

    def _make_read_only(self, top, *apart):
        if top not in points():
            mount(top, top, None, MS_BIND | MS_REC)
        for point in list(points()):
            if is_within(point, top) and not any(is_within(point, each) for each in apart):
                try:
                    add_attributes(point, ATTR_RDONLY)
                except OSError as error:
                    # Something else is mounted over it, or a user's own file system shows it to nobody else.
                    if error.errno not in (errno.EINVAL, errno.ENOENT, errno.EACCES):
                        raise

    def _make_devices(self):
        found = {name: os.open(f"/dev/{name}", os.O_PATH) for name in DEVICES if os.path.exists(f"/dev/{name}")}
        mount("private", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755")
        for name, descriptor in found.items():
            if os.path.isdir(f"/proc/self/fd/{descriptor}"):
                os.mkdir(f"/dev/{name}")
            else:
                pathlib.Path("/dev", name).touch()
            self._bind(descriptor, f"/dev/{name}")
        for name, target in LINKS.items():
            os.symlink(target, f"/dev/{name}")
        add_attributes("/dev", ATTR_RDONLY)

    def apply(self):
        has = self.unit.has
        writable = [self.folder, "/dev", "/proc", "/sys"]
        if has("ProtectProc"):
            mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                  f"hidepid={self.unit.last('ProtectProc')}")
        if has("PrivateDevices"):
            self._make_devices()
        if has("PrivateTmp"):
            writable += TEMPORARY
            for place in TEMPORARY:
                self._cover(place, "1777")
        for key, hidden in (("ProtectHome", HOMES), ("ProtectKernelModules", MODULES), ("ProtectKernelLogs", LOGS),
                            ("ProtectKernelTunables", OF_THE_KERNEL)):
            for path in hidden if has(key) else ():
                self._hide(path)
        if has("ProtectKernelTunables"):
            for name in filter(lambda name: os.path.exists(f"/proc/{name}"), TUNABLES):
                self._make_read_only(f"/proc/{name}")
            self._make_read_only("/sys", CONTROL_GROUPS)
        if has("ProtectControlGroups") and os.path.exists(CONTROL_GROUPS):
            self._make_read_only(CONTROL_GROUPS)
        if has("ProtectSystem"):
            self._make_read_only("/", *writable)
