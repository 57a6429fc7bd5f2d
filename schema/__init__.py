"""What is true: words, states, money, masking, errors, the SQL and the store; imports nothing of ours."""
