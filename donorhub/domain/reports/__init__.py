"""Rules of what is shown of everything: what a search asks."""
