"""How long it takes to explain and to lint a directory of many drop-ins, and to lint the corpus of what people write:
seconds by the clock and of the processor, in a process that runs already.

Every round gets drop-ins of its own, so nothing of a round before helps.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from goldsmith import api

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.integration.cloudinit.corpus import ONE_FILE, bytes_of

ROUNDS = 3
CLOUD_CFG = """\
users: [default]
cloud_init_modules: [seed_random, bootcmd, write_files, growpart, resizefs, users_groups, ssh]
cloud_config_modules: [locale, set_passwords, ntp, timezone, runcmd]
cloud_final_modules: [package_update_upgrade_install, scripts_user, final_message]
system_info:
  distro: debian
  default_user: {name: debian, lock_passwd: true, groups: [adm, sudo], shell: /bin/bash}
"""
DROP_IN = """\
# drop-in {number} of round {round}
system_info:
  default_user:
    name: admin{number}
    groups: [adm, wheel]
ssh_pwauth: false
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench --explain", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--drop-ins", type=int, default=1000, help="how many files")
    options = parser.parse_args()
    found: dict[str, list[tuple[float, float]]] = {"explain": [], "document": [], "lint": [], "corpus": []}
    for round_ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="goldsmith-bench-") as folder:
            made = _tree(Path(folder), options.drop_ins, round_)
            started = _now()
            explanation = api.explain(made)
            found["explain"].append(_since(started))
            json.dumps(explanation.as_json())
            found["document"].append(_since(started))
            assert len(explanation.effective.sources) == options.drop_ins + 1
        with tempfile.TemporaryDirectory(prefix="goldsmith-bench-") as folder:
            made = _tree(Path(folder), options.drop_ins, ROUNDS + round_)
            started = _now()
            api.lint(made)
            found["lint"].append(_since(started))
        with tempfile.TemporaryDirectory(prefix="goldsmith-bench-") as folder:
            written = _corpus(Path(folder), round_)
            started = _now()
            for path in written:
                api.lint(path)
            found["corpus"].append(_since(started))
    best = {name: min(seconds) for name, seconds in found.items()}
    document = {"schema": "goldsmith.bench-explain/1", "processors": os.cpu_count(), "drop_ins": options.drop_ins}
    document["corpus_files"] = len(ONE_FILE)
    if options.json:
        shown = {name: {"seconds": clock, "processor_seconds": processor} for name, (clock, processor) in best.items()}
        print(json.dumps({**document, "best": shown}, indent=2))
    else:
        print(f"{options.drop_ins} drop-ins, the best of {ROUNDS} rounds, in seconds (of them, of the processor):")
        for name, what in (
            ("explain", "explained, with findings and five first boots"),
            ("document", "and written as a document"),
            ("lint", "linted"),
            ("corpus", f"{len(ONE_FILE)} files of the corpus, linted one by one"),
        ):
            print(f"  {what:<46} {best[name][0]:.2f} ({best[name][1]:.2f})")
    return 0


def _corpus(folder: Path, round_: int) -> list[Path]:
    """The corpus that the tests compare with cloud-init itself, a file each."""
    paths = []
    for number, text in enumerate(ONE_FILE.values()):
        paths.append(folder / f"{number:03}-x.cfg")
        paths[-1].write_bytes(bytes_of(text) + b"\n# round %d\n" % round_)
    return paths


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(started: tuple[float, float]) -> tuple[float, float]:
    clock, processor = _now()
    return clock - started[0], processor - started[1]


def _tree(root: Path, drop_ins: int, round_: int) -> Path:
    folder = root / "etc/cloud/cloud.cfg.d"
    folder.mkdir(parents=True)
    (root / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\n")
    (root / "etc/cloud/cloud.cfg").write_text(CLOUD_CFG)
    for number in range(drop_ins):
        (folder / f"{number:06}-x.cfg").write_text(DROP_IN.format(number=number, round=round_))
    return root


if __name__ == "__main__":
    raise SystemExit(main())
