"""Submissions that want credit they aren't due: by posing results, patches, state, and memory."""

from tests.hostile.attack import (
    PASSES,
    answering,
    attack,
    refused,
    right_after,
    right_but,
)

EQUAL = "def __eq__(self, other): return True\n    def __ne__(self, other): return False\n    __hash__ = None"
ALWAYS = "lambda *args, **kwargs: True"
REPLACED = "others rely on it"


def patching(statement: str, name: str) -> str:
    """Return a wrong answer that replaces a name first."""
    return answering(f"{statement}\nreturn args[0] * 0 + 12345")


ATTACKS = [
    attack(
        "a tensor equal to everything",
        "be a subclass of Tensor whose comparisons are true",
        answering(
            "return torch.zeros(2, 3).as_subclass(Yes)",
            "class Yes(torch.Tensor):\n"
            "    @classmethod\n"
            "    def __torch_function__(cls, func, types, args=(), kwargs=None):\n"
            "        return torch.tensor(True)\n\n\n",
        ),
        refused("a subclass of Tensor but a Yes", "returned"),
        takes_tensors=True,
    ),
    attack(
        "a parameter",
        "be a subclass of Tensor that torch has itself",
        right_but("return torch.nn.Parameter(right.detach())"),
        refused("a subclass of Tensor but a Parameter"),
        refused("cut off from the graph"),
        takes_tensors=True,
    ),
    attack(
        "an object with __torch_function__",
        "answer for torch whenever it is asked",
        answering(
            "return Yes()",
            "class Yes:\n    shape, dtype, device = (2,), torch.float64, torch.device('cpu')\n"
            "    def __torch_function__(self, func, types, args=(), kwargs=None):\n"
            "        return torch.tensor(True)\n"
            f"    {EQUAL}\n\n\n",
        ),
        refused("Yes"),
    ),
    attack(
        "an object that says it is a Tensor",
        "lie about its class",
        answering("return Yes()", f"class Yes:\n    __class__ = torch.Tensor\n    {EQUAL}\n\n\n"),
        refused("Yes", "returned"),
        takes_tensors=True,
    ),
    attack(
        "a float equal to everything",
        "be a subclass of float whose comparisons are true",
        answering("return Yes(0.5)", f"class Yes(float):\n    {EQUAL}\n\n\n"),
        refused("Yes", "float"),
    ),
    attack(
        "an int equal to everything",
        "be a subclass of int whose comparisons are true",
        answering("return Yes(7)", f"class Yes(int):\n    {EQUAL}\n\n\n"),
        refused("Yes", "int"),
    ),
    attack(
        "a string equal to everything",
        "be a subclass of str whose comparisons are true",
        answering("return Yes('x')", f"class Yes(str):\n    {EQUAL}\n\n\n"),
        refused("Yes", "str"),
    ),
    attack(
        "a list equal to everything",
        "be a subclass of list whose comparisons are true, and as long as wanted",
        answering(
            "return Yes()",
            f"class Yes(list):\n    def __len__(self): return 2\n    def __iter__(self): return iter(())\n    {EQUAL}\n\n\n",
        ),
        refused("returned"),
    ),
    attack(
        "a dict with every key",
        "be a subclass of dict that has whatever it is asked for",
        answering(
            "return Yes()",
            f"class Yes(dict):\n    def keys(self): return self\n    def __getitem__(self, key): return 0.0\n    {EQUAL}\n\n\n",
        ),
        refused("returned"),
    ),
    attack(
        "a named tuple in place of a value",
        "return more than is asked",
        right_but(
            "from collections import namedtuple\nreturn namedtuple('Pair', 'a b')(right, right)"
        ),
        refused("returned"),
    ),
    attack(
        "a result changed later",
        "keep a hold of its results, and make them right once the expectation is known",
        right_but(
            "kept.append(right)\nif len(kept) > 1: kept[-2].fill_(7)\nreturn right", "kept = []\n"
        ),
        refused("gave another result when it was called again"),
        PASSES,
        takes_tensors=True,
    ),
    attack(
        "the input changed",
        "work in place",
        right_but("args[0].detach().add_(1)\nreturn right"),
        refused("changed its argument 1 in place"),
        takes_tensors=True,
    ),
    attack(
        "the input returned and changed later",
        "return an alias of its argument and write into it at the next call",
        answering(
            "for old in kept: old.zero_()\nkept.append(args[0].detach())\nreturn args[0]",
            "kept = []\n\n\n",
        ),
        refused("returned"),
        takes_tensors=True,
    ),
    attack(
        "a cache by identity",
        "remember results by id() of the argument, which is used again for other tensors",
        right_after("").replace(
            "return _right(*args, **kwargs)",
            "key = id(args[0])\n    if key not in cache: cache[key] = _right(*args, **kwargs)\n    return cache[key]",
        )
        + "\n\ncache = {}\n",
        refused("returned", "differ", "gave another result", "should raise"),
        takes_tensors=True,
    ),
    attack(
        "right at first",
        "answer rightly until it is trusted",
        right_after(
            "global calls\ncalls += 1\nif calls > 3: return args[0] * 0 + 12345", "calls = 0\n"
        ),
        refused("returned", "expected", "should raise"),
        takes_tensors=True,
    ),
    attack(
        "right at every call but one",
        "be wrong once, where no expectation is near",
        right_after(
            "global calls\ncalls += 1\nif calls == 2: return args[0] * 0 + 12345", "calls = 0\n"
        ),
        refused("returned", "expected", "gave another result", "different results"),
        takes_tensors=True,
    ),
    attack(
        "right at random",
        "be right most of the time",
        right_after("import random\nif random.random() < 0.2: return args[0] * 0 + 12345"),
        # Where it errs is left to chance.
        refused("returned", "gave another result", "different results", "should raise", "raised"),
        takes_tensors=True,
    ),
    attack(
        "right if a test calls",
        "look who calls, and do the work only then",
        right_after("if 'test' not in sys._getframe(2).f_code.co_filename: return None"),
        refused("looked at the call stack"),
    ),
    attack(
        "right under pytest",
        "look whether it is graded, and do the work only then",
        right_after("if 'PYTEST_CURRENT_TEST' not in os.environ: return None"),
        PASSES,
        refused("returned", "None"),
    ),
]

