"""The comparison of a one-shot study with a final one."""
