"""The same load under different choices: candidates, workloads, control planes, and one row for each choice."""
