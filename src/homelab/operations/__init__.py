"""What is done with a target: plan, deploy, destroy, and the questions to it."""
