"""From traffic to a priced plan: arithmetic, addresses, firewall, nodes. Pure: imports no pulumi, asks no cloud."""
