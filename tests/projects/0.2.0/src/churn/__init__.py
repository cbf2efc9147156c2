"""The networks, losses and data sets of churn."""
