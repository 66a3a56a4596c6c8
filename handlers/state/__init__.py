"""What the instances of this server share."""
