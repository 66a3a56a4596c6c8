"""A judge for any SNAP token server: what is asked of it, what is expected, and what was found."""
