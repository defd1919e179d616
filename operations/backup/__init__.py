"""etcd's snapshots from an operator's machine: order a restore, prove the newest snapshot, look at the upkeep."""
