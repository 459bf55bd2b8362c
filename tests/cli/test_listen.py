"""What `dartboard master` says of where it listens."""

from pathlib import Path

from cli.listen import Listen
from master.admission import Folder


def test_a_master_on_all_addresses_invites_by_the_machine_s_name() -> None:
    line = Listen(host="0.0.0.0", credentials=Folder(Path("c"))).invitation("0.0.0.0:9090")
    assert "listening on 0.0.0.0:9090" in line
    assert "dartboard worker 0.0.0.0" not in line
    assert line.endswith(":9090 --credentials FILE")


def test_a_master_without_credentials_says_what_that_means() -> None:
    line = Listen(host="10.0.0.1", insecure=True).invitation("10.0.0.1:9090")
    assert "whoever reaches this port can take jobs and give results" in line
