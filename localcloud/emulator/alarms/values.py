"""What metric math computes with."""

from __future__ import annotations

Series = tuple[float | None, ...]
"""One value a period, the oldest first; None where there is none."""

Value = float | str | Series | list[Series]
"""A number, a text such as REPEAT, one time series, or an array of them."""
