"""Postman and Bruno collections whose requests sign themselves."""
