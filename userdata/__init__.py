"""What a node boots with: static programs, generated files, one gzipped cloud-config. Pure: imports no pulumi."""
