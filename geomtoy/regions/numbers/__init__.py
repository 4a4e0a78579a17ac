"""Signs and orders: float64 within proven bounds, rationals behind them."""
