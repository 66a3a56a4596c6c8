"""CapturedRequest requests, read from raw HTTP, curl commands and HAR files."""
