"""Which addresses of the subnets that an operator names are BMCs."""
