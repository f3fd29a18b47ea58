"""Language models behind the protocol of a stage: one file for each way to reach them."""
