"""Many runs trained as one: a sweep's networks of one shape, stacked."""
