"""The walls around an isolated answer: what the kernel lets an unprivileged process do to itself.

- resource limits: processor time, memory, file size, open files; no core dumps (any POSIX system);
- Landlock (Linux 5.13 and later): files are read in Python's own folders and the learner's alone,
  and written nowhere; later kernels keep it from TCP and from signals to others as well;
- a filter of system calls (seccomp; Linux on x86-64 and ARM64): no new process or program, no
  socket, no signal to others, no look into another process, no change of a file's owner or mode.

What a system lacks is said at the end of the run: there the answer goes without that wall.
"""

import ctypes
import os
import platform
import resource
import signal
import site
import struct
import sys
from pathlib import Path

from grader.machine.limits import held_memory
from grader.machine.paths import ROOT

ALL = ("limits", "Landlock", "seccomp")
READABLE = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/dev/urandom",
    "/dev/null",
    "/proc/cpuinfo",
)
FILES = 256  # that may be open at once: imports need some
SET_DEATH_SIGNAL, SET_SECCOMP, FILTER, SET_NO_NEW_PRIVILEGES = 1, 22, 2, 38

# What is refused: the number of each system call on x86-64 and on ARM64, which lacks the old ones.
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
REFUSED = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "io_uring_setup": (425, 425),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
}
CLONE, CLONE3, TGKILL, PRLIMIT = (56, 220), (435, 435), (234, 131), (302, 261)
NEW_THREAD = 0x10000  # the flag of clone that makes a thread, which is allowed, and no process


def there() -> list[str]:
    """Return which walls this system has."""
    found = ["limits"]
    if sys.platform == "linux":
        from py_landlock import LandlockError, get_abi_version

        try:
            get_abi_version()
            found.append("Landlock")
        except LandlockError:
            pass
        found += ["seccomp"] if platform.machine() in ARCHITECTURES else []
    return found


def lock(own: Path, memory: int, seconds: int) -> None:
    """Lock this process in: it may read the folder `own`, and nothing opens again."""
    _limit(memory, seconds)
    if sys.platform != "linux":
        return
    walls, libc = there(), ctypes.CDLL(None, use_errno=True)
    libc.prctl(SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if libc.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    if "Landlock" in walls:
        _close_files(own)
    if "seccomp" in walls:
        _filter_calls(libc)


def _limit(memory: int, seconds: int) -> None:
    held = held_memory() if sys.platform == "linux" else 8 << 30
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: held + memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: FILES,
        resource.RLIMIT_CORE: 0,
    }
    for which, most in limits.items():
        resource.setrlimit(which, (most, most))


def _close_files(own: Path) -> None:
    from py_landlock import AccessFs, Landlock

    roots = {*READABLE, sys.prefix, sys.base_prefix, *site.getsitepackages(), str(own)}
    roots |= {str(ROOT / "grader")}
    allowed = [part for root in roots if os.path.exists(root) for part in _beside(Path(root))]
    rules = Landlock(strict=False)
    rules.allow_read(*(part for part in allowed if part.is_dir()))
    files = (part for part in allowed if not part.is_dir())
    rules.add_path_rule(*files, access=AccessFs.READ_FILE)
    rules.apply()


def _beside(root: Path) -> list[Path]:
    """Return a folder, or what is in it beside the way to this repository: that stays closed."""
    whole = root.resolve()
    if whole == ROOT or ROOT in whole.parents or whole not in ROOT.parents:
        return [whole] if whole != ROOT else []
    return [part for entry in whole.iterdir() if not entry.is_symlink() for part in _beside(entry)]


def _filter_calls(libc: ctypes.CDLL) -> None:
    """Give the kernel a program that judges each system call by its number and arguments."""
    column, architecture = ARCHITECTURES[platform.machine()]
    load, equal, at_least, any_bit, leave = 0x20, 0x15, 0x35, 0x45, 0x06
    number, machine, first = 0, 4, 16  # where the call's number and first argument stand
    allow, kill, no, unknown = 0x7FFF0000, 0x80000000, 0x50000 | 1, 0x50000 | 38  # EPERM, ENOSYS

    def only_if(call: int, test: int, value: int) -> list[tuple[int, int, int, int]]:
        return [
            (equal, 0, 4, call),
            (load, 0, 0, first),
            (test, 1, 0, value),
            (leave, 0, 0, no),
            (leave, 0, 0, allow),
        ]

    program = [(load, 0, 0, machine), (equal, 1, 0, architecture), (leave, 0, 0, kill)]
    program += [(load, 0, 0, number), (at_least, 0, 1, 0x40000000), (leave, 0, 0, no)]
    for call in (numbers[column] for numbers in REFUSED.values()):
        if call is not None:
            program += [(equal, 0, 1, call), (leave, 0, 0, no)]
    # The C library tries the old call where the new one is unknown; its flags can be judged.
    program += [(equal, 0, 1, CLONE3[column]), (leave, 0, 0, unknown)]
    program += only_if(CLONE[column], any_bit, NEW_THREAD)
    program += only_if(TGKILL[column], equal, os.getpid())
    program += only_if(PRLIMIT[column], equal, 0)
    program += [(leave, 0, 0, allow)]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    held = ctypes.create_string_buffer(code, len(code))
    whole = struct.pack("HxxxxxxP", len(program), ctypes.addressof(held))
    if libc.prctl(SET_SECCOMP, FILTER, ctypes.create_string_buffer(whole), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")
