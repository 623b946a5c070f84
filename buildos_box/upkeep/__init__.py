"""Backup, restore, doctor, export and erasure."""
