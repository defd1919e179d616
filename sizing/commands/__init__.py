"""The commands of `python -m sizing`, one module each; every module here adds itself with `add_parser`."""
