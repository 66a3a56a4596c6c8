"""The checks that need more than a comparison. Each one finds out why a value is refused."""
