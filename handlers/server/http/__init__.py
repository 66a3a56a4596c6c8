"""One HTTP message: the limits and headers of a request, and its response. Nothing here depends on OpenAPI."""
