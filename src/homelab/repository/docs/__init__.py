"""Documentation that is written from the model, so that it cannot say something else."""
