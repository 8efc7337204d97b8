"""Questions to the oracle about the system configuration, and the comparison of its answers with goldsmith's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.oracle.oracle import ROOT_MARK, Oracle, OracleError

from goldsmith.cloudinit.document import Effect
from goldsmith.cloudinit.effective import effective

# stages.fetch_base_config, told where to look; and read_conf_with_confd alone; and the lists of modules in both forms.
PLACED = """
import os, shutil
shutil.rmtree(root, ignore_errors=True)
os.makedirs(root + "/etc/cloud/cloud.cfg.d")
for path, content in files.items():
    os.makedirs(os.path.dirname(root + path), exist_ok=True)
    with open(root + path, "wb") as file:
        file.write(content)
"""
CONFIG = """
import os
from cloudinit import stages, util
from cloudinit.config.modules import Modules, form_module_name
os.chdir("/")
os.environ["DEBUG_PROC_CMDLINE"] = cmdline
stages.CLOUD_CONFIG = root + "/etc/cloud/cloud.cfg"
if hasattr(stages, "RUN_CLOUD_CONFIG"):
    stages.RUN_CLOUD_CONFIG = root + "/run/cloud-init/cloud.cfg"
    base = stages.fetch_base_config()
else:
    base = stages.fetch_base_config(root + "/run/cloud-init")
# The warnings are counted once.
import logging
logging.disable(logging.CRITICAL)
config = util.read_conf_with_confd(stages.CLOUD_CONFIG)
lists = {}
for name in ("cloud_init_modules", "cloud_config_modules", "cloud_final_modules"):
    modules = Modules.__new__(Modules)
    modules._cached_cfg = base
    try:
        found = [(form_module_name(each["mod"]), each.get("freq")) for each in modules._read_modules(name)]
        lists[name] = [(canonical[3:], freq) for canonical, freq in found if canonical]
    except (TypeError, AttributeError):
        lists[name] = None
logging.disable(logging.NOTSET)
answer = config, base, lists
"""
BASE_CONFIG = PLACED + CONFIG


def shape(data: Any) -> Any:
    """A value with all that == does not see: types, the order of keys, NaN."""
    match data:
        case dict():
            return ("dict", [(shape(key), shape(value)) for key, value in data.items()])
        case list() | tuple():
            return (type(data).__name__, [shape(item) for item in data])
        case set():
            return ("set", sorted(repr(item) for item in data))
        case _:
            return (type(data).__name__, repr(data))


def agree(oracle: Oracle, files: Mapping[str, bytes], *, cmdline: str = "") -> None:
    """Assert that goldsmith computes what this cloud-init computes: files only, the whole, the lists of modules, what
    ends it, and how many files it drops. A file says @ROOT@ before an absolute path.
    """
    own = effective(
        {path: content.replace(ROOT_MARK, b"") for path, content in files.items()},
        version=oracle.root.version,
        cmdline=cmdline,
    )
    root = oracle.folder("root")
    placed = {path: content.replace(ROOT_MARK, root.encode()) for path, content in files.items()}
    died = None
    try:
        config, base, lists = oracle.ask(BASE_CONFIG, files=placed, root=root, cmdline=cmdline)
    except OracleError as error:
        died = error
    assert (own.fatal is None) == (died is None), f"{files}: cloud-init: {died}; goldsmith: {own.fatal}"
    if died is not None:
        return
    config, base = (replaced(each, root) for each in (config, base))
    assert shape(own.config) == shape(config), f"files alone: {files}"
    assert shape(own.builtin) == shape(base), f"with built-in defaults: {files}"
    dropped = [warning for warning in oracle.warnings if "Failed loading yaml blob" in warning]
    assert len(dropped) == sum(problem.effect is Effect.DROPPED for problem in own.problems), files
    for stage, modules in own.modules.items():
        if lists[stage.value] is not None:
            assert [(module.name, module.frequency) for module in modules] == lists[stage.value], files


def replaced(data: Any, root: str) -> Any:
    """The answer without the oracle's own root in its texts."""
    match data:
        case str():
            return data.replace(root, "")
        case dict():
            return {replaced(key, root): replaced(value, root) for key, value in data.items()}
        case list():
            return [replaced(item, root) for item in data]
        case _:
            return data
