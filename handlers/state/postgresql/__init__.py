"""`postgresql://`: a PostgreSQL database that several machines share."""
