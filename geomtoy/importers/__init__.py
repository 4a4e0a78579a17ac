"""Networks from other libraries' models. `torch` needs PyTorch, `state_dict` needs plain arrays only."""
