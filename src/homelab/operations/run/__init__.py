"""One run of an operation: its events, its record, its report, and whose files it leaves."""
