"""What `deepasl-train` can do, a command in each file."""
