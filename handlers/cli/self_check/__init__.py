"""`snap-token self-check`: what is wrong with this installation. Each module has the checks of one part of it."""
