"""Hidden tests, one file an exercise, and the ledger of the notes' claims in `notes`."""
