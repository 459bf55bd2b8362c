"""The columns of the frames that `results.load` and `results.load_campaign` return."""

from results.frames import campaign, study

FRAMES = {
    "`Frames`": {
        "configurations": study._CONFIGURATIONS,
        "evaluations": study._EVALUATIONS,
        "trials": study._TRIALS,
        "curves": study._CURVES,
    },
    "`CampaignFrames`": {
        "conditions": campaign._CONDITIONS,
        "evaluations": campaign._EVALUATIONS,
        "trials": campaign._TRIALS,
        "curves": campaign._CURVES,
        "candidates": campaign._CANDIDATES,
    },
}


def every_column() -> str:
    """Return a table with one row per frame, its columns in their order."""
    rows = ["| class | frame | columns |", "|---|---|---|"]
    for owner, frames in FRAMES.items():
        for name, columns in frames.items():
            listed = ", ".join(f"`{column}`" for column in columns)
            rows.append(f"| {owner} | `{name}` | {listed} |")
    return "\n".join(rows)
