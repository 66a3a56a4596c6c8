"""The judge tests any SNAP token server: it sends requests, and compares the answers with what the sources require."""
