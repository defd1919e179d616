"""From load-test files and server figures to what one request costs. Pure: imports no pulumi, asks no network."""
