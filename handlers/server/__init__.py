"""The edge: settings, document to operations, request guard, rendering, audit, start and stop."""

import warnings

# Importing Connexion 3.3 imports Starlette's test client, which this server does not use.
warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient` is deprecated")
