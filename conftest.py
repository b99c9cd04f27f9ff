"""Switches on the grader: which code is under test, how a failure reads, the benchmarks."""

pytest_plugins = ["grader.machine.plugin", "grader.machine.bench"]
