"""The verdicts, as files for people and for machines."""
