"""Language models: an ordered chain of providers, and what comes after all of them."""
