"""Where the brain is, told from the ASL images themselves."""
