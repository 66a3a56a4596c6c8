"""`redis://`, `rediss://`, `unix://` and `redis+sentinel://`: one Redis server that several machines share."""
