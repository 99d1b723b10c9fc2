"""Draws one rotation of a soak, and the connections of every client around it.

`python -m benchmarks.soak.picture RECORD PICTURE`, in the environment of the benchmarks, which has matplotlib.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

_CREDENTIAL = "postgres single_user"
_BEFORE_SECONDS, _AFTER_SECONDS = 1.0, 1.5
_STEP_COLOURS = {"createSecret": "#7a9cc6", "setSecret": "#c0504d", "testSecret": "#8fae5c", "finishSecret": "#4a6fa5"}
_NAMED_TO_THE = {"createSecret": "right", "setSecret": "left", "testSecret": "right", "finishSecret": "left"}
_CALM, _RETRIED = "#555555", "#d07a00"


def main(record: Path, picture: Path) -> None:
    """Draw the middle rotation of the credential whose rotations have a gap."""
    if not record.exists():
        sys.exit(f"There is no record of a soak at {record}: run `make soak` first.")
    soaked = json.loads(record.read_text(encoding="utf-8"))[_CREDENTIAL]
    rotation = soaked["rotations"][len(soaked["rotations"]) // 2]
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "rotating-rds", "font.size": 9})
    figure, axes = plt.subplots(figsize=(9.5, 4.6), layout="constrained")
    steps = {step["name"]: step for step in rotation["steps"]}
    origin = steps["createSecret"]["started"]
    end = steps["finishSecret"]["started"] + steps["finishSecret"]["seconds"] - origin
    _draw_connections(axes, soaked["connections"], origin, end + _AFTER_SECONDS)
    _draw_steps(axes, steps, origin)
    axes.set_xlim(-_BEFORE_SECONDS, end + _AFTER_SECONDS)
    axes.set_xlabel("seconds since the rotation began")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.savefig(picture, metadata={"Date": None, "Creator": None})


def _draw_connections(axes: Any, connections: list[dict[str, Any]], origin: float, until: float) -> None:
    """Draw a line for each connection, from the moment that it was asked for to that at which it was there."""
    shown = [each for each in connections if -_BEFORE_SECONDS < each["began"] - origin < until]
    clients = list(dict.fromkeys(each["client"] for each in connections))
    for each in shown:
        row, began = clients.index(each["client"]), each["began"] - origin
        colour = _RETRIED if each["retries"] else _CALM
        axes.plot([began, began + each["seconds"]], [row, row], color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot(began + each["seconds"], row, marker="o", color=colour, markersize=4)
    axes.set_yticks(range(len(clients)), clients)
    axes.invert_yaxis()
    for label, colour in (("logs in at once", _CALM), ("refused once, logs in with the new version", _RETRIED)):
        axes.plot([], [], color=colour, marker="o", markersize=4, linewidth=2, label=label)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.06), ncols=2, frameon=False)


def _draw_steps(axes: Any, steps: dict[str, dict[str, Any]], origin: float) -> None:
    """Draw when each step began and ended, and the gap in which no readable version logs in."""
    for name, step in steps.items():
        began = step["started"] - origin
        axes.axvspan(began, began + step["seconds"], color=_STEP_COLOURS[name], alpha=0.6, linewidth=0)
        axes.annotate(
            name,
            (began + step["seconds"] / 2, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha=_NAMED_TO_THE[name],
            color=_STEP_COLOURS[name],
        )
    gap = steps["setSecret"]["started"] + steps["setSecret"]["seconds"], steps["finishSecret"]["started"]
    axes.axvspan(gap[0] - origin, gap[1] - origin, color="#f2e3c9", zorder=0, linewidth=0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
