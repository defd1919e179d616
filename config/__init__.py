"""What a person says about a cluster: typed sections, strict loading, rules across fields. Imports no pulumi."""
