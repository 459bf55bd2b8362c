"""Speed, optimizer quality and agreement with the paper; run by hand."""
