"""What conf/holdfast.service keeps a program from, each tried: probes.py FOLDER [KEY...] prints a line of JSON, of each
probe that it was "permitted", or how it was refused."""

import ctypes
import errno
import json
import mmap
import os
import pathlib
import resource
import signal
import socket
import stat
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = LIBC.shmat.restype = ctypes.c_void_p
FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
FAILED = ctypes.c_void_p(-1).value
READ_WRITE_EXECUTE, EXECUTE = 7, 5
CLONE_NEWUTS, SHM_EXEC, IPC_CREAT, PR_GET_NO_NEW_PRIVS, SIZE_OF_LOG = 0x4000000, 0o100000, 0o1000, 39, 10
CLONE, PERSONALITY, CLONE3, OPENAT2 = 56, 135, 435, 437  # of x86-64 but for the last two
PTRACE_TRACEME, PER_LINUX32 = 0, 8
# mov eax, 20; int 0x80; ret: getpid of 32 bits
GETPID_OF_32_BITS = bytes.fromhex("b814000000cd80c3")


def call(name, *arguments, fine=()):
    """`fine`: what it may say that is no refusal."""
    if getattr(LIBC, name)(*arguments) in (-1, FAILED) and ctypes.get_errno() not in fine:
        raise OSError(ctypes.get_errno(), name)


def give_a_file_away():
    path = FOLDER / "given"
    path.touch()
    try:
        os.chown(path, 1, 1)
    finally:
        path.unlink()


def make_a_file_for_all():
    path = FOLDER / "for-all"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o666))
    mode = stat.S_IMODE(path.stat().st_mode)
    path.unlink()
    if mode != 0o666:
        raise PermissionError(errno.EPERM, f"it became {mode:o}")


def open_many_files():
    for descriptor in [os.dup(0) for _ in range(100)]:
        os.close(descriptor)


def gain_privileges():
    if LIBC.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0):
        raise PermissionError(errno.EPERM, "no new privileges")


def write_below_etc():
    os.close(os.open("/etc/passwd", os.O_WRONLY))


def write_at_home():
    os.close(os.open("/root", os.O_TMPFILE | os.O_WRONLY))


def see_temporary_files_of_others():
    (FOLDER.parent / "of-another").read_text(encoding="ascii")


def make_a_device():
    os.mknod(FOLDER / "device", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    (FOLDER / "device").unlink()


def see_devices():
    usual = {"null", "zero", "full", "random", "urandom", "tty", "pts", "shm", "mqueue", "hugepages", "fd", "stdin",
             "stdout", "stderr", "core", "ptmx"}
    if not set(os.listdir("/dev")) - usual:
        raise FileNotFoundError(errno.ENOENT, "there is no other device")


def set_a_tunable():
    os.close(os.open("/proc/sys/kernel/panic", os.O_WRONLY))


def write_below_sys():
    if os.statvfs("/sys").f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, "/sys")


def read_symbols_of_the_kernel():
    if not pathlib.Path("/proc/kallsyms").read_bytes():
        raise PermissionError(errno.EACCES, "it is empty")


def unload_a_module():
    call("delete_module", b"no-module", 0, fine=(errno.ENOENT, errno.ENOSYS))


def read_the_log_of_the_kernel():
    call("klogctl", SIZE_OF_LOG, None, 0)


def join_a_control_group():
    file = next(pathlib.Path("/sys/fs/cgroup").rglob("cgroup.procs"))
    os.close(os.open(file, os.O_WRONLY))


def adjust_the_clock():
    call("adjtimex", bytes(512))


def name_the_host():
    socket.sethostname(socket.gethostname())


def see_processes_of_others():
    os.stat("/proc/1")


def change_personality():
    call("personality", PER_LINUX32)


def write_and_execute():
    mmap.mmap(-1, mmap.PAGESIZE, prot=READ_WRITE_EXECUTE).close()


def make_executable(name, *more):
    place = LIBC.mmap(None, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANON, -1, 0)
    call(name, ctypes.c_void_p(place), mmap.PAGESIZE, EXECUTE, *more)


def execute_what_was_written():
    make_executable("mprotect")


def execute_what_was_written_by_key():
    make_executable("pkey_mprotect", -1)


def execute_shared_memory():
    shared = LIBC.shmget(0, mmap.PAGESIZE, IPC_CREAT | 0o700)
    try:
        call("shmat", shared, None, SHM_EXEC)
    finally:
        LIBC.shmctl(shared, 0, None)


def be_real_time():
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def make_a_file_set_ids():
    path = FOLDER / "sets-ids"
    path.touch()
    try:
        os.chmod(path, 0o4755)
    finally:
        path.unlink()


def open_a_file_that_sets_ids():
    path = FOLDER / "opened"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o2755))
    path.unlink()


def open_as_nobody_can_see():
    call("syscall", OPENAT2, -1, None, None, 0, fine=(errno.EINVAL, errno.EFAULT))


