"""How good a scan and its maps are, what the network changed, and how sure the values are."""
