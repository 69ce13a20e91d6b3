"""`make golden`: writes anew every document that code decides. Commit what changed together with its reason."""

from __future__ import annotations

import sys

from deploy.documents import ROOT, documents
from tests import board, console, forms

if __name__ == "__main__":
    for path, text in documents().items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
    for path in (*forms.write(), *board.write(), *console.write()):
        sys.stdout.write(f"drew {path.relative_to(ROOT)}\n")
