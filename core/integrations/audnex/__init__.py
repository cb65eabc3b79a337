"""Audnex: free book metadata by ASIN."""
