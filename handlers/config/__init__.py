"""The settings that commands and the server read from files and environment variables."""
