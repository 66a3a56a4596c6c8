"""Changes that commands make to the state store that instances share."""
