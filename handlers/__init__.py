"""The merchant's side of NICEPAY's SNAP access token API."""

__version__ = "0.1.0"
