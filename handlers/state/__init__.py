"""The state store that the instances share: which requests were seen, and which tokens and clients are revoked."""
