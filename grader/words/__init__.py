"""Each word of the hidden tests, one idea a module; nothing here knows how a run is made."""
