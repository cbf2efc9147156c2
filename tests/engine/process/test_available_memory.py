"""How much memory there is, by what the system's files say."""

from pathlib import Path

import torch

from litmlp.engine.process.available_memory import ASSUMED, available

CPU = torch.device("cpu")


def test_a_containers_limit_counts_and_files_kept_in_memory_do_not(
    tmp_path: Path,
) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  9000 kB\nMemAvailable:     5000 kB\n")
    assert available(CPU, tmp_path, meminfo) == 5000 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("2500000\n")
    assert available(CPU, tmp_path, meminfo) == 5000 * 1024
    (tmp_path / "memory.max").write_text("3000000\n")
    assert available(CPU, tmp_path, meminfo) == 500000
    (tmp_path / "memory.stat").write_text("anon 7\ninactive_file 1500000\nslab 3\n")
    assert available(CPU, tmp_path, meminfo) == 2000000


def test_a_system_that_tells_nothing_has_a_little(tmp_path: Path) -> None:
    assert available(CPU, tmp_path, tmp_path / "meminfo") == ASSUMED
