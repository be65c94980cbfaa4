"""Inference one observation at a time: samplers, and the optimisers that an encoder replaces. A module a method."""
