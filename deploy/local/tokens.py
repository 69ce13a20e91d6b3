"""Mints the short-lived tokens of the local stack's people and bots. Production has an identity provider instead."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from deploy.local.errors import StackError
from deploy.local.secrets import CLI_ISSUER

ISSUER: Final = "motcua-local"
AUDIENCE: Final = "motcua"


def mint(
    root: Path,
    person: str,
    grants: Sequence[tuple[str, str]],
    *,
    minutes: int = 60,
    kind: Literal["staff", "partner", "citizen"] = "staff",
) -> str:
    """A signed JWT for a person code with its grants (role, agency code). `root` is the state folder of the stack.

    Raises: StackError before the first `up`.
    """
    from joserfc import jwt
    from joserfc.jwk import OKPKey

    path = root / "secrets/cli/token_key"
    if not path.exists():
        raise StackError("there is no key to sign tokens with yet: start the stack once with `motcua up`.")
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": person,
        "kind": kind,
        "grants": [list(grant) for grant in grants],
        "iat": now,
        "exp": now + minutes * 60,
    }
    key = OKPKey.import_key(json.loads(path.read_text()))
    return jwt.encode({"alg": "Ed25519", "kid": CLI_ISSUER}, claims, key, algorithms=["Ed25519"])
