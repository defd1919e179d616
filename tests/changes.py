"""A configuration with some keys changed, for tests of what each key does."""

import copy


def with_changes(raw, changes):
    """A copy with dotted key paths set to values; `...` removes a key."""
    raw = copy.deepcopy(raw)
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = raw
        for part in parents:
            place = place.setdefault(part, {})
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return raw
