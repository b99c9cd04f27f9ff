"""Submissions that would end the run, stop it, or bury its verdicts. Each is bounded by itself."""

from tests.hostile.attack import (
    ENDS_THE_RUN,
    PASSES,
    answering,
    attack,
    refused,
    right_after,
    right_but,
)

LATE = "timed out after 3 s in check 1 of"
LOOP = "end = time.monotonic() + 60\nwhile time.monotonic() < end:\n    pass"
ENDED = "it would have ended the run"

ATTACKS = [
    attack("an endless loop", "never return", answering(LOOP), refused(LATE)),
    attack(
        "a long sleep",
        "never return, and use no time either",
        answering("time.sleep(60)"),
        refused(LATE),
    ),
    attack(
        "a loop that catches everything",
        "catch the interruption and go on",
        answering(
            "end = time.monotonic() + 60\n"
            "while time.monotonic() < end:\n"
            "    try:\n"
            "        while time.monotonic() < end: pass\n"
            "    except BaseException:\n"
            "        pass"
        ),
        ENDS_THE_RUN,
        refused(LATE),
    ),
    attack(
        "a long call into C",
        "stay where Python can't be interrupted",
        answering("return sum(range(3 * 10**9))"),
        ENDS_THE_RUN,
        refused(LATE),
    ),
    attack(
        "an endless loop on import",
        "never finish being loaded",
        "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end:\n    pass\n",
        refused(LATE),
    ),
    attack(
        "os._exit(0)",
        "end the process with success",
        answering("os._exit(0)"),
        refused("called posix.exit", "called os.exit"),
    ),
    attack(
        "sys.exit(0)",
        "end the run with success",
        answering("sys.exit(0)"),
        refused(f"raised SystemExit: {ENDED}"),
    ),
    attack(
        "raise KeyboardInterrupt",
        "end the run as if by Ctrl-C",
        answering("raise KeyboardInterrupt"),
        refused(f"raised KeyboardInterrupt: {ENDED}"),
    ),
    attack(
        "raise GeneratorExit",
        "slip past `except Exception`",
        answering("raise GeneratorExit"),
        refused(f"raised GeneratorExit: {ENDED}"),
    ),
    attack(
        "an exception of its own beside Exception",
        "slip past `except Exception`",
        answering("raise Away", "class Away(BaseException): pass\n\n\n"),
        refused(f"raised Away: {ENDED}"),
    ),
    attack(
        "pytest.exit",
        "end the session",
        answering("import pytest; pytest.exit('done', 0)"),
        refused("raised Exit:"),
    ),
    attack(
        "pytest.skip",
        "be skipped and not failed",
        answering("import pytest; pytest.skip('later')"),
        refused(f"raised Skipped: {ENDED}"),
    ),
    attack(
        "pytest.xfail",
        "be expected to fail",
        answering("import pytest; pytest.xfail('known')"),
        refused(f"raised XFailed: {ENDED}"),
    ),
    attack(
        "unittest.SkipTest",
        "be skipped and not failed",
        answering("import unittest; raise unittest.SkipTest('later')"),
        refused("raised SkipTest"),
    ),
    attack(
        "hypothesis.reject",
        "have every drawn input thrown away",
        right_after("import hypothesis; hypothesis.reject()"),
        refused(f"raised UnsatisfiedAssumption: {ENDED}", "raised UnsatisfiedAssumption"),
    ),
    attack(
        "os.abort",
        "crash the process",
        answering("os.abort()"),
        refused("called posix.abort", "called os.abort"),
    ),
    attack(
        "a segfault by ctypes",
        "crash the process below Python",
        answering("import ctypes; ctypes.string_at(0)"),
        refused("called ctypes"),
    ),
    attack(
        "a segfault by faulthandler",
        "crash the process where no event is raised",
        answering("import faulthandler; faulthandler._sigsegv()"),
        ENDS_THE_RUN,
        refused("ended the process (by SIGSEGV)"),
    ),
    attack(
        "a signal to itself",
        "kill the process",
        answering("os.kill(os.getpid(), 9)"),
        refused("called os.kill"),
    ),
    attack(
        "a signal handler",
        "take the clock's alarm for itself",
        answering("import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN)\n" + LOOP),
        refused("called signal.signal"),
    ),
    attack(
        "an exit handler",
        "end with success after the verdicts",
        answering("import atexit; atexit.register(os._exit, 0)"),
        refused("called atexit.register"),
    ),
    attack(
        "a large array",
        "take 64 GiB at once",
        answering("return bytearray(64 << 30)"),
        refused("raised MemoryError"),
    ),
    attack(
        "a large tensor",
        "take 64 GiB at once, by torch",
        answering("return torch.empty(64 << 30, dtype=torch.uint8)"),
        refused("raised RuntimeError", "raised MemoryError"),
    ),
    attack(
        "more and more memory",
        "take 8 GiB bit by bit",
        answering(
            "held = []\nfor _ in range(80):\n    held.append(bytearray(100 << 20))\nreturn held"
        ),
        # Where memory runs out, in the answer or just after it, is not to be foreseen.
        refused("raised MemoryError", LATE, "others rely on it"),
    ),
    attack(
        "recursion without end",
        "overflow the stack",
        answering("return $name(*args, **kwargs)"),
        refused("raised RecursionError"),
    ),
    attack(
        "recursion with the limit raised",
        "overflow the stack below Python",
        answering(
            "if not args or args[0] is not None:\n"
            "    sys.setrecursionlimit(100_000)\n"
            "def down(n):\n    return down(n - 1) if n else 0\n"
            "return down(50_000)"
        ),
        refused("changed the recursion limit"),
    ),
    attack(
        "a fork bomb",
        "fill the table of processes",
        answering(
            "for _ in range(20):\n    if os.fork() == 0:\n        time.sleep(20)\n        os._exit(0)"
        ),
        refused("called os.fork"),
    ),
    attack(
        "a process started",
        "go on outside",
        answering("import subprocess; subprocess.Popen(['sleep', '20'])"),
        refused("called subprocess.Popen"),
    ),
    attack(
        "a shell",
        "go on outside",
        answering("os.system('sleep 20 &')"),
        refused("called os.system"),
    ),
    attack(
        "a pool of processes",
        "go on outside by way of multiprocessing",
        answering(
            "import multiprocessing\n"
            "multiprocessing.get_context('fork').Process(target=time.sleep, args=(20,)).start()"
        ),
        refused("called os.fork", "called subprocess.Popen"),
    ),
    attack(
        "a thread left running",
        "go on after the verdict",
        right_after("import threading; threading.Thread(target=time.sleep, args=(20,)).start()"),
        refused("start_new_thread", "start_joinable_thread"),
    ),
    attack(
        "a flood on stdout",
        "bury the verdicts under 20 MB",
        right_after(
            "if not flooded:\n    flooded.append(1)\n    print('x' * 20_000_000)", "flooded = []"
        ),
        PASSES,
    ),
    attack(
        "a flood below Python",
        "write 20 MB to the terminal itself",
        answering("for _ in range(20):\n    os.write(1, b'x' * 1_000_000)"),
        refused("called posix.write", "called os.write"),
    ),
    attack(
        "stdout closed",
        "leave nobody anything to print to",
        answering("os.close(1)"),
        refused("called posix.close", "called os.close"),
    ),
    attack(
        "stdout replaced",
        "leave nobody anything to print to",
        answering("sys.stdout = None"),
        refused("changed the standard streams"),
    ),
    attack(
        "the terminal's escape codes",
        "wipe its verdict off the screen",
        answering("raise ValueError('\\x1b[2J\\x1b[1A passed')"),
        refused("raised ValueError"),
    ),
    attack(
        "an error that can't be read",
        "break whoever reports it",
        answering(
            "raise Mute",
            "class Mute(Exception):\n    def __str__(self): raise self\n    __repr__ = __str__\n\n\n",
        ),
        refused("raised Mute"),
    ),
    attack(
        "an error with a lie for words",
        "end the run while its words are read",
        answering("raise Lie", "class Lie(Exception):\n    def __str__(self): sys.exit(0)\n\n\n"),
        refused("raised SystemExit", "Lie", "ended the process"),
    ),
    attack(
        "an error within errors",
        "lead whoever follows the causes in a circle",
        answering(
            "a, b = ValueError('a'), ValueError('b')\na.__cause__, b.__cause__ = b, a\nraise a"
        ),
        refused("raised ValueError: a"),
    ),
    attack(
        "a result that can't be shown",
        "break whoever shows it",
        answering("return Mute()", "class Mute:\n    def __repr__(self): raise RuntimeError\n\n\n"),
        refused("Mute"),
    ),
    attack(
        "a result that ends the run when it is shown",
        "end the run while the verdict is written",
        answering("return Away()", "class Away:\n    def __repr__(self): sys.exit(0)\n\n\n"),
        refused("Away", ENDED),
    ),
    attack(
        "a result that takes long to show",
        "never be shown",
        answering(
            "return Slow()",
            "class Slow:\n    def __repr__(self):\n        time.sleep(60)\n        return 'x'\n\n\n",
        ),
        refused("Slow", "timed out"),
    ),
    attack(
        "a result with a very long name",
        "bury the verdict under its own words",
        answering(
            "return Long()", "class Long:\n    def __repr__(self): return 'x' * 10_000_000\n\n\n"
        ),
        refused("Long", "xxx"),
    ),
    attack(
        "a huge integer",
        "break what writes numbers",
        answering("return 1 << 10**7"),
        refused("returned", "raised OverflowError"),
    ),
    attack(
        "a list 10,000 deep",
        "overflow whoever goes through it",
        answering("deep = []\nfor _ in range(10_000):\n    deep = [deep]\nreturn deep"),
        refused("nested too deeply", "raised RecursionError"),
    ),
    attack(
        "a list that holds itself",
        "lead whoever goes through it in a circle",
        answering("circle = []\ncircle.append(circle)\nreturn circle"),
        refused("nested too deeply", "raised RecursionError"),
    ),
    attack(
        "a generator without end",
        "never let anybody finish reading it",
        answering("while True:\n    yield 0.0"),
        refused("generator"),
    ),
    attack(
        "a list without end",
        "never let anybody finish reading it",
        answering(
            "return Endless([0.0])",
            "class Endless(list):\n    def __iter__(self):\n        while True: yield 0.0\n\n\n",
        ),
        refused("returned", LATE),
    ),
    attack(
        "os._exit in __del__",
        "end the process when its result is thrown away",
        answering("return Late()", "class Late:\n    def __del__(self): os._exit(0)\n\n\n"),
        ENDS_THE_RUN,
        refused("Late", "ended the process"),
    ),
    attack(
        "an error in __del__",
        "fail after its verdict",
        answering(
            "return Late()", "class Late:\n    def __del__(self): raise RuntimeError('late')\n\n\n"
        ),
        refused("Late"),
    ),
    attack(
        "an endless loop in backward",
        "never return while it is differentiated",
        right_but(
            "return Slow.apply(right)",
            "class Slow(torch.autograd.Function):\n"
            "    @staticmethod\n"
            "    def forward(ctx, x): return x.clone()\n"
            "    @staticmethod\n"
            "    def backward(ctx, up): time.sleep(60)\n",
        ),
        refused("timed out after 3 s in check"),
        at="scaled_log_sum_exp",
    ),
]
