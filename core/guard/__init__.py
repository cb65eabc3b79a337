"""The guard: keeps ratio and VIP of the tracker account safe."""
