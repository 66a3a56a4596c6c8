"""`redis://`, `rediss://` and `unix://`: a server that several machines share."""
