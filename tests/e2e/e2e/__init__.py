"""The end-to-end test: a real foretop process against real servers on loopback."""