def leave_a_namespace():
    call("unshare", CLONE_NEWUTS)


def enter_a_namespace():
    with open("/proc/self/ns/uts", "rb") as namespace:
        call("setns", namespace.fileno(), 0)


def have_a_child_in_a_namespace():
    child = LIBC.syscall(CLONE, CLONE_NEWUTS | signal.SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    if child < 0:
        raise OSError(ctypes.get_errno(), "clone")
    os.waitpid(child, 0)


def have_a_child_as_nobody_can_see():
    call("syscall", CLONE3, None, 0, fine=(errno.EINVAL,))


def have_a_packet_socket():
    socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM).close()


def have_a_netlink_socket():
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()


def have_a_socket_to_the_hypervisor():
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()


def call_as_32_bits():
    path = FOLDER / "code"
    path.write_bytes(GETPID_OF_32_BITS.ljust(mmap.PAGESIZE, b"\xc3"))
    with open(path, "rb") as code:
        place = LIBC.mmap(None, mmap.PAGESIZE, EXECUTE, mmap.MAP_PRIVATE, code.fileno(), 0)
    path.unlink()
    if ctypes.CFUNCTYPE(ctypes.c_int)(place)() != os.getpid():
        raise OSError(errno.ENOSYS, "int 0x80")


def trace():
    call("ptrace", PTRACE_TRACEME, 0, None, None)


def have_shared_memory():
    call("shmget", 0, mmap.PAGESIZE, IPC_CREAT)


def mount():
    call("mount", None, b"/no-folder", None, 0, None, fine=(errno.ENOENT, errno.EINVAL, errno.EFAULT))


# By the key of the unit that refuses it, and what it says then; a number is a signal.
PROBES = {
    "User": {give_a_file_away: "EPERM"},
    "UMask": {make_a_file_for_all: "EPERM"},
    "LimitNOFILE": {open_many_files: "EMFILE"},
    "CapabilityBoundingSet": {give_a_file_away: "EPERM"},
    "NoNewPrivileges": {gain_privileges: "EPERM"},
    "ProtectSystem": {write_below_etc: "EROFS"},
    "ProtectHome": {write_at_home: "EROFS"},
    "PrivateTmp": {see_temporary_files_of_others: "ENOENT"},
    "PrivateDevices": {make_a_device: "EPERM", see_devices: "ENOENT"},
    "ProtectKernelTunables": {set_a_tunable: "EROFS", write_below_sys: "EROFS", read_symbols_of_the_kernel: "EACCES"},
    "ProtectKernelModules": {unload_a_module: "EPERM"},
    "ProtectKernelLogs": {read_the_log_of_the_kernel: "EPERM"},
    "ProtectControlGroups": {join_a_control_group: "EROFS"},
    "ProtectClock": {adjust_the_clock: "EPERM"},
    "ProtectHostname": {name_the_host: "EPERM"},
    "ProtectProc": {see_processes_of_others: "ENOENT"},
    "LockPersonality": {change_personality: "EPERM"},
    "MemoryDenyWriteExecute": {write_and_execute: "EPERM", execute_what_was_written: "EPERM",
                               execute_what_was_written_by_key: "EPERM", execute_shared_memory: "EPERM"},
    "RestrictRealtime": {be_real_time: "EPERM"},
    "RestrictSUIDSGID": {make_a_file_set_ids: "EPERM", open_a_file_that_sets_ids: "EPERM",
                         open_as_nobody_can_see: "ENOSYS"},
    "RestrictNamespaces": {leave_a_namespace: "EPERM", enter_a_namespace: "EPERM",
                           have_a_child_in_a_namespace: "EPERM", have_a_child_as_nobody_can_see: "ENOSYS"},
    "RestrictAddressFamilies": {have_a_packet_socket: "EAFNOSUPPORT", have_a_netlink_socket: "EAFNOSUPPORT",
                                have_a_socket_to_the_hypervisor: "EAFNOSUPPORT"},
    "SystemCallArchitectures": {call_as_32_bits: "SIGSYS"},
    "SystemCallFilter": {trace: "EPERM", have_shared_memory: "EPERM", mount: "EPERM"},
    "SystemCallErrorNumber": {trace: "EUCLEAN"},
}


def outcome(probe):
    """In a process of its own: "permitted", or the name of an error or a signal."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # What a signal ends leaves no core.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            probe()
            said = "permitted"
        except OSError as error:
            said = errno.errorcode[error.errno]
        except BaseException as error:  # pylint: disable=broad-except
            said = repr(error)
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with open(reader, encoding="ascii") as told:
        said = told.read()
    status = os.waitpid(child, 0)[1]
    return said or signal.Signals(os.WTERMSIG(status)).name


def main():
    keys = sys.argv[2:] or PROBES
    told = {f"{key}: {probe.__name__}": outcome(probe) for key in keys for probe in PROBES[key]}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
