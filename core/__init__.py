"""The headless half of Mousekeeper: pipelines, monitors, store and the rooms of every outside system."""
