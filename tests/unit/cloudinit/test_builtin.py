"""What lies below the files, and what lies above them."""

from __future__ import annotations

import pytest

from goldsmith.cloudinit.builtin import builtin_config, builtin_datasources
from goldsmith.cloudinit.cmdline import configuration_of
from goldsmith.cloudinit.effective import CLOUD_CFG, CMDLINE, RUN_CLOUD_CFG, effective
from goldsmith.cloudinit.version import NEWEST


def test_the_list_of_datasources_grew_and_vmware_moved() -> None:
    assert builtin_datasources((22, 4))[-4:] == ("UpCloud", "VMware", "NWCS", "None")
    assert builtin_datasources((23, 3))[-2:] == ("Akamai", "None")
    assert builtin_datasources((24, 1))[-3:] == ("Akamai", "WSL", "None")
    assert builtin_datasources((24, 4))[-3:] == ("WSL", "CloudCIX", "None")
    assert builtin_datasources((25, 1))[6:9] == ("AltCloud", "VMware", "OVF")
    assert builtin_datasources(None) == builtin_datasources(NEWEST)


def test_nobody_can_change_the_built_in_defaults() -> None:
    builtin_config(None)["system_info"]["distro"] = "other"
    assert builtin_config(None)["system_info"]["distro"] == "ubuntu"


@pytest.mark.parametrize(
    ("cmdline", "text"),
    [
        ("root=/dev/sda1 quiet", None),
        ("ro cc: {a: 1} end_cc quiet", "{a: 1} "),
        ("cc:a: 1\\nb: 2 end_cc x cc: c: 3", "a: 1\nb: 2 \nc: 3"),
        ("cc:%7Ba%3A%201%7D", "{a: 1}"),
        ("cc:", ""),
    ],
)
def test_configuration_on_the_kernels_command_line(cmdline: str, text: str | None) -> None:
    assert configuration_of(cmdline, (25, 1)) == text


def test_inside_a_word_it_counted_before_23_4() -> None:
    assert configuration_of("abcc: x", (23, 3)) == "x"
    assert configuration_of("abcc: x", (23, 4)) is None


def test_the_command_line_is_stronger_than_what_ds_identify_wrote_and_that_than_the_files() -> None:
    files = {CLOUD_CFG: b"a: 1\nb: 1\nc: 1\n", RUN_CLOUD_CFG: b"a: 2\nb: 2\n"}
    computed = effective(files, cmdline="cc: a: 3 end_cc")
    assert {key: computed.builtin[key] for key in "abc"} == {"a": 3, "b": 2, "c": 1}
    assert dict(computed.config) == {"a": 1, "b": 1, "c": 1}
    assert computed.sources == (CMDLINE, RUN_CLOUD_CFG, CLOUD_CFG)
    assert computed.values_builtin.data["a"].mark.file == CMDLINE
