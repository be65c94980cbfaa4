"""Plausible wrong answers to the exercises of notebook 01, and what the hint must say."""

STRICT = True
REPLAYS = ("1.6",)  # an image that fools one alarm may fool the next one: then it is right again

OWN = """
def own_autoencoder(images, code_size):
    pixels = images[0].numel()
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 64), {bend}, nn.Linear(64, {size}))
    decoder = nn.Sequential(
        nn.Linear({size}, 64), {bend}, nn.Linear(64, pixels), {end}
    )
    optimizer = torch.optim.Adam([{trained}], lr=1e-2)
    for _ in range({steps}):
        loss = (images.flatten(1) - decoder(encoder(images)).flatten(1)).square().sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {back}
"""
GOOD = {
    "bend": "nn.ReLU()",
    "size": "code_size",
    "end": "nn.Sigmoid(), nn.Unflatten(1, images.shape[1:])",
    "trained": "*encoder.parameters(), *decoder.parameters()",
    "steps": "300",
    "back": "encoder, decoder",
}
ROUND = "def round_codes(codes, bits):\n    low, high = {low}, {high}\n    step = (high - low) / {steps}\n    return {back}"
ROUNDED = {"low": "codes.amin(0)", "high": "codes.amax(0)", "steps": "(2**bits - 1)", "back": "low + ((codes - low) / step).round() * step"}
SHARE = "def share_beyond(found, real):\n    share = {share}\n    return share, {error}"
SHARED = {"share": "(found > real.quantile(0.95)).double().mean()", "error": "(share * (1 - share) / len(found)) ** 0.5"}
JUDGED = 'verdicts = {{"a": "{a}", "b": "{b}", "c": "{c}", "d": "{d}", "e": "{e}"}}'
RIGHT = {"a": "images", "b": "size", "c": "knowledge", "d": "nothing", "e": "unit"}

