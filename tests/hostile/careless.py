"""What beginners hand in by mistake. Nobody means harm, and the words must help."""

from tests.hostile.attack import PASSES, answering, attack, refused

ATTACKS = [
    attack(
        "a syntax error",
        "a parenthesis is missing",
        "def $name(x:\n    return x\n",
        refused("$name.py, line 1:"),
    ),
    attack(
        "tabs and spaces",
        "two lines of a block are indented differently",
        "def $name(*args):\n\tx = 1\n        return x\n",
        refused("$name.py, line 3:"),
    ),
    attack(
        "a wrong name",
        "the function is called otherwise",
        "def my_$name(*args):\n    return 1.0\n",
        refused("defines no `$name`"),
    ),
    attack(
        "a number of that name",
        "the name is no function",
        "$name = 3\n",
        refused("defines no `$name`"),
    ),
    attack(
        "a wrong signature",
        "the function takes no argument",
        "def $name():\n    return 1.0\n",
        refused("raised TypeError"),
    ),
    attack(
        "print and not return", "the result is printed", answering("print(args)"), refused("None")
    ),
    attack(
        "a generator",
        "yield stands in place of return",
        answering("yield 1.0"),
        refused("generator"),
    ),
    attack(
        "a coroutine",
        "the function is async",
        "async def $name(*args, **kwargs):\n    return 1.0\n",
        refused("coroutine"),
    ),
    attack(
        "a module that isn't there",
        "an import fails",
        "import no_such_module\n\ndef $name(*args): pass\n",
        refused("can't be loaded: ModuleNotFoundError"),
    ),
    attack(
        "an error on import",
        "a line outside the function fails",
        "x = 1 / 0\n\ndef $name(*args): pass\n",
        refused("can't be loaded: ZeroDivisionError"),
    ),
    attack(
        "an assertion on import",
        "a test of one's own fails",
        "assert False, 'mine'\n\ndef $name(*args): pass\n",
        refused("can't be loaded: AssertionError: mine"),
    ),
    attack(
        "input()",
        "it waits for the keyboard",
        answering("return float(input('x? '))"),
        refused("raised OSError", "raised EOFError", "timed out"),
    ),
    attack(
        "breakpoint()",
        "a breakpoint is left in",
        answering("breakpoint()\nreturn 1.0"),
        refused("raised", "called", "looked at", "changed the standard streams"),
    ),
    attack(
        "a print in a right answer",
        "it says what it does",
        (
            "$solution\n\n_right = $name\n\n\n"
            "def $name(*args, **kwargs):\n    print(args)\n    return _right(*args, **kwargs)\n"
        ),
        PASSES,
    ),
    attack("an empty file", "everything was deleted", "", refused("defines no `$name`")),
    attack(
        "only a comment", "everything is commented out", "# later\n", refused("defines no `$name`")
    ),
    attack(
        "a folder in place of the file",
        "a folder has the file's name",
        "",
        refused("there is no file"),
        place="folder",
    ),
    attack(
        "null bytes",
        "the file is damaged",
        b"def $name(*args):\n    return \0 1.0\n",
        refused("null bytes"),
    ),
    attack(
        "no UTF-8",
        "the file is in another encoding",
        b"def $name(*args):\n    return 'caf\xe9'\n",
        refused("$name.py"),
    ),
    attack(
        "a byte order mark",
        "an editor has put a mark first",
        b"\xef\xbb\xbfdef $name(*args):\n    return 'x'\n",
        refused("returned"),
    ),
    attack(
        "Windows' line ends",
        "an editor has its own line ends",
        b"def $name(*args):\r\n    return 'x'\r\n",
        refused("returned"),
    ),
    attack(
        "a misspelt variable",
        "a name isn't defined",
        answering("return reslut"),
        refused("raised NameError"),
    ),
    attack(
        "a wrong shape",
        "the result is one number",
        answering("return torch.zeros(7, 5, 3)"),
        refused("returned shape"),
        takes_tensors=True,
    ),
    attack(
        "nan everywhere",
        "0/0 is returned",
        answering("return args[0] * float('nan')"),
        refused("returned"),
        takes_tensors=True,
    ),
    attack(
        "an exception returned",
        "return stands in place of raise",
        answering("return ValueError('x')"),
        refused("ValueError"),
    ),
    attack(
        "the function itself",
        "the call's parentheses are missing",
        answering("return $name"),
        refused("function"),
    ),
]
