# SPDX-License-Identifier: Apache-2.0
"""A client in Python: PORT KEY CASE [WORD...]. Tells what it has got, a line each."""
import sys

import paramiko


def everything(sftp, sent, back):
    sftp.put(sent, "there")
    sftp.mkdir("below")
    print(sftp.normalize("below"), sftp.normalize("below/.."))
    sftp.rename("there", "below/moved")
    sftp.posix_rename("below/moved", "below/again")
    sftp.chmod("below/again", 0o600)
    sftp.symlink("again", "below/link")
    print(*sorted(each.filename for each in sftp.listdir_attr("below")))
    attributes = sftp.stat("below/" + sftp.readlink("below/link"))
    print(attributes.st_size, "%o" % (attributes.st_mode & 0o777))
    sftp.get("below/link", back)
    with sftp.open("below/again", "r+") as file:
        file.write(b"0123456789")
        file.seek(3)
        middle = file.read(3).decode()
        file.truncate(8)
        print(file.stat().st_size, middle)
    sftp.remove("below/link")
    sftp.remove("below/again")
    sftp.rmdir("below")
    try:
        sftp.stat("below")
    except FileNotFoundError:
        print("missing")


def read_only(sftp):
    with sftp.open("file") as file:
        print(file.read().decode())
    for change in (
        lambda: sftp.open("new", "w"),
        lambda: sftp.remove("file"),
        lambda: sftp.mkdir("folder"),
        lambda: sftp.rename("file", "moved"),
    ):
        try:
            change()
        except OSError as refused:
            print(type(refused).__name__)


port, (key, case, *words) = int(sys.argv[1]), sys.argv[2:]
with paramiko.SSHClient() as client:
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(
        "127.0.0.1", port, username="me", key_filename=key,
        look_for_keys=False, allow_agent=False, timeout=30)
    with client.open_sftp() as sftp:
        sftp.get_channel().settimeout(60)
        globals()[case](sftp, *words)
