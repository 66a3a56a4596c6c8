"""The calculations of the page on sizing. `make reference` writes their tables and their plot."""
