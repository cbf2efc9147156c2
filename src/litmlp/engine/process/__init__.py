"""Settings of the whole process: threads, random numbers, signals, memory."""