TRAPS = (
    "torch.isclose",
    "torch.equal",
    "builtins.abs",
    "builtins.all",
    "operator.is_",
    "pytest.fail",
)

for statement, name, told in (
    ("torch.isclose = " + ALWAYS, "torch.isclose", "torch.isclose"),
    ("torch.allclose = " + ALWAYS, "torch.allclose", "torch.allclose"),
    ("torch.equal = " + ALWAYS, "torch.equal", "torch.equal"),
    ("torch.Tensor.__eq__ = lambda a, b: torch.tensor(True)", "Tensor.__eq__", "Tensor.__eq__"),
    ("torch.Tensor.all = " + ALWAYS, "Tensor.all", "Tensor.all"),
    ("torch.testing.assert_close = " + ALWAYS, "torch.testing.assert_close", "assert_close"),
    ("import builtins; builtins.isinstance = " + ALWAYS, "builtins.isinstance", "isinstance"),
    ("import builtins; builtins.len = lambda x: 0", "builtins.len", "len"),
    ("import builtins; builtins.abs = lambda x: 0", "builtins.abs", "abs"),
    ("import builtins; builtins.all = " + ALWAYS, "builtins.all", "all"),
    ("__builtins__['abs'] = lambda x: 0", "__builtins__", ""),
    ("import operator; operator.is_ = " + ALWAYS, "operator.is_", "operator.is_"),
    ("import math; math.isclose = " + ALWAYS, "math.isclose", "math.isclose"),
    ("import pytest; pytest.fail = " + ALWAYS, "pytest.fail", "pytest.fail"),
):
    ATTACKS.append(
        attack(
            f"{name} replaced",
            "make every comparison come out right",
            patching(statement, name),
            refused("returned", f"{told}: {REPLACED}"),
            refused("returned", "ended the process", "answered with what can't be read"),
            takes_tensors=True,
        )
    )
    if name in TRAPS:
        ATTACKS.append(
            attack(
                f"{name} replaced, and a right answer",
                "leave a trap for the next exercise",
                right_after(statement),
                refused(REPLACED),
                PASSES,
                takes_tensors=True,
            )
        )

