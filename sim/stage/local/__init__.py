"""Language models on this machine: llama.cpp in a child process, for ``gguf:`` models."""
