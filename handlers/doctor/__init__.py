"""Why a request is refused, found by trying what people really do. Pure: no I/O, no clock, no framework."""
