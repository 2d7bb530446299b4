"""What becomes of a guest: made, changed, started, copied, saved, recovered."""
