"""What runs under the words: choosing the code under test, guarding it, reporting, the chores."""
