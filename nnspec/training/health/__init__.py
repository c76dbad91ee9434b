"""How a training goes: looks at its layers, its losses and its data, and what they tell in words."""
