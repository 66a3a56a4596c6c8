"""The guard on the published contract: `make contract` compares the documents with those of the last release.

A comparator of our own, because none that installs from PyPI, npm or Debian is enough (looked for in November 2026):

- `openapi-diff` 0.24.1 (npm) reports 10 of 26 planted changes. It misses enums, patterns, lengths of parameters, new
  required headers, `nullable`, `format`, `security`, `servers` and `operationId`.
- `@useoptic/optic` 1.0.9 (npm) does not start from a clean installation.
- `@pb33f/openapi-changes` 0.0.67 (npm) downloads its program from another place when it is installed.
- `oasdiff`, the most complete one, is a Go program and is in none of the three.
- The packages on PyPI are weeks old, or compare a few keywords only.
"""
