#!/usr/bin/env python3
"""Sees that the chart, by its default values, makes what docker/kubernetes has.

compare.py RENDERED MANIFEST…
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

# The chart begins servers anew for new settings.
CHART_ONLY = "checksum/settings"


def objects(paths: list[str]) -> dict[tuple[str, str], Any]:
    """Return what the files define, without labels of the objects themselves."""
    found = {}
    for path in paths:
        for one in yaml.safe_load_all(Path(path).read_text(encoding="utf-8")):
            if one is None or one["kind"] == "Kustomization":
                continue
            body = {name: part for name, part in one.items() if name != "metadata"}
            spec = body.get("spec", {})
            # The chart leaves the number to the autoscaler.
            spec.pop("replicas", None)
            if one["kind"] == "Service":
                spec.setdefault("type", "ClusterIP")
            template = spec.get("template", {}).get("metadata", {})
            template.get("annotations", {}).pop(CHART_ONLY, None)
            found[one["kind"], one["metadata"]["name"]] = body
    return found


def main() -> None:
    """Compare, and say where they differ."""
    rendered, manifests = objects(sys.argv[1:2]), objects(sys.argv[2:])
    differing = [
        f"{kind} {name}"
        for kind, name in rendered.keys() | manifests.keys()
        if rendered.get((kind, name)) != manifests.get((kind, name))
    ]
    if differing:
        sys.exit(f"docker/helm and docker/kubernetes differ in: {', '.join(sorted(differing))}")


if __name__ == "__main__":
    main()
