"""Unit tests of the metrics."""
