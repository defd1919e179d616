"""Prices: the catalogue's, a price file's and the stack's own rates, by purchase option."""
