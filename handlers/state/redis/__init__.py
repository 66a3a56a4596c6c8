"""`redis://`, `rediss://` and `unix://`: one Redis server that several machines share."""
