"""The box for assistants that speak the Model Context Protocol (docs/spec.md#mcp)."""
