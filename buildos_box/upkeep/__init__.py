"""What keeps a box alive through the years: backups, restores, self-examination, export."""
