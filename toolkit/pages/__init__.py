"""Pages and tables that are generated: from the proofs, from prices, from the modules."""
