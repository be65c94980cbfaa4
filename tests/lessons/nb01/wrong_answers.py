"""Plausible wrong answers to the exercises of notebook 01, and what the hint must say."""

WRONG = {
    "1.1": [
        ("def reconstruction_loss(images, rebuilt):\n    return (images - rebuilt).square().mean()", "averaged over pixels too"),
        ("def reconstruction_loss(images, rebuilt):\n    return (images - rebuilt).square().sum()", "summed over images"),
        ("def reconstruction_loss(images, rebuilt):\n    return (images - rebuilt).square().sum((1, 2))", "one number an image"),
        ("def reconstruction_loss(images, rebuilt):\n    return (images - rebuilt).flatten(1).norm(dim=1).mean()", "take no root"),
    ],
    "1.2": [
        ("def peak_signal_to_noise(images, clean):\n    return 10 * torch.log10((images - clean).square().mean())", "sign is turned"),
        ("def peak_signal_to_noise(images, clean):\n    return -10 * torch.log((images - clean).square().mean())", "base 10"),
        (
            "def peak_signal_to_noise(images, clean):\n    return (-10 * torch.log10((images - clean).square().mean((1, 2)))).mean()",
            "One number for the batch",
        ),
    ],
    "1.3": [
        (
            "def draw_from_box(codes, n):\n    low, high = codes.min(), codes.max()\n"
            "    return low + (high - low) * torch.rand(n, codes.shape[1])",
            "smallest and the largest of each column",
        ),
        (
            "def draw_from_box(codes, n):\n    low, high = codes.amin(0), codes.amax(0)\n"
            "    return low + (high - low) * torch.randn(n, codes.shape[1])",
            "torch.rand, not randn",
        ),
        ("def draw_from_box(codes, n):\n    return torch.rand(n, codes.shape[1]) * codes.amax(0)", "add its lower corner"),
        (
            "def draw_from_box(codes, n):\n    low, high = codes.amin(0), codes.amax(0)\n    return low + (high - low) * torch.rand(n, 1)",
            "needs the shape (n, L)",
        ),
    ],
    "1.4": [
        (
            "def round_codes(codes, bits):\n    low, high = codes.amin(0), codes.amax(0)\n    step = (high - low) / 2**bits\n"
            "    return low + ((codes - low) / step).round() * step",
            "2^bits − 1 steps",
        ),
        (
            "def round_codes(codes, bits):\n    low, high = codes.amin(0), codes.amax(0)\n    step = (high - low) / (2**bits - 1)\n"
            "    return low + ((codes - low) / step).floor() * step",
            "round to the nearest",
        ),
        (
            "def round_codes(codes, bits):\n    low, high = codes.min(), codes.max()\n    step = (high - low) / (2**bits - 1)\n"
            "    return low + ((codes - low) / step).round() * step",
            "Each column has its own",
        ),
        (
            "def round_codes(codes, bits):\n    low, high = codes.amin(0), codes.amax(0)\n"
            "    return ((codes - low) / (high - low) * (2**bits - 1)).round()",
            "turn them back into codes",
        ),
    ],
}
