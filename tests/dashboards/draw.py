"""Draws what each panel of the dashboards showed in a run of live.py, at its place, with its title, unit and colours.

This is not Grafana: a plain renderer of our own for the panel types in use (time series, stat, state timeline, table), so
that a person can look at what the queries bring. usage: draw.py SHOWN.json FOLDER"""
import json
import pathlib
import re
import sys

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLOURS = {"blue": "#5794f2", "green": "#73bf69", "semi-dark-green": "#56a64b", "orange": "#ff9830", "red": "#f2495c",
           "yellow": "#fade2a", "purple": "#b877d9", "text": "#9aa0a6", "dark-blue": "#1f4e9e"}
CELL = 0.62  # inches of a grid unit's width; its height is half of it


def legend(text, labels):
    for name, value in labels.items():
        text = text.replace("{{%s}}" % name, value)
    return text


def number(value, unit):
    if unit == "bytes":
        return f"{value / 1048576:.1f} MiB"
    if unit == "percentunit":
        return f"{100 * value:.0f} %"
    return f"{value:.4g}" + (" s" if unit == "s" else "")


def overrides(panel, name):
    found = {}
    for override in panel["fieldConfig"]["overrides"]:
        matcher = override["matcher"]
        hit = matcher["options"] == name if matcher["id"] == "byName" else re.search(matcher["options"].strip("/"), name)
        if hit:
            found.update({p["id"]: p["value"] for p in override["properties"]})
    return found


def lines(panel, shown):
    for target in shown:
        for series in target["result"]:
            points = [(t, float(v)) for t, v in series["values"]]
            yield legend(target["legend"], series["metric"]), [t for t, _ in points], [v for _, v in points]


def draw_series(axes, panel, shown, window):
    unit, custom = panel["fieldConfig"]["defaults"]["unit"], panel["fieldConfig"]["defaults"]["custom"]
    stacked, bars = custom["stacking"]["mode"] == "normal", custom["drawStyle"] == "bars"
    base = {}
    for i, (name, times, values) in enumerate(lines(panel, shown)):
        own = overrides(panel, name)
        shade = COLOURS.get(own.get("color", {}).get("fixedColor"), f"C{i}")
        alone = own.get("custom.stacking", {}).get("mode") == "none"
        if not stacked or alone:
            dash = (0, (6, 4)) if "custom.lineStyle" in own else "-"
            axes.plot(times, values, label=name, color=shade, linewidth=own.get("custom.lineWidth", 1), linestyle=dash,
                      drawstyle="steps-post")
            continue
        below = [base.get(t, 0) for t in times]
        tops = [b + v for b, v in zip(below, values)]
        axes.fill_between(times, below, tops, label=name, color=shade, alpha=0.6, step="post", linewidth=0.5)
        base.update(zip(times, tops))
    axes.set_xlim(window)
    axes.set_xticks([])
    if panel["fieldConfig"]["defaults"].get("min") == 0:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda v, _: number(v, unit))
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.02), ncols=6, fontsize=6, frameon=False, labelcolor="#cccccc")


def draw_stat(axes, panel, shown):
    defaults = panel["fieldConfig"]["defaults"]
    values = [s["values"][-1][1] for target in shown for s in target["result"]]
    text, shade = "No data", "#9aa0a6"
    if values:
        value = float(values[-1])
        text = "in the demo's day" if defaults["unit"] == "dateTimeFromNow" else number(value, defaults["unit"])
        for step in defaults["thresholds"]["steps"]:
            if step["value"] is None or value >= step["value"]:
                shade = COLOURS.get(step["color"], "#eeeeee")
        for mapping in defaults["mappings"]:
            text = mapping["options"].get(f"{value:g}", {}).get("text", text)
    axes.axis("off")
    axes.text(0.5, 0.4, text, ha="center", va="center", fontsize=15 if len(text) < 9 else 8, color=shade)


def draw_timeline(axes, panel, shown, window):
    texts = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
    rows = sorted(lines(panel, shown), key=lambda row: row[0], reverse=True)
    for y, (_, times, values) in enumerate(rows):
        for begin, end, value in zip(times, times[1:], values):
            axes.barh(y, end - begin, left=begin, height=0.8, color=COLOURS.get(texts[f"{value:g}"]["color"], "#888"))
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set_xlim(window)
    axes.set_xticks([])


def draw_table(axes, panel, shown):
    names = {k: v for t in panel["transformations"] if t["id"] == "organize" for k, v in t["options"]["renameByName"].items()}
    cells = {}
    for ref, target in zip("ABCDEFGH", shown):
        for series in target["result"]:
            labels = series["metric"]
            row = cells.setdefault((labels["target_namespace"], labels["policy"], labels["target_name"]), {})
            row[names[f"Value #{ref}"]] = float(series["values"][-1][1])
    columns = [v for k, v in names.items() if k.startswith("Value")]
    body = [[*key, *("" if c not in row else "..." if c == "last scaled" else number(row[c], "s" if "time" in c else "short")
                     for c in columns)] for key, row in sorted(cells.items())]
    axes.axis("off")
    table = axes.table(cellText=body, colLabels=["namespace", "policy", "target", *columns], loc="upper center", cellLoc="left")
    table.auto_set_font_size(False)
    table.set_fontsize(8)
    for cell in table.get_celld().values():
        cell.set(facecolor="#181b1f", edgecolor="#33373d", height=0.09)
        cell.get_text().set_color("#cccccc")


def draw(board, shown, window, path):
    height = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in board["panels"])
    figure = plt.figure(figsize=(24 * CELL, height * CELL / 2 + 0.5), facecolor="#111217")
    figure.text(0.01, 1 - 0.25 / (height * CELL / 2 + 0.5), board["title"], fontsize=14, color="#eeeeee", va="center")
    scale = (height * CELL / 2) / (height * CELL / 2 + 0.5)
    for panel in board["panels"]:
        g = panel["gridPos"]
        x, w, h = g["x"] / 24, g["w"] / 24, g["h"] / height * scale
        bottom = scale * (1 - (g["y"] + g["h"]) / height)
        inner = (x + 0.035, bottom + 0.22 * h, w - 0.045, 0.62 * h) if panel["type"] not in ("stat", "row", "table") else \
            (x + 0.005, bottom + 0.02 * h, w - 0.01, 0.8 * h)
        if panel["type"] == "state-timeline":
            inner = (x + 0.08, bottom + 0.1 * h, w - 0.09, 0.75 * h)
        axes = figure.add_axes(inner, facecolor="#181b1f")
        axes.set_title(panel["title"], fontsize=8, loc="left", color="#dddddd", pad=3)
        axes.tick_params(colors="#9aa0a6", labelsize=6)
        for spine in axes.spines.values():
            spine.set_color("#33373d")
        if panel["type"] == "timeseries":
            draw_series(axes, panel, shown[panel["title"]], window)
        elif panel["type"] == "stat":
            draw_stat(axes, panel, shown[panel["title"]])
        elif panel["type"] == "state-timeline":
            draw_timeline(axes, panel, shown[panel["title"]], window)
        elif panel["type"] == "table":
            draw_table(axes, panel, shown[panel["title"]])
        else:
            axes.axis("off")
    figure.savefig(path, dpi=90, facecolor=figure.get_facecolor())
    plt.close(figure)


def main():
    run = json.loads(pathlib.Path(sys.argv[1]).read_text())
    for name, shown in run["boards"].items():
        board = json.loads((ROOT / f"charts/foretop/dashboards/{name}.json").read_text())
        draw(board, shown, run["window"], pathlib.Path(sys.argv[2]) / f"{name}.png")


if __name__ == "__main__":
    main()
