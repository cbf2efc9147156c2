"""Members of many splits hold their raw rows once, and train on the same bits."""

import gc
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Compose
from torch import Tensor
from twins import TINY, assert_equal, checkpoint, train_together, varied

from litmlp.data import scaling
from litmlp.engine.vectorized import group_data
from litmlp.engine.vectorized.group import Group

DIFFERENT = [0, 1, 1, 2, 3, 4]
RAW = 3000, 30
RAW_BYTES = 8 * 3000 * 30


def storages() -> dict[int, int]:
    """Bytes of all plain tensors that there are, by where they are."""
    gc.collect()
    tensors = [t for t in gc.get_objects() if type(t) is Tensor]
    plain = [t for t in tensors if t.is_cpu and t.layout == torch.strided]
    each = [t.untyped_storage() for t in plain]
    return {storage.data_ptr(): storage.nbytes() for storage in each}


def table_of_shares(folder: Path, num_rows: int, num_features: int) -> list[str]:
    """Overrides that choose a table of numbers from 0 to 1."""
    names = [*(f"x{i}" for i in range(num_features)), "target"]
    generator = torch.Generator().manual_seed(0)
    shares = torch.rand(num_rows, len(names), generator=generator).tolist()
    path = folder / "shares.csv"
    lines = [",".join(f"{share:.6f}" for share in row) for row in shares]
    path.write_text("\n".join([",".join(names), *lines]))
    chosen = [f"data.path={path}", "data.target=target", "task=regression"]
    return [*TINY, "data=table", *chosen]


@pytest.mark.parametrize(
    ("overrides", "own"),
    [
        (["data.num_folds=5"], {"data__fold": DIFFERENT}),
        ([], {"data__split_seed": DIFFERENT}),
    ],
)
def test_rows_are_held_once_for_all_splits(
    overrides: list[str],
    own: dict[str, list[Any]],
    config: Compose,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing but the raw rows is a third as large as they are."""
    base = config(
        *table_of_shares(tmp_path, *RAW),
        *overrides,
        "data.batch_size=50",
        "trainer.max_epochs=1",
        "callbacks=minimal",
    )
    before, found = storages(), []
    end = Group.on_train_epoch_end

    def looked_at(group: Group) -> None:
        raw = {member.data.samples.inputs for member in group.members}
        new = {p: size for p, size in storages().items() if p not in before}
        found.append((raw, {p for p, size in new.items() if 3 * size > RAW_BYTES}))
        end(group)

    monkeypatch.setattr(group_data, "AHEAD", 1)
    monkeypatch.setattr(Group, "on_train_epoch_end", looked_at)
    train_together(varied(base, **own))
    ((raw, large),) = found
    assert [inputs.nbytes for inputs in raw] == [RAW_BYTES]
    assert large == {inputs.untyped_storage().data_ptr() for inputs in raw}


def test_a_split_has_the_same_bits_in_any_company(
    config: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone in its group, with others, and however far ahead they are preprocessed.

    The last digits of a sigmoid depend on how many numbers it takes at once.
    """
    monkeypatch.setattr(scaling.RobustScale, "forward", lambda own, x: torch.sigmoid(x))
    base = config(
        *table_of_shares(tmp_path, 71, 3),
        "preprocessing=robust",
        "trainer.precision=32-true",
    )
    members = varied(base, seed=range(6), data__split_seed=DIFFERENT)
    several = train_together(members)
    monkeypatch.setattr(group_data, "AHEAD", 1)
    for run, other in zip(several, train_together(members, "at_once"), strict=True):
        assert_equal(run, other, tolerance=0)
    (single,) = train_together(members[:1], "single")
    for name in ("best", "last"):
        states = [checkpoint(r, name)["state_dict"] for r in (several[0], single)]
        torch.testing.assert_close(states[1], states[0], rtol=0, atol=0)
