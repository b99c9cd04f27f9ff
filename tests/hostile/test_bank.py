"""The bank itself: its size, its bounds, and its table."""

from collections import Counter

from grader.machine import catalogue
from tests.hostile import harness, table
from tests.hostile.bank import ATTACKS


def test_there_are_many_attacks_of_different_names():
    assert len(ATTACKS) >= 45
    assert [name for name, n in Counter(a.name for a in ATTACKS).items() if n > 1] == []


def test_attacks_and_neighbours_stand_in_exercises_that_there_are():
    names = [*harness.TAKE_TENSORS, *harness.OTHERS, *harness.NEIGHBOURS]
    assert sorted({*names}) == sorted(names)
    assert {*names} <= catalogue.paths().keys()


def test_no_attack_writes_outside_the_canaries():
    writes = (
        "'w'",
        ".open('a'",
        "remove(",
        "rmtree(",
        "replace('",
        "truncate(",
        "symlink(",
        "chmod(",
    )
    for attack in ATTACKS:
        for line in str(attack.source).splitlines():
            if any(word in line for word in writes):
                assert "$canaries" in line, (attack.name, line)


def test_the_table_is_up_to_date():
    assert table.FILE.read_text(encoding="utf8") == table.written(), "run `nox -s hostile`"
