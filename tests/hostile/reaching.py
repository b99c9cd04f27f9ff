"""Submissions that reach for what is hidden, or for files that aren't theirs (the canaries)."""

from tests.hostile.attack import answering, attack, refused

HIDDEN = "which is hidden"
CHANGES = "an answer can't change files"
LOOKS = "an answer can't look at what grades it"

ATTACKS = [
    attack(
        "the solution by import",
        "call the reference solution",
        answering("from solutions.activations.softmax import softmax"),
        refused("can't import `solutions`"),
    ),
    attack(
        "the solution by importlib",
        "call the reference solution",
        answering(
            "import importlib\nreturn importlib.import_module('solutions.activations.softmax')"
        ),
        refused("raised ModuleNotFoundError", HIDDEN),
    ),
    attack(
        "the solution by its path",
        "load the reference solution's file",
        answering(
            "import importlib.util as util\n"
            "spec = util.spec_from_file_location('mine', '$reference')\n"
            "module = util.module_from_spec(spec)\nspec.loader.exec_module(module)\n"
            "return getattr(module, '$name')(*args, **kwargs)"
        ),
        refused(HIDDEN),
    ),
    attack(
        "the solution by runpy",
        "run the reference solution's file",
        answering("import runpy\nreturn runpy.run_path('$reference')['$name'](*args, **kwargs)"),
        refused(HIDDEN),
    ),
    attack(
        "the solution by a link",
        "be a symbolic link to the reference solution",
        "",
        refused("is a link to what is hidden"),
        place="link",
    ),
    attack(
        "the hidden tests by open",
        "read what is asked",
        answering("return open('$hidden').read()"),
        refused(HIDDEN),
    ),
    attack(
        "the hidden tests by os.open",
        "read what is asked, below Python's files",
        answering("return os.read(os.open('$hidden', os.O_RDONLY), 10_000)"),
        refused(HIDDEN),
    ),
    attack(
        "the hidden tests by a roundabout path",
        "read what is asked under another name",
        answering("return open('/proc/self/root$hidden').read()"),
        refused(HIDDEN),
    ),
    attack(
        "the hidden tests by numpy",
        "read what is asked, below Python's files",
        answering("import numpy\nreturn numpy.fromfile('$hidden', dtype='u1')"),
        refused(HIDDEN),
    ),
    attack(
        "the hidden tests by torch",
        "read what is asked, below Python's files",
        answering("return torch.from_file('$hidden', size=100, dtype=torch.uint8)"),
        refused("called torch.from_file"),
    ),
    attack(
        "the hidden tests by linecache",
        "read what is asked as a traceback would",
        answering(
            "import linecache\nlines = linecache.getlines('$hidden')\n"
            "assert not lines, 'found'\nreturn None"
        ),
        refused(HIDDEN),
    ),
    attack(
        "the hidden tests by import",
        "import what is asked",
        answering("import tests.activations.test_softmax"),
        refused("can't import `tests`"),
    ),
    attack(
        "the grader by import",
        "get hold of the comparison",
        answering("import grader.words.compare"),
        refused("can't import `grader`"),
    ),
    attack(
        "the hidden tests in sys.modules",
        "find them among the loaded modules",
        answering(
            "for module in list(sys.modules.values()):\n"
            "    if 'EXERCISE' in getattr(module, '__dict__', {}):\n"
            "        raise ValueError('found ' + module.__name__)\n"
            "return None"
        ),
        refused("returned None", "returned no Tensor but None"),
    ),
    attack(
        "a listing of the tests",
        "see which tests there are",
        answering("return os.listdir(os.path.dirname('$hidden'))"),
        refused(HIDDEN),
    ),
    attack(
        "a walk through gc",
        "find the oracle among all objects",
        answering("import gc\nreturn [o for o in gc.get_objects() if callable(o)]"),
        refused(f"called gc.get_objects: {LOOKS}"),
    ),
    attack(
        "its caller's frame",
        "read `want` where it is called from",
        answering("frame = sys._getframe(1)\nreturn frame.f_locals.get('want')"),
        refused("looked at the call stack"),
    ),
    attack(
        "inspect.stack",
        "read `want` where it is called from",
        answering(
            "import inspect\n"
            "for info in inspect.stack():\n"
            "    if 'want' in info.frame.f_locals: return info.frame.f_locals['want']"
        ),
        refused("looked at the call stack"),
    ),
    attack(
        "the frame behind an error",
        "climb from a traceback to its caller",
        answering(
            "try: raise ValueError\n"
            "except ValueError as error: frame = error.__traceback__.tb_frame\n"
            "while frame and 'want' not in frame.f_locals: frame = frame.f_back\n"
            "return frame and frame.f_locals['want']"
        ),
        refused(f"read tb_frame: {LOOKS}"),
    ),
    attack(
        "the frame of a generator",
        "climb from a generator to its caller",
        answering(
            "def here(): yield made[0].gi_frame.f_back\n"
            "made = []\nmade.append(here())\nframe = next(made[0])\n"
            "while frame and 'want' not in frame.f_locals: frame = frame.f_back\n"
            "return frame and frame.f_locals['want']"
        ),
        refused(f"read gi_frame: {LOOKS}"),
    ),
    attack(
        "all frames",
        "read `want` in any frame of the process",
        answering("return [f.f_locals for f in sys._current_frames().values()]"),
        refused(f"called sys._current_frames: {LOOKS}"),
    ),
    attack(
        "the globals of a function",
        "get from a function of the grader to its module",
        answering("return __import__.__globals__['builtins']"),
        refused("returned"),
    ),
    attack(
        "sys.settrace",
        "follow the grader step by step",
        answering("sys.settrace(lambda *a: None)"),
        refused("called sys.settrace"),
    ),
    attack(
        "sys.setprofile",
        "follow the grader call by call",
        answering("sys.setprofile(lambda *a: None)"),
        refused("called sys.setprofile"),
    ),
    attack(
        "sys.monitoring",
        "follow the grader without settrace",
        answering(
            "m = sys.monitoring\nm.use_tool_id(4, 'mine')\nm.set_events(4, m.events.PY_START)\nreturn None"
        ),
        refused("an answer can't look at what grades it", "monitoring"),
    ),
    attack(
        "sys.addaudithook",
        "hear what the grader does",
        answering("sys.addaudithook(print)"),
        refused("called sys.addaudithook"),
    ),
    attack(
        "a file overwritten",
        "write over a file outside its folder",
        answering("open('$canaries/kept.txt', 'w').write('gone')"),
        refused(CHANGES),
    ),
    attack(
        "a file appended to",
        "write into a file outside its folder, by pathlib",
        answering("import pathlib\npathlib.Path('$canaries/kept.txt').open('a').write('more')"),
        refused(CHANGES),
    ),
    attack(
        "a file written by torch",
        "write into a file outside its folder, below Python's files",
        answering("torch.save(torch.ones(2), '$canaries/kept.txt')"),
        refused("called torch.", CHANGES),
    ),
    attack(
        "a file mapped by torch",
        "make a file outside its folder, below Python's files",
        answering(
            "torch.from_file('$canaries/kept.txt', shared=True, size=4, dtype=torch.uint8).fill_(7)"
        ),
        refused("called torch.", CHANGES),
    ),
    attack(
        "a file deleted",
        "delete a file outside its folder",
        answering("os.remove('$canaries/kept.txt')"),
        refused(f"called os.remove: {CHANGES}"),
    ),
    attack(
        "a folder deleted",
        "delete a tree outside its folder",
        answering("import shutil\nshutil.rmtree('$canaries', ignore_errors=True)"),
        refused(CHANGES),
    ),
    attack(
        "a file renamed",
        "move a file outside its folder",
        answering("os.replace('$canaries/kept.txt', '$canaries/moved.txt')"),
        refused(CHANGES),
    ),
    attack(
        "a file's mode",
        "make a file unreadable",
        answering("os.chmod('$canaries/kept.txt', 0)"),
        refused(CHANGES),
    ),
    attack(
        "a file cut off",
        "empty a file outside its folder",
        answering("os.truncate('$canaries/kept.txt', 0)"),
        refused(CHANGES),
    ),
    attack(
        "a link over a file",
        "put a link in a folder that isn't its own",
        answering("os.symlink('/dev/null', '$canaries/link')"),
        refused(CHANGES),
    ),
    attack(
        "a file written by sqlite",
        "write into a file outside its folder, below Python's files",
        answering(
            "import sqlite3\nbase = sqlite3.connect('$canaries/base.db')\n"
            "base.execute('create table t (x)')\nbase.commit()"
        ),
        refused("called sqlite3.connect", CHANGES, "raised OperationalError", HIDDEN),
    ),
    attack(
        "a file written on import",
        "write into a file as it is loaded",
        "open('$canaries/kept.txt', 'w').write('gone')\n\ndef $name(*args): pass\n",
        refused(CHANGES),
    ),
    attack(
        "a socket",
        "send the tests away",
        answering("import socket\nsocket.create_connection(('127.0.0.1', 9))"),
        refused("called socket"),
    ),
    attack(
        "a page of the web",
        "ask somebody else",
        answering(
            "import urllib.request\nreturn urllib.request.urlopen('http://127.0.0.1:9/').read()"
        ),
        refused("called socket"),
    ),
    attack(
        "another process's memory",
        "read the grader's memory by /proc",
        answering("return open(f'/proc/{os.getppid()}/mem', 'rb').read(1)"),
        refused("raised", HIDDEN),
    ),
]
