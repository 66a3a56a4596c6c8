"""Wrong inputs to try: what a client may have signed in place of the right one."""
