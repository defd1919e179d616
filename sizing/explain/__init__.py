"""Why a plan is as it is: what decided, what is left, what a smaller choice breaks, and when the plan stops holding."""
