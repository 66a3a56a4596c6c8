"""Sign, send and print requests as NICEPAY does."""
