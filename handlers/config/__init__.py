"""The settings: what commands and the server read from files and from the environment."""
