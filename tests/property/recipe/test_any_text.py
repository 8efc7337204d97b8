"""Whatever a recipe's file holds: a recipe or findings with places inside the file, never anything else."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from goldsmith.errors import InputError, RecipeError
from goldsmith.findings import HostPlace
from goldsmith.recipe.document import parse_document
from goldsmith.recipe.load import load
from goldsmith.rules.recipe.lint import lint

WORDS = [
    *("name", "version", "base", "bootstrap", "debian/12", "file", "url", "sha256", "disk", "size", "10G", "defaults"),
    *("config", "datasource", "local", "customize", "install", "write", "path", "/etc/motd", "text", "{{ x }}", "run"),
    *(
        "script",
        "command",
        "generalize",
        "operations",
        "keep",
        "verify",
        "clones",
        "expect",
        "users",
        "present",
        "vars",
    ),
    *("a", "no", "0644", "1.10", "1:30", "~", "", "ä", "\u2028", "\ud7ff", "2026-01-01", "=", "<<", "*a", "&a", "!!x"),
]
SECTIONS = ("disk", "vars", "defaults", "datasource", "customize", "generalize", "seal", "verify", "arch")
SETTINGS = (
    *("packages", "package_update", "users", "user", "password", "chpasswd", "ssh_deletekeys", "ssh_keys", "runcmd"),
    *("cloud_init_modules", "cloud_config_modules", "cloud_final_modules", "datasource_list", "system_info"),
)
MARKS = (*":,-[]{}|>'\"#&*!%@?\n\t\r ", "\n  ", ": ", "- ", "---")
values = st.recursive(
    st.one_of(st.sampled_from(WORDS), st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda below: st.one_of(
        st.lists(below, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=4)), below, max_size=6),
    ),
    max_leaves=25,
)
sections = st.fixed_dictionaries(
    {"name": st.just("web"), "version": st.just("1.0")},
    optional=dict.fromkeys((*SECTIONS, "base"), values),
)
steps = st.fixed_dictionaries(
    {
        "name": st.just("web"),
        "version": st.just("1.0"),
        "base": st.just({"bootstrap": "debian/12"}),
        "customize": st.lists(
            st.dictionaries(
                st.sampled_from(["install", "write", "copy", "run", "services", "delete", "update"]), values
            ),
            max_size=3,
        ),
        "defaults": st.fixed_dictionaries({"config": st.one_of(values.map(yaml.safe_dump), st.text())}),
    }
)
lintable = st.fixed_dictionaries(
    {
        "name": st.just("web"),
        "version": st.just("1.0"),
        "base": st.just({"bootstrap": "debian/12"}),
        "defaults": st.fixed_dictionaries(
            {"config": st.dictionaries(st.sampled_from(SETTINGS), values, min_size=1).map(yaml.safe_dump)},
            optional={"disable_modules": st.lists(st.sampled_from(["runcmd", "users-groups", "x"]))},
        ),
    },
    optional={
        "datasource": st.sampled_from(["local", "clouds", "as-base"]),
        "verify": st.fixed_dictionaries(
            {
                "expect": st.fixed_dictionaries(
                    {"users": st.fixed_dictionaries({"present": st.lists(st.sampled_from("abc"))})}
                )
            }
        ),
    },
)
pieces = st.lists(
    st.one_of(
        st.sampled_from([*WORDS, *MARKS]),
        st.text(max_size=3),
    ),
    max_size=60,
).map("".join)


def written(documents: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    """The documents as PyYAML writes them: as blocks, in braces, and mixed."""
    styles = st.sampled_from([True, False, None])
    return st.builds(
        lambda value, style: yaml.safe_dump(value, allow_unicode=True, default_flow_style=style), documents, styles
    )


def survives(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "recipe.yaml"
        path.write_bytes(content)
        try:
            findings = lint(load(path))
        except RecipeError as error:
            findings = list(error.findings)
            assert findings
        except InputError:
            return
        lines = content.decode("utf-8-sig", "replace").split("\n")
        for finding in findings:
            place = finding.place
            assert isinstance(place, HostPlace)
            assert 1 <= place.line <= len(lines)
            assert 1 <= place.column <= len(lines[place.line - 1]) + 1
            assert finding.message
            assert "\n" not in finding.message


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes(content: bytes) -> None:
    survives(content)


@given(pieces)
@settings(deadline=None)
def test_anything_that_looks_like_yaml(text: str) -> None:
    survives(text.encode("utf-8", "surrogatepass"))


@given(st.one_of(*(written(each) for each in (values, sections, steps, lintable))))
@settings(max_examples=200, deadline=None)
def test_anything_that_is_yaml(text: str) -> None:
    survives(text.encode())


@given(st.one_of(written(values), written(sections)))
@settings(deadline=None)
def test_plain_documents_mean_what_pyyaml_says(text: str) -> None:
    document = parse_document(text.encode(), "r.yaml")
    if not document.problems:
        assert repr(document.value) == repr(yaml.safe_load(text))
