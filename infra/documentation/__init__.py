"""Parts of the README that are written from the code, so that they cannot lie."""