WRONG = {
    "1.1": [
        (OWN.format(**GOOD | {"back": "decoder(encoder(images))"}), "does it end with `return encoder, decoder`?"),
        (OWN.format(**GOOD | {"size": "3"}), "expected codes of shape (100, 2)"),
        (OWN.format(**GOOD | {"end": "nn.Sigmoid()"}), "does the decoder end as images begin?"),
        (OWN.format(**GOOD | {"steps": "1"}), "is it trained at all?"),
        (
            OWN.format(**GOOD | {"bend": "nn.Identity()", "end": "nn.Unflatten(1, images.shape[1:])"}),
            "is anything between the layers curved, and",
        ),
        (OWN.format(**GOOD | {"steps": "40"}), "Has the loss stopped falling, or did you?"),
        (OWN.format(**GOOD | {"back": "encoder, lambda z: decoder(0 * z)"}), "one image for everybody"),
        (OWN.format(**GOOD | {"trained": "*decoder.parameters()"}), "do both networks learn?"),
        (OWN.format(**GOOD).replace("        optimizer.zero_grad()\n", ""), "Are old gradients cleared at each step"),
    ],
    "1.2": [
        ("def peak_signal_to_noise(images, clean):\n    return 10 * torch.log10((images - clean).square().mean())", "sign is turned"),
        ("def peak_signal_to_noise(images, clean):\n    return -10 * torch.log((images - clean).square().mean())", "base 10"),
        (
            "def peak_signal_to_noise(images, clean):\n    return (-10 * torch.log10((images - clean).square().mean((1, 2)))).mean()",
            "One number for the batch",
        ),
        (
            "def peak_signal_to_noise(images, clean):\n    return -10 * torch.log10((images - clean).square().mean((1, 2)))",
            "one number an image",
        ),
        (
            "def peak_signal_to_noise(images, clean):\n    return -10 * torch.log10((images - clean).abs().mean())",
            "What is averaged, and over what?",
        ),
        (
            "def peak_signal_to_noise(images, clean):\n    images -= clean\n    return -10 * torch.log10(images.square().mean())",
            "changes its input images",
        ),
        ("def peak_signal_to_noise(images, clean):\n    return -10 * torch.log2((images - clean).square().mean())", "base 2"),
        (
            "def peak_signal_to_noise(images, clean):\n    return -10 * torch.log10((images - clean).square().mean().sqrt())",
            "the root of the MSE",
        ),
        (
            "def peak_signal_to_noise(images, clean):\n    return -10 * torch.log10((images - clean).mean())",
            "a division by 0, the logarithm of 0 or of less",
        ),
    ],
    "1.3": [
        (SHARE.format(**SHARED | {"share": "(found < real.quantile(0.95)).double().mean()"}), "share *within* the limit"),
        (SHARE.format(**SHARED | {"share": "(found > found.quantile(0.95)).double().mean()"}), "comes from the *real* distances"),
        (SHARE.format(**SHARED | {"share": "(found > real.quantile(0.05)).double().mean()"}), "The other 5 %"),
        (SHARE.format(**SHARED | {"share": "(found > real.mean()).double().mean()"}), "half of the real images lie beyond"),
        (SHARE.format(**SHARED | {"share": "(found > 1.5 * real.mean()).double().mean()"}), "Which distances set the limit"),
        (SHARE.format(**SHARED | {"error": "(found > real.quantile(0.95)).double().std()"}), "the spread of one image's yes or no"),
        (SHARE.format(**SHARED | {"error": "(share * (1 - share) / len(real)) ** 0.5"}), "number of random images"),
        (SHARE.format(**SHARED | {"error": "share * (1 - share) / len(found)"}), "The root is missing"),
        (
            "def share_beyond(found, real):\n    return (found > real.quantile(0.95)).double().mean()",
            "does it end with `return share, stderr`?",
        ),
        ("def share_beyond(found, real):\n    return 1.0, 0.0", "Which distances set the limit"),
        (SHARE.format(**SHARED).replace("share, (", "(").replace("** 0.5", "** 0.5, share"), "The two are exchanged"),
    ],
    "1.4": [
        (ROUND.format(**ROUNDED | {"steps": "2**bits"}), "2^bits − 1 steps"),
        (ROUND.format(**ROUNDED | {"steps": "(2 * bits - 1)"}), "n bits tell 2^n values apart"),
        (ROUND.format(**ROUNDED | {"back": "low + ((codes - low) / step).floor() * step"}), "round to the nearest"),
        (ROUND.format(**ROUNDED | {"low": "codes.min()", "high": "codes.max()"}), "Each column has its own"),
        (ROUND.format(**ROUNDED | {"back": "((codes - low) / step).round()"}), "turn them back into codes"),
        (ROUND.format(**ROUNDED), "what should such a column become?"),
        (ROUND.format(**ROUNDED | {"back": "low + ((codes - low) / step).round()"}), "Which values may a column take?"),
    ],
    "1.5": [
        ('enough_bits, better = 3, "eight"', "more than a quarter"),
        ('enough_bits, better = 8, "eight"', "fewer are within ten per cent"),
        ('enough_bits, better = 4, "two"', "which error is smaller?"),
        ('enough_bits, better = 12, "eight"', "first below 1.1 times"),
        ("enough_bits, better = float('nan'), 'eight'", "another number than nan"),
        ("enough_bits, better = '4', 'eight'", "without quotes?"),
        ("enough_bits, better = 4, 'both'", "better: expected one of 'eight'"),
        ("enough_bits, better = 4, ...", "got nothing yet"),
    ],
    "1.6": [
        ("def fool(model, images):\n    return images[0]", "Hint:"),
        ("def fool(model, images):\n    return torch.rand(8, 8)", "the alarm rings"),
        ("def fool(model, images):\n    return model.decode(model.encode(images[:1]))", "without a batch axis?"),
        (
            "def fool(model, images):\n    rebuilt = model.decode(model.encode(images))\n"
            "    return rebuilt[squared_error(model, rebuilt).argmin()]",
            "nearly a digit",
        ),
        ("def fool(model, images):\n    return 2 * images[0]", "grey levels from 0 to 1"),
    ],
    "1.7": [
        *[(JUDGED.format(**RIGHT | {key: "nothing"}), f"another word at {key}, the rest is right") for key in "abce"],
        (JUDGED.format(**RIGHT | {"d": "size"}), "Is any of them unequal?"),
        (JUDGED.format(**RIGHT | {"d": "fine"}), "d: expected one of 'images', 'knowledge'"),
        ('verdicts = {"a": "images"}', "expected another word at b, c, d, e"),
        ("verdicts = {'a': 'images', 'f': 'size'}", "got 'f' too"),
        ("verdicts = 'images'", "what does the stub begin with?"),
    ],
}

RIGHT = {  # other answers that must pass
    "1.1": [
        OWN.format(**GOOD | {"end": "nn.Unflatten(1, images.shape[1:])", "bend": "nn.Tanh()", "steps": "400"}),
        OWN.format(**GOOD | {"back": "encoder.forward, lambda z: decoder(z)"}),
    ],
    "1.2": [
        "def peak_signal_to_noise(images, clean):\n    return 10 * math.log10(1 / nn.functional.mse_loss(images, clean))",
        "def peak_signal_to_noise(images, clean):\n    return -20 * ((images - clean) ** 2).mean().sqrt().log10()",
    ],
    "1.3": [
        SHARE.format(**SHARED | {"error": "(found > real.quantile(0.95)).double().std() / len(found) ** 0.5"}),
        SHARE.format(**SHARED | {"share": "((real[None] < found[:, None]).double().mean(1) > 0.95).double().mean()"}),
        SHARE.format(**SHARED) + "\n\n\ntwo = share_beyond\ndef share_beyond(found, real):\n    return torch.stack(two(found, real))",
    ],
    "1.4": [ROUND.format(**ROUNDED | {"back": "torch.where(high > low, low + ((codes - low) / step).round() * step, codes)"})],
    "1.5": ['enough_bits, better = 4, "Eight"', "enough_bits, better = torch.tensor(4), 8"],
    "1.7": [
        "verdicts = {'e': ' Unit', 'd': 'NOTHING', 'c': 'Knowledge', 'b': 'size ', 'a': \"'images'\"}",
        "verdicts = ['images', 'size', 'knowledge', 'nothing', 'unit']",
    ],
}
