"""Backups: made, encrypted to keys that are kept apart, thrown away when they are old, and restored."""
