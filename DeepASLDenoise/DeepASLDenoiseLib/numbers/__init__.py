"""Figures of maps in tissues and regions: tables and plots as nodes of the scene."""
