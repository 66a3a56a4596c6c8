"""Changes that commands make to the state that instances share."""
