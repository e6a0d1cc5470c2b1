"""What is too long for `make test`: run as modules, by `make torture`."""
