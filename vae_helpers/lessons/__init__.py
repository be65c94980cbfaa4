"""What one notebook alone uses: its pictures and the checks of its exercises, a room a notebook."""
