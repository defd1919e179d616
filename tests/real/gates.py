"""What the gates of a stack print when they pass, as the doubles answer it."""

import base64
import json

AUTHORITY = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()


def answers(cluster: str) -> dict[str, str]:
    """The variables that make every gate of this cluster answer; only the API gate prints anything."""
    return {"DOUBLE_STDOUT": json.dumps({f"local:Command::{cluster}-api": json.dumps({"ca": AUTHORITY})})}
