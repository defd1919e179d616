"""Gates between the machines and what runs on them: they wait, with a deadline, and say why they failed.

`api`, `nodes` and `crds` each hold one pure judgement and the questions that feed it; `loop` waits, `report`
prints, `causes` turns a symptom into a cause and its fix; `client` speaks to the API server, `store` to
Parameter Store.
"""

from operations.gate.command import add_parser, run

__all__ = ["add_parser", "run"]
