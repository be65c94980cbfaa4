"""What the notebooks on variational autoencoders no longer need to explain."""
