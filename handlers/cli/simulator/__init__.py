"""NICEPAY's part: requests that are signed, sent and shown."""
