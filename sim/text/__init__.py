"""Analysis of texts, of models and of persons: the names they address, the claims they cite."""
