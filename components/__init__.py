"""One ComponentResource a file: each turns its part of a finished Plan into resources and decides nothing."""
