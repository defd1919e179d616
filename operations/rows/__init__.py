"""The requirement rows: what each asks for, which tests name it, and which of them ran and passed.

`requirement` knows what a row asks for and `load` reads `docs/requirements.csv`; `scan` reads the marks in
the test files, `results` what the runs recorded under `build/rows/`. `standing` judges a row by these,
`board` brings all rows together, and `text`, `machine` and `markdown` print them.
"""

from operations.rows.command import add_parser, run

__all__ = ["add_parser", "run"]
