"""The upload pipeline's stages, one file each: `run(rooms, job)` returns an Outcome and may run twice."""
