"""Grey and white matter, regions, and the figures of maps in them."""
