"""Reference solutions: one file an exercise, at the same path as its stub."""
