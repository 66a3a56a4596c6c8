"""What each finding means and what to do about it, in each language."""
