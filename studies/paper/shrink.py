"""Shrink a reproduction to the size that the repository keeps, about a third.

Pictures become at most 1,400 pixels wide, with 128 colors. The trials of the campaigns and those of
the studies become one Parquet file, and so do those about signals. The scores of candidates keep
four decimals. `reproduce.sh` runs this at its end::

    python studies/paper/shrink.py docs/reproduction
"""

import sys
from pathlib import Path

import pandas as pd
from PIL import Image

WIDTH = 1400
"""Largest width of a picture, in pixels."""
COLORS = 128
"""Size of a picture's palette."""

MERGED = {
    "trials.parquet": ("campaign-trials.parquet", "study-trials.parquet"),
    "signal-trials.parquet": ("signal-campaign-trials.parquet", "signal-study-trials.parquet"),
}
"""Files of trials, and for each the export of campaigns and the export of studies it is made of."""
WHOLE = ("evaluations.parquet", "strategy-trials.parquet")
"""Files that stay as they are, except for their compression."""
KEYS = ["campaign", "condition", "study", "purpose"]
"""First columns of a file of trials. A trial has either a campaign or a study."""
STUDY_NUMBERS = ["iteration", "rung", "number", "part"]
"""Columns of integers that only the trials of studies have."""
DECIMALS = {"psnr": 4, "alpha_likelihood": 4}
"""Decimals of the scores of candidates."""


def main(folder: Path) -> None:
    """Shrink all pictures and Parquet files of a folder, in place."""
    for picture in sorted(folder.rglob("*.png")):
        shrink_picture(picture)
    for name, parts in MERGED.items():
        campaigns, studies = (folder / part for part in parts)
        if campaigns.exists() and studies.exists():
            merged = merge(pd.read_parquet(campaigns), pd.read_parquet(studies))
            write_parquet(merged, folder / name)
            campaigns.unlink()
            studies.unlink()
    candidates = folder / "candidates.parquet"
    if candidates.exists():
        write_parquet(pd.read_parquet(candidates).round(DECIMALS), candidates)
    for name in WHOLE:
        if (path := folder / name).exists():
            write_parquet(pd.read_parquet(path), path)


def shrink_picture(path: Path) -> None:
    """Limit a picture's width and colors. A picture that already has a palette stays unchanged."""
    with Image.open(path) as opened:
        if opened.mode == "P":
            return
        picture = opened.convert("RGB")
    if picture.width > WIDTH:
        height = round(picture.height * WIDTH / picture.width)
        picture = picture.resize((WIDTH, height), Image.Resampling.LANCZOS)
    # Median cut, the default, would merge a color that only a few small marks have with another.
    palette = picture.quantize(COLORS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette.save(path, "PNG", optimize=True)


def merge(campaigns: pd.DataFrame, studies: pd.DataFrame) -> pd.DataFrame:
    """Return one table of the trials of campaigns and of those of studies."""
    trials = pd.concat([campaigns, studies], ignore_index=True)
    others = [name for name in trials.columns if name not in KEYS]
    return trials[KEYS + others].astype(dict.fromkeys(STUDY_NUMBERS, "Int64"))


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table with the strongest compression."""
    frame.to_parquet(path, index=False, compression="zstd", compression_level=19)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
