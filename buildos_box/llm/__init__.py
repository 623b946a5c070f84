"""Language models: a chain of providers, with a built-in fallback."""
