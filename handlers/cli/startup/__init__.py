"""What `serve` opens at its start, and the dry run of a start for `serve --check`."""
