"""The HTTP server: messages, OpenAPI operations, observability, process life cycle and sandbox."""

import warnings

# Importing Connexion 3.3 imports Starlette's test client, which this server does not use.
warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient` is deprecated")
