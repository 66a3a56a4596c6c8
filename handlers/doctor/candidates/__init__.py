"""Candidates: wrong inputs that a client may have signed instead of the right one."""
