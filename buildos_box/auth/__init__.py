"""Tokens, scopes, rate limits, and the guard before every route."""
