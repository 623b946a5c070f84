"""Who is asking, and what they may: tokens, scopes, the guard before every route."""
