"""The HTTP server: limits on connections and the time they take."""
