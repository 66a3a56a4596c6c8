"""The doctor finds out why the server refuses a request: it tries common mistakes. No I/O, no clock, no framework."""
