"""What the views stand on."""
