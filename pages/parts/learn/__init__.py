"""What only the page Learn has."""
