"""What is asked of everything."""
