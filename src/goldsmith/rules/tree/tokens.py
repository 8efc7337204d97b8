"""GS314: no token of a service is left in the image.

Tokens whose makers gave them a form of their own, so that they can be told from other text: cloud access keys, tokens
of code forges, chats, package registries and secret stores, JSON Web Tokens (a warning: many expire).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.contents import Text, masked
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed

CODE = "GS314"
EXPECTED = "no tokens of services"
FORMS = {
    "an AWS access key": rb"A(?:KIA|SIA)[A-Z2-7]{16}",
    "a GitHub token": rb"(?:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})",
    "a GitLab token": rb"gl(?:pat|ptt|dt|rt|cbt|soat|ft|agent|imt|oas)-[A-Za-z0-9_-]{20,250}",
    "a Slack token": rb"(?:xox[abeoprs]-[A-Za-z0-9-]{10,250}|xapp-\d-[A-Za-z0-9-]{10,250})",
    "a Slack webhook": rb"https://hooks\.slack\.com/services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{20,30}",
    "a Google API key": rb"AIza[A-Za-z0-9_-]{35}",
    "a Google access token": rb"ya29\.[A-Za-z0-9_-]{30,400}",
    "a key of Azure storage": rb"AccountKey=[A-Za-z0-9+/]{86}==",
    "a DigitalOcean token": rb"do[opr]_v1_[0-9a-f]{64}",
    "a Docker Hub token": rb"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,64}",
    "a token of an npm registry": rb"npm_[A-Za-z0-9]{36}",
    "a token of a Python package index": rb"pypi-AgE[IN][A-Za-z0-9_-]{50,400}",
    "a HashiCorp Vault token": rb"hv[bs]\.[A-Za-z0-9_-]{24,400}",
    "a HashiCorp Terraform token": rb"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,70}",
    "a Stripe key": rb"[rs]k_live_[A-Za-z0-9]{24,120}",
    "a SendGrid key": rb"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    "a Tailscale key": rb"tskey-(?:auth|client|api)-[A-Za-z0-9]{8,20}(?:CNTRL)?-[A-Za-z0-9]{20,40}",
    "a Hugging Face token": rb"hf_[A-Za-z]{34}",
    "an OpenAI key": rb"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,200}",
    "an Anthropic key": rb"sk-ant-[a-z0-9]{3,8}-[A-Za-z0-9_-]{60,200}",
}
TOKEN = re.compile(
    rb"(?<![A-Za-z0-9_/+-])(?:" + b"|".join(b"(%b)" % form for form in FORMS.values()) + rb")(?![A-Za-z0-9_])"
)
NAMES = tuple(FORMS)
AWS_SECRET = re.compile(
    rb"aws_secret_(?:access_)?key[\"']?[ \t]{0,8}[=:][ \t]{0,8}[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
    re.IGNORECASE,
)
JWT = re.compile(rb"(?<![A-Za-z0-9_.-])(eyJ[A-Za-z0-9_-]{10,1000})\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{20,1400}")
# What documentation of the services shows.
EXAMPLE = re.compile(rb"EXAMPLE|(.)\1{11}|[Xx]{6}|1234567890")


@rule(
    CODE,
    "tokens of services",
    needs=Needs.TREE,
    why="A token in an image is in every clone and every copy, and works until somebody withdraws it.",
    roots=("/etc",),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    clean = True
    for text in subject.texts:
        told: set[str] = set()
        for what, secret, line, severity in _tokens(text):
            if what in told:
                continue
            told.add(what)
            clean = False
            yield leaked(
                subject,
                CODE,
                text.path,
                EXPECTED,
                masked(secret),
                f"{what} is in the image: {masked(secret)}",
                hint="withdraw it where it was made, and remove it; `secrets` of a recipe never reach the image",
                severity=severity,
                line=line,
            )
    if clean:
        yield passed(CODE, "/", EXPECTED, "none")


def _tokens(text: Text) -> Iterator[tuple[str, bytes, int, Severity]]:
    for match in text.search(TOKEN):
        if not EXAMPLE.search(match[0]):
            assert match.lastindex is not None
            yield NAMES[match.lastindex - 1], match[0], text.line_of(match.start()), Severity.ERROR
    for match in text.search(AWS_SECRET):
        if not EXAMPLE.search(match[1]):
            yield "an AWS secret key", match[1], text.line_of(match.start()), Severity.ERROR
    for match in text.search(JWT):
        if _is_header(match[1]):
            yield "a JSON Web Token", match[0], text.line_of(match.start()), Severity.WARNING


def _is_header(encoded: bytes) -> bool:
    """Whether the first part of a token is a header: JSON that names an algorithm."""
    try:
        header = json.loads(base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header
