"""CloudWatch: metrics of the emulator's own parts and of log groups; changes to moto."""
