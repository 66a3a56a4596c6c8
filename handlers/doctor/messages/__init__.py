"""The messages of the verdicts, in English and Indonesian."""
