"""What the instances of this server share: which requests were seen, and what is revoked."""
