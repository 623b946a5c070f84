"""The version of this program: the one place that holds it."""

VERSION = "0.1.0"
