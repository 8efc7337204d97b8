"""libselinux is the judge: goldsmith's reader of file_contexts gives the same label to every path."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from tests.el_image.dress import FILE_CONTEXTS

from goldsmith.guest.index import FileType
from goldsmith.guest.labels.file_contexts import FileContexts, NoLabel

from .oracle import contexts

pytestmark = pytest.mark.process
LOCAL = r"""
/srv/web(/.*)?          system_u:object_r:httpd_sys_content_t:s0
/srv/web/[^/]+\.cgi  -- system_u:object_r:httpd_sys_script_exec_t:s0
/srv/web/private        <<none>>
/srv/a\.b               system_u:object_r:etc_t:s0
/srv/a.b                system_u:object_r:bin_t:s0
/srv/[[:digit:]]{2,3}\s? system_u:object_r:lib_t:s0
/etc/passwd.*           system_u:object_r:usr_t:s0
/srv/x|/srv/y.*         system_u:object_r:var_t:s0
"""
OWN_PATHS = ("/srv/web", "/srv/web/x.cgi", "/srv/web/private", "/srv/web/private/x", "/srv/a.b", "/srv/a-b", "/srv/123",
             "/srv/12 ", "/srv/1234", "/etc/passwd", "/etc/passwd-", "/srv/x", "/srv/xx", "/srv/y", "/srv/yy",
             "/alias/web", "/alias/web/y.cgi", "/alias", "/aliased", "/twice/x.cgi", "/bin/twice")  # fmt: skip
SUBSTITUTIONS = "/alias /srv\n/twice /alias/web\n/bin /sbin\n"


def sample(expression: str, chance: random.Random) -> str:
    """A path that the expression matches, or nearly does."""
    before = None
    while before != expression:
        before = expression
        expression = re.sub(
            r"\(([^()]*)\)([?*+]?)",
            lambda found: (
                "" if found[2] in {"?", "*"} and chance.random() < 0.4 else chance.choice(found[1].split("|"))
            ),
            expression,
        )
    expression = re.sub(r"\[\^/\][*+]?", lambda _: chance.choice(["x", "ab.c", "q1"]), expression)
    expression = re.sub(r"\[[^\]]*\][*+?]?", lambda _: chance.choice("1aA0"), expression)
    expression = re.sub(r"(?<!\\)\.[*+?]?", lambda _: chance.choice(["", "q", "q/r", ".so.1"]), expression)
    expression = re.sub(r"(?:\\(.)|(\w))\?", lambda found: chance.choice(["", found[1] or found[2]]), expression)
    return re.sub(r"\\(.)", r"\1", re.sub(r"\{[0-9,]*\}", "", expression))


def paths(policy: str, chance: random.Random) -> list[str]:
    found = set(OWN_PATHS)
    for line in policy.splitlines():
        if line.startswith("/"):
            made = sample(line.split()[0], chance)
            at = chance.randrange(len(made))
            found |= {
                made,
                made[:at] + chance.choice(["", "x", "/"]) + made[at + 1 :],
                made + chance.choice(["/x", "~"]),
            }
    return sorted({re.sub("/+", "/", f"/{path}").rstrip("/") or "/" for path in found})


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian's policy with local additions and substitutions."""
    base = tmp_path_factory.mktemp("policy") / "file_contexts"
    for suffix in ("", ".homedirs", ".subs_dist"):
        Path(f"{base}{suffix}").write_bytes(Path(f"{FILE_CONTEXTS}{suffix}").read_bytes())
    Path(f"{base}.local").write_text(LOCAL)
    Path(f"{base}.subs").write_text(SUBSTITUTIONS)
    return base


def test_every_label_is_the_one_that_libselinux_gives(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(20221101)
    files = [Path(f"{policy}{suffix}").read_bytes() for suffix in ("", ".homedirs", ".local")]
    ours = FileContexts(
        files,
        substitutions=SUBSTITUTIONS.encode(),
        distribution_substitutions=Path(f"{policy}.subs_dist").read_bytes(),
    )
    generated = paths(b"\n".join(files).decode(), chance)
    compared, differing = 0, []
    for kind in FileType:
        chosen = generated if kind is FileType.REGULAR else sorted({*chance.sample(generated, 1500), *OWN_PATHS})
        for at in range(0, len(chosen), 10_000):
            part = chosen[at : at + 10_000]
            for path, theirs in zip(part, contexts(policy, part, kind), strict=True):
                found = ours.context(path, kind)
                compared += 1
                if (found if isinstance(found, str) else "<<none>>" if found is NoLabel.NONE else "?") != theirs:
                    differing.append((path, kind, found, theirs))
    with capsys.disabled():
        print(f"\n{compared} labels as libselinux gives them, {len(differing)} others")  # noqa: T201
    assert (ours.ignored, differing) == (0, [])
    assert compared > 20_000


def test_the_judge_would_notice(policy: Path) -> None:
    assert contexts(policy, ["/srv/web", "/srv/a.b", "/srv/a-b"], FileType.REGULAR) == [
        "system_u:object_r:httpd_sys_content_t:s0",
        "system_u:object_r:etc_t:s0",
        "system_u:object_r:bin_t:s0",
    ]
