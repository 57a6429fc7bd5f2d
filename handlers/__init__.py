"""What is done to an invoice: one module per step, the rules, the reading; opens no socket."""
