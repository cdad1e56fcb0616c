"""What is done about dead letters: redriven to the one group that refused them, or given up."""
