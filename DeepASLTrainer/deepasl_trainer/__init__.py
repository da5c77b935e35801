"""The companion package that trains, evaluates and exports DeepASL networks."""
