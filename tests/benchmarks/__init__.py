"""Programs that measure and print figures; `scripts/bench` runs them. They assert no times."""
