"""What runs, as callers and whoever waits want to know it."""
