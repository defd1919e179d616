"""What runs in the cluster beside the services, one add-on a file; all versions stand in `charts`."""
