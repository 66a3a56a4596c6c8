"""From an OpenAPI document to operations that Connexion routes and validates."""
