"""A local AWS for rehearsals: moto holds what was applied, the data plane enforces it."""
