"""The checks that need reasoning: each one finds out why a value is refused."""