GRADER = "sys.modules.get('grader.words.compare')"
ATTACKS += [
    attack(
        "the grader's comparison replaced",
        "make every comparison come out right",
        answering(
            f"home = {GRADER}\nhome.close = lambda *args: torch.tensor(True)\nhome.differences = lambda *args: []\nreturn args[0] * 0"
        ),
        refused("returned", REPLACED, "raised AttributeError"),
        takes_tensors=True,
    ),
    attack(
        "the grader's check replaced",
        "make every check come out right",
        right_after("sys.modules['grader.words.check']._judge = lambda *args: None"),
        refused(REPLACED, "raised KeyError"),
        refused("raised KeyError"),  # where the answer runs, there is no check
        takes_tensors=True,
    ),
    attack(
        "the grader's check and its guard replaced",
        "make every check come out right, and blind who looks for replaced names",
        answering(
            "sys.modules['grader.machine.state'].restored_names = lambda: []\n"
            "sys.modules['grader.words.check']._judge = lambda *args: None\n"
            "return args[0] * 0"
        ),
        refused(REPLACED),
        refused("raised KeyError"),
        at="sigmoid",
    ),
    attack(
        "a verdict's class replaced",
        "make a verdict no failure",
        right_after("sys.modules['grader.words.verdict'].Mismatch.__init__ = lambda *args: None"),
        refused(REPLACED, "raised KeyError"),
        PASSES,
        takes_tensors=True,
    ),
    attack(
        "a pytest hook registered",
        "turn every report into a pass",
        answering(
            "import pytest\n"
            "plugins = [p for m in list(sys.modules.values()) for p in getattr(m, '__dict__', {}).values()\n"
            "           if type(p).__name__ == 'PytestPluginManager']\n"
            "plugins[0].register(object())"
        ),
        refused("raised IndexError"),
    ),
    attack(
        "pytest's reports replaced",
        "turn every report into a pass",
        right_after("import _pytest.reports as home\nhome.TestReport.failed = False"),
        refused(REPLACED),
        PASSES,
        takes_tensors=True,
    ),
    attack(
        "a conftest.py in its folder",
        "have pytest load its hooks",
        answering("return None"),
        refused("None"),
        beside={
            "conftest.py": "open('$canaries/kept.txt', 'w').write('gone')\n",
            "$chapter/conftest.py": "open('$canaries/kept.txt', 'w').write('gone')\n",
        },
    ),
    attack(
        "a sitecustomize.py in its folder",
        "have Python load it at the start",
        answering("return None"),
        refused("None"),
        beside={
            f"{folder}{name}.py": "open('$canaries/kept.txt', 'w').write('gone')\n"
            for folder in ("", "$chapter/")
            for name in ("sitecustomize", "usercustomize")
        },
    ),
    attack(
        "modules with known names in its folder",
        "have its own torch, math and grader imported in place of the real ones",
        answering("return None"),
        refused("None"),
        beside={
            f"{folder}{name}.py": "open('$canaries/kept.txt', 'w').write('gone')\n"
            for folder in ("", "$chapter/")
            for name in ("torch", "math", "grader", "pytest", "jaxtyping", "json")
        },
    ),
    attack(
        "a pytest.ini in its folder",
        "have pytest take its settings",
        answering("return None"),
        refused("None"),
        beside={
            f"{folder}pytest.ini": "[pytest]\naddopts = --maxfail=0 -p no:deepclaims\n"
            for folder in ("", "$chapter/")
        },
    ),
]

LEFT = "and left it changed"
for name, statement, outcome, apart in (
    (
        "default dtype",
        "torch.set_default_dtype(torch.float64)",
        refused(f"changed torch's default dtype {LEFT}"),
        None,
    ),
    (
        "grad mode",
        "torch.set_grad_enabled(False)",
        refused(f"changed torch's grad mode {LEFT}"),
        None,
    ),
    (
        "number of threads",
        "torch.set_num_threads(3)",
        refused(f"changed torch's number of threads {LEFT}"),
        None,
    ),
    (
        "deterministic flag",
        "torch.use_deterministic_algorithms(True)",
        # torch loads its compiler for it, which wants files and time.
        refused(
            f"changed torch's deterministic flag {LEFT}",
            "timed out after 3 s",
            "raised FileNotFoundError",
        ),
        None,
    ),
    (
        "default device",
        "torch.set_default_device('meta')",
        refused(f"changed torch's default device {LEFT}"),
        None,
    ),
    (
        "working directory",
        "os.chdir('/usr')",
        refused(f"changed the working directory {LEFT}"),
        None,
    ),
    (
        "environment",
        "os.environ['DEEPCLAIMS_LEFT'] = '1'",
        refused("changed the environment variables"),
        None,
    ),
    (
        "import path",
        "sys.path.insert(0, '$canaries')",
        refused(f"changed the import path {LEFT}"),
        None,
    ),
    (
        "recursion limit",
        "sys.setrecursionlimit(60)",
        refused(f"changed the recursion limit {LEFT}", "raised RecursionError"),
        None,
    ),
    (
        "garbage collector",
        "import gc; gc.disable()",
        refused(f"changed the garbage collector {LEFT}"),
        None,
    ),
    ("seed", "torch.manual_seed(0); import random; random.seed(0)", PASSES, None),
    ("warnings filters", "import warnings; warnings.simplefilter('error')", PASSES, None),
):
    ATTACKS.append(
        attack(
            f"the {name} changed",
            "leave what all code shares in another state",
            right_after(statement),
            outcome,
            apart,
            takes_tensors=True,
        )
    )
