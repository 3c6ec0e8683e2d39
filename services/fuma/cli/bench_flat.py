"""Whether a figure stayed flat over a run: its slope, and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: What comes first is not judged: caches fill, and the broker's code is compiled.
_SETTLING = 0.3
#: So much more in what was judged than at its beginning is still flat, and so many units anyway.
_SHARE, _UNITS = 0.05, 8.0


@dataclass(frozen=True, slots=True)
class Slope:
    """A line through the samples after the settling time, by least squares."""

    first: float  # the median of the first quarter that was judged
    last: float  # and of the last
    a_minute: float
    flat: bool

    @property
    def verdict(self) -> str:
        """In a word."""
        return "flat" if self.flat else "rises" if self.a_minute > 0 else "falls"


def slope(samples: Sequence[tuple[float, float]]) -> Slope:
    """Of (seconds, value) in the order of time; at least two. Flat: the line rises or falls by at
    most a twentieth of where it begins, or by eight units, over what was judged."""
    judged = samples[min(int(len(samples) * _SETTLING), len(samples) - 2) :]
    times, values = [at for at, _ in judged], [value for _, value in judged]
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((at - middle) ** 2 for at in times)
    rise = sum((at - middle) * (value - mean) for at, value in judged) / spread if spread else 0.0
    quarter = max(1, len(values) // 4)
    first, last = _median(values[:quarter]), _median(values[-quarter:])
    risen = abs(rise * (times[-1] - times[0]))
    return Slope(first, last, rise * 60, risen <= max(_SHARE * abs(first), _UNITS))


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
