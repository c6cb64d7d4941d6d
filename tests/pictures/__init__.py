"""The pictures of the documentation, taken of the real pages: `make pictures`."""
