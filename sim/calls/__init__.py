"""What a call to a model goes through on its way: stages around a stage, and their accounts."""
