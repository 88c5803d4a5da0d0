#!/usr/bin/env python3
"""Read library.json as PlatformIO does, with its own schema."""
import sys
from pathlib import Path

from platformio.package.manifest.parser import ManifestParserFactory
from platformio.package.manifest.schema import ManifestSchema

# It would fetch the list of all licences.
ManifestSchema.load_spdx_licenses = staticmethod(lambda: {"licenses": [{"licenseId": "Apache-2.0"}]})

root = Path(__file__).resolve().parents[2]
manifest = ManifestParserFactory.new_from_file(str(root / "library.json")).as_dict()
checked = ManifestSchema().load_manifest(manifest)
for name in ("name", "version", "description", "license", "keywords", "platforms", "frameworks", "headers", "export"):
    if name not in checked:
        sys.exit(f"library.json: {name} is missing")
for folder in manifest["export"]["include"]:
    if not (root / folder).exists():
        sys.exit(f"library.json: there is no {folder}")
