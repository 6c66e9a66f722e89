"""Rules as pure functions: no web, no database, no clock, no network."""
