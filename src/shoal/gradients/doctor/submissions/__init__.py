"""Code that somebody hands in: how it is laid out, loaded, called under guard, and understood."""
