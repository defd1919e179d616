"""Day 2: programs that look at, prove and look after a cluster that groundswell has built."""
