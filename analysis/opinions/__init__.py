"""Models of how stances move in a conversation, and how well stored stances fit them."""
