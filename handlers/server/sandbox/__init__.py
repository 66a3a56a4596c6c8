"""The pages of the sandbox. They exist for development only, on loopback only."""
