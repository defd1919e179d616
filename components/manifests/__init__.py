"""Kubernetes objects as plain data, built from the plan alone.

Nothing here imports pulumi: what a function returns is what the API server gets, and schemas can judge it.
"""
