"""What the chunks of a plan measured, as one labelled Dataset."""
