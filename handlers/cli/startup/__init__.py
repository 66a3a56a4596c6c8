"""The steps of a start, and their trial for `serve --check`."""
