"""The effective configuration, compared with what cloud-init 22.4 and 25.1 compute themselves, without exception."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.cloudinit.corpus import CMDLINES, ONE_FILE, SEVERAL, bytes_of, placed
from tests.oracle.asking import agree
from tests.oracle.oracle import Oracle

pytestmark = pytest.mark.process
Agreements = Callable[[int], None]
EXAMPLES, MANY = 200, 4000


def shipped(oracle: Oracle) -> dict[str, bytes]:
    """The package's own files, by guest path."""
    root = oracle.root.path
    paths = [root / "etc/cloud/cloud.cfg", *sorted((root / "etc/cloud/cloud.cfg.d").glob("*.cfg"))]
    return {f"/{path.relative_to(root)}": path.read_bytes() for path in paths}


def test_what_people_write(cloud_init: Oracle, agreements: Agreements) -> None:
    base = shipped(cloud_init)
    for text in ONE_FILE.values():
        agree(cloud_init, {**base, "/etc/cloud/cloud.cfg.d/99-x.cfg": bytes_of(text)})
        agree(cloud_init, {"/etc/cloud/cloud.cfg": bytes_of(text)})
    for files in SEVERAL.values():
        agree(cloud_init, {**base, **placed(files)})
    agreements(2 * len(ONE_FILE) + len(SEVERAL))


def test_two_of_them_over_one_another(cloud_init: Oracle, agreements: Agreements) -> None:
    base = shipped(cloud_init)
    texts = list(ONE_FILE.values())
    for low, high in zip(texts, texts[7:] + texts[:7], strict=True):
        below, above = bytes_of(low), bytes_of(high)
        agree(cloud_init, {**base, "/etc/cloud/cloud.cfg.d/50-x.cfg": below, "/etc/cloud/cloud.cfg.d/60-x.cfg": above})
    agreements(len(texts))


def test_what_is_no_text(cloud_init: Oracle, agreements: Agreements) -> None:
    base = shipped(cloud_init)
    contents = [b"\xff\xfea\x00", "a: ü".encode("latin-1"), "a: 1".encode("utf-16"), b"\x00" * 100, b"a: \xc3"]
    for content in contents:
        agree(cloud_init, {**base, "/etc/cloud/cloud.cfg.d/99-x.cfg": content})
        agree(cloud_init, {"/etc/cloud/cloud.cfg": content})
    agreements(2 * len(contents))


def test_the_examples_that_the_package_ships(cloud_init: Oracle, agreements: Agreements) -> None:
    base = shipped(cloud_init)
    found = [path for path in sorted(cloud_init.root.examples.rglob("*")) if path.is_file()]
    contents = [gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in found]
    assert len(contents) > 35
    for number, content in enumerate(contents):
        agree(cloud_init, {**base, "/etc/cloud/cloud.cfg.d/99-x.cfg": content})
        weaker = contents[number - 1]
        agree(cloud_init, {"/etc/cloud/cloud.cfg": content, "/etc/cloud/cloud.cfg.d/50.cfg": weaker})
    agreements(2 * len(contents))


def test_the_kernels_command_line(cloud_init: Oracle, agreements: Agreements) -> None:
    base = shipped(cloud_init)
    for cmdline in CMDLINES:
        agree(cloud_init, base, cmdline=cmdline)
    agreements(len(CMDLINES))


SCALARS = st.one_of(
    st.sampled_from(
        (
            "yes", "No", "on", "OFF", "y", "~", "null", "None", "", "0644", "0o17", "0x1f", "1_000", "1:30", "22:22:22",
            "1e3", "1.5", ".inf", "-.nan", "2026-01-02", "2026-1-2 3:4:5", "=", "<<", "'quoted'", '"d\\tq"', "a b",
            "-1", "0b101", "+12e03", "190:20:30.15", "!!str 7", "!!int '7'", "!!float 1", "!!binary aGk=", "é", "0.",
            "1__0",
        )
    ),
    st.integers(-10, 10_000).map(str),
    st.floats(allow_nan=False).map(str),
    st.text("abc01:.-_+e x", min_size=1, max_size=6).map(lambda text: f"{text}"),
)  # fmt: skip
KEYS = st.sampled_from(("a", "b", "c", "users", "system_info", "runcmd", "1", "yes", "~", "default_user"))
FLOW = st.recursive(
    SCALARS,
    lambda children: st.one_of(
        st.lists(children, max_size=4).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(KEYS, children, max_size=4).map(
            lambda items: f"{{{', '.join(f'{key}: {value}' for key, value in items.items())}}}"
        ),
    ),
    max_leaves=8,
)
OPTION = st.sampled_from(
    ("append", "prepend", "replace", "no_replace", "recurse_array", "recurse_list", "recurse_str", "recurse_dict",
     "allow_delete", "bogus")
)  # fmt: skip
MERGER = st.builds(
    lambda name, options: f"{name}({','.join(options)})",
    st.sampled_from(("dict", "dict", "list", "str", "str", "list", "set")),
    st.lists(OPTION, max_size=3),
)
HOW = st.builds(
    lambda key, mergers: f"{key}: {'+'.join(mergers)}\n",
    st.sampled_from(("merge_how", "merge_type")),
    st.lists(MERGER, min_size=1, max_size=3),
)
BLOCK = st.lists(st.builds(lambda key, value: f"{key}: {value}\n", KEYS, FLOW), max_size=5).map("".join)
BROKEN = st.sampled_from(
    ("a: [\n", "\tx: 1\n", "- 1\n", "text\n", "a: 1\n---\nb: 1\n", "a: *x\n", "\x00", "a: !!int ''\n")
)
CONTENT = st.one_of(
    BLOCK,
    BLOCK,
    BLOCK,
    st.builds(lambda block, how: block + how, BLOCK, HOW),
    BROKEN,
    st.text("ab:[]{}-&*!|>'\"%@#\n \t,?=<", max_size=30),
)
NAMES = st.one_of(
    st.sampled_from(
        ("9-a.cfg", "10-a.cfg", "99-a.cfg", "99_a.cfg", "a.cfg", "Z.cfg", ".h.cfg", "é.cfg", "x.CFG", "x.yaml")
    ),
    st.text("09-_.azAZ~é\udcff", min_size=1, max_size=4)
    .filter(lambda name: name not in {".", ".."})
    .map(lambda n: f"{n}.cfg"),
)
TREES = st.builds(
    lambda base, drop_ins: {
        **({"/etc/cloud/cloud.cfg": base.encode()} if base is not None else {}),
        **{f"/etc/cloud/cloud.cfg.d/{name}": text.encode() for name, text in drop_ins.items()},
    },
    st.none() | CONTENT,
    st.dictionaries(NAMES, CONTENT, max_size=4),
)


def generated(oracle: Oracle, examples: int, *, derandomize: bool) -> int:
    seen = 0

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), derandomize=derandomize)
    @given(TREES)
    def all_of_them(files: dict[str, bytes]) -> None:
        nonlocal seen
        agree(oracle, files)
        seen += 1

    all_of_them()
    return seen


def test_whatever_can_be_generated(cloud_init: Oracle, agreements: Agreements) -> None:
    agreements(generated(cloud_init, EXAMPLES, derandomize=True))


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_whatever_can_be_generated_for_long(cloud_init: Oracle, agreements: Agreements) -> None:
    agreements(generated(cloud_init, MANY, derandomize=False))
