"""The Lambda handlers: each composes domain and adapters, and holds no rule of its own."""
