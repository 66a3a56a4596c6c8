"""The sandbox pages, for development only. They are allowed on loopback only."""
