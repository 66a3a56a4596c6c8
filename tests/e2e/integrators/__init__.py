"""Tests with the programs that integrators use: generators of clients, mock servers, runners of collections."""
