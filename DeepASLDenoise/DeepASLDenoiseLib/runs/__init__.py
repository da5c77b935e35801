"""Runs of the pipeline and what they leave in the scene: jobs, maps, provenance, settings that run again."""
