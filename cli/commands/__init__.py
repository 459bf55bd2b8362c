"""The commands of `dartboard`, one module each, loaded only when called."""
