"""Instance families and measurements; nothing here is needed to plan."""
