"""The rules of SNAP. They are pure: no I/O, no clock, no framework, no randomness."""
