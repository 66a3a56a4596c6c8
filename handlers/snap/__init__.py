"""SNAP's rules, pure: no I/O, no clock, no framework, no randomness of their own."""
