"""Photos as evidence: drawn anew with nothing of the camera in them, seen by few, and never in the record's way."""

import io
import os
import shutil
import struct
import subprocess
import zlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from stat import S_ISREG
from uuid import uuid4

import pytest
from PIL import Image, PngImagePlugin
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from portal.accounts.models import Account
from portal.base.clock import telling
from portal.base.db import writing
from portal.base.settings import BadSettings, Settings
from portal.outreach import photo_commands, photos
from portal.outreach.models import OutreachPhoto
from tests.conftest import give_up
from tests.outreach.test_sessions import logged, number_of

SECRET = "rahasia-kamera-7731"


@pytest.fixture(autouse=True)
def folder(city, tmp_path):
    city.app.config["SETTINGS"] = replace(city.app.config["SETTINGS"], photos_dir=tmp_path / "photos")
    return tmp_path / "photos"


def picture(form="JPEG", size=(80, 60), colour=(200, 30, 30), **saved):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, form, **saved)
    return file.getvalue()


def with_everything():
    """A JPEG as a phone makes it: place, owner, comment, a preview, a colour profile, and something appended."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = SECRET
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "S", 2: (6.0, 14.0, 5.0), 3: "E", 4: (107.0, 0.0, 1.0)})
    return picture(size=(80, 40), exif=exif.tobytes(), comment=SECRET.encode(), icc_profile=SECRET.encode() * 20,
                   xmp=f"<x:xmpmeta>{SECRET}</x:xmpmeta>".encode()) + b"PK\x03\x04" + SECRET.encode()


def send(browser, key, data, name="IMG_0001.jpg", agreed="y"):
    form = browser.get(f"/s/{key}/foto").form("/foto")
    values = dict(form.values) | ({"agreed": agreed} if agreed else {})
    sent = FileStorage(io.BytesIO(data), filename=name)
    boundary, body = encode_multipart(values | {"photo": sent})  # the client's own way leaves large files open
    return browser._answer(browser.client.post(
        f"/s/{key}/foto", data=body, content_type=f"multipart/form-data; boundary={boundary}"), f"/s/{key}/foto")


def kept(city):
    city.db.rollback()
    return city.db.scalars(select(OutreachPhoto)).all()


def test_a_photo_is_added_after_saving_and_seen_on_the_sessions_page(city, sign_in, folder):
    key, browser = logged(city), sign_in(city.siti)

    page = send(browser, key, picture())

    assert "The photo is saved." in page.text
    link = next(a.attrs["href"] for a in page.root.all("a") if a.text == "Photo 1")
    shown = browser.client.get(link)
    assert (shown.headers["Content-Type"], shown.headers["Cache-Control"]) == ("image/jpeg", "no-store")
    assert Image.open(io.BytesIO(shown.data)).size == (80, 60)
    assert "IMG_0001" not in page.html


@pytest.mark.asvs("V14.2.8")
@pytest.mark.parametrize("make", [
    with_everything, lambda: picture("WEBP", exif=_exif(), xmp=SECRET.encode()),
    lambda: picture("PNG", pnginfo=_png_text(), exif=_exif()),
], ids=["jpeg", "webp", "png"])
def test_nothing_the_camera_wrote_is_left(make):
    sent = make()
    assert SECRET.encode() in sent or zlib.compress(b"") != sent

    drawn = photos.redraw(sent)

    assert SECRET.encode() not in drawn.data
    with Image.open(io.BytesIO(drawn.data)) as again:
        assert again.format == "JPEG"
        assert dict(again.getexif()) == {}
        assert set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert drawn.data.endswith(b"\xff\xd9")


def _exif():
    exif = Image.Exif()
    exif[0x010E] = SECRET
    return exif


def _png_text():
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", SECRET)
    text.add_text("Comment", SECRET, zip=True)
    return text


@pytest.mark.asvs("V14.2.8")
def test_another_program_finds_nothing_either(tmp_path):
    if shutil.which("exiftool") is None:
        give_up("no exiftool: apt install libimage-exiftool-perl")
    (tmp_path / "sent.jpg").write_bytes(with_everything())
    (tmp_path / "kept.jpg").write_bytes(photos.redraw(with_everything()).data)

    said = {name: subprocess.run(["exiftool", "-a", "-G1", "-s", str(tmp_path / name)], capture_output=True,
                                 text=True, check=True).stdout for name in ("sent.jpg", "kept.jpg")}

    assert "GPSLatitude" in said["sent.jpg"]
    groups = {line.split("]")[0].strip("[") for line in said["kept.jpg"].splitlines()}
    assert groups <= {"ExifTool", "System", "File", "JFIF", "Composite"}
    assert SECRET not in said["kept.jpg"]


def test_a_picture_stands_upright_though_the_mark_that_said_so_is_gone():
    drawn = photos.redraw(with_everything())

    assert (drawn.width, drawn.height) == (40, 80)


def test_a_large_picture_becomes_small_enough_for_a_phone():
    drawn = photos.redraw(picture(size=(4000, 3000)))

    assert (drawn.width, drawn.height) == (1600, 1200)
    assert len(drawn.data) < 300_000


def bomb():
    """A PNG of 60,000 × 60,000 pixels in a few hundred bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 1, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b""))


HOSTILE = [
    (b"", "empty"), (bomb(), "large"), (picture("PNG", size=(5000, 4000)), "large"),
    (b"x" * (photos.MOST_BYTES + 1), "large"), (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "kind"),
    (b"%!PS-Adobe-3.0 EPSF\n", "kind"), (b"GIF89a" + b"\0" * 50, "kind"), (b"\xff\xd8\xff\xe0garbage", "broken"),
    (picture()[:200], "broken"), (picture("PNG")[:40], "broken"), (b"PK\x03\x04" + b"\0" * 99, "kind"),
    (picture("TIFF"), "kind"), (picture("BMP"), "kind"),
]


@pytest.mark.asvs("V5.2.1", "V5.2.2", "V5.2.6")
@pytest.mark.parametrize(("data", "why"), HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_photo_or_would_burst_is_refused(data, why):
    with pytest.raises(photos.BadPhoto) as bad:
        photos.redraw(data)

    assert bad.value.why in {why, "kind" if why == "broken" else why}


@pytest.mark.parametrize(("data", "agreed", "error"), [
    (bomb(), "y", "This photo is too large. At most 8 MB."),
    (b"x" * photos.MOST_BYTES, "y", "This cannot be read as a photo. Use JPG, PNG or WebP."),
    (picture()[:200], "y", "This photo is damaged. Choose another one."), (b"", "y", "Choose a photo."),
    (picture(), "", "Ask everybody who can be seen first, then tick this."),
], ids=["bomb", "noise", "damaged", "nothing", "not agreed"])
def test_a_photo_that_cannot_be_kept_harms_nothing(city, sign_in, folder, data, agreed, error):
    key = logged(city)

    page = send(sign_in(city.siti), key, data, agreed=agreed)

    assert page.status == 422
    assert page.errors == [error]
    assert page.title.startswith("Check: ")
    assert "The session is saved already" in page.text
    assert (kept(city), number_of(city), list(folder.glob("*"))) == ([], 1, [])


def test_a_photo_past_all_room_is_not_called_a_text_and_another_one_can_be_chosen(city, sign_in, folder):
    key, browser = logged(city), sign_in(city.siti)

    page = send(browser, key, b"x" * (photos.MOST_BYTES + 2**20))

    assert page.status == 413
    assert ("The photo is too large At most 8 MB. It was not sent. Choose another photo. "
            "The session is saved already.") in page.text
    assert page.link("Choose another photo").form("/foto")
    assert (kept(city), number_of(city)) == ([], 1)


def test_a_photo_that_comes_after_a_pause_is_not_called_too_large(city, sign_in, folder):
    key, browser = logged(city), sign_in(city.siti)
    form = browser.get(f"/s/{key}/foto").form("/foto")
    with browser.client.session_transaction() as cookie:
        cookie["seen"] = 0

    boundary, body = encode_multipart(dict(form.values) | {"photo": FileStorage(io.BytesIO(b"x" * 2**20))})
    kind = f"multipart/form-data; boundary={boundary}"
    answer = browser.client.post(f"/s/{key}/foto", data=body, content_type=kind)

    assert (answer.status_code, answer.headers["Location"]) == (303, f"/masuk?next=/s/{key}/foto")


@pytest.mark.asvs("V16.5.2")
def test_a_disk_that_is_full_leaves_neither_line_nor_file(city, sign_in, folder, monkeypatch):
    def full(*_given):
        raise OSError("No space left on device")

    key, browser = logged(city), sign_in(city.siti)
    monkeypatch.setattr(photos, "put", full)

    assert send(browser, key, picture()).status == 500
    assert (kept(city), number_of(city), list(folder.glob("*"))) == ([], 1, [])
    monkeypatch.undo()
    assert send(browser, key, picture()).status == 203


def test_files_are_for_the_servers_own_account_and_written_whole(folder, city, sign_in):
    send(sign_in(city.siti), logged(city), picture())

    file, = folder.glob("*")
    assert file.name == f"{kept(city)[0].id}.jpg"
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_photo_is_on_the_disk_before_it_has_its_name_and_the_name_after(folder, monkeypatch):
    steps, sync, rename = [], os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (
        steps.append("file" if S_ISREG(os.fstat(handle).st_mode) else "folder"), sync(handle)))
    monkeypatch.setattr(Path, "replace", lambda part, name: (steps.append("name"), rename(part, name)))
    folder.mkdir()

    photos.put(folder, uuid4(), b"x")

    assert steps == ["file", "name", "folder"]


@pytest.mark.asvs("V2.3.2")
def test_the_date_of_a_file_says_the_day_alone_and_never_makes_it_a_stray(folder):
    folder.mkdir()
    dates = []
    for moment in ("2026-11-29T00:00:00+00:00", "2026-11-29T23:59:59+00:00", "2026-11-30T00:00:00+00:00"):
        with telling(datetime.fromisoformat(moment)):
            photos.put(folder, photo_id := uuid4(), b"x")
        seen = (folder / f"{photo_id}.jpg").stat()
        dates.append((seen.st_mtime, seen.st_atime))
        assert seen.st_mtime > datetime.fromisoformat(moment).timestamp()

    assert dates[0] == dates[1] == (dates[0][0],) * 2
    assert dates[2][0] - dates[1][0] == 24 * 60 * 60


def test_two_photos_are_enough_and_the_same_form_twice_is_one(city, sign_in, folder):
    key, browser = logged(city), sign_in(city.siti)
    form = dict(browser.get(f"/s/{key}/foto").form("/foto").values) | {"agreed": "y"}
    for _ in range(2):
        browser.client.post(f"/s/{key}/foto", data=form | {"photo": (io.BytesIO(picture()), "a.jpg")},
                            content_type="multipart/form-data")
    assert len(kept(city)) == len(list(folder.glob("*"))) == 1

    late = dict(browser.get(f"/s/{key}/foto").form("/foto").values) | {"agreed": "y"}
    send(browser, key, picture(colour=(0, 0, 0)))
    browser.client.post(f"/s/{key}/foto", data=late | {"photo": (io.BytesIO(picture()), "c.jpg")},
                        content_type="multipart/form-data")

    assert len(kept(city)) == len(list(folder.glob("*"))) == 2
    assert "two photos" in browser.get(f"/s/{key}/foto").text
    assert "Add a photo" not in browser.get(f"/s/{key}").text


@pytest.mark.asvs("V5.2.1")
def test_only_this_form_may_be_large_and_only_for_those_who_are_signed_in(city, sign_in, guest):
    key, browser = logged(city), sign_in(city.siti)
    large = b"x" * (300 * 1024)

    assert browser.client.post("/s/baru", data={"note": large.decode()}).status_code == 413
    assert guest.client.post(f"/s/{key}/foto", data={"photo": (io.BytesIO(large), "a.jpg")},
                             content_type="multipart/form-data").status_code == 303  # to the door
    assert send(browser, key, b"x" * (photos.MOST_BYTES + 200_000)).status == 413
    assert number_of(city) == 1


@pytest.mark.parametrize(("who", "session", "sees"), [
    ("siti", 203, True), ("wati", 203, True), ("lina", 203, True), ("budi", 404, False), ("guru", 404, False),
    ("rina", 404, False), ("ratna", 404, False), ("agus", 404, False), ("far", 404, False),
])
def test_a_photo_is_seen_by_who_logged_it_and_those_who_answer_for_the_area(city, sign_in, who, session, sees):
    key = logged(city)
    send(sign_in(city.siti), key, picture())
    photo = kept(city)[0].id
    browser = sign_in(getattr(city, who))

    assert browser.get(f"/s/{key}").status == session
    assert browser.client.get(f"/s/{key}/foto/{photo}").status_code == (203 if sees else 404)


@pytest.mark.asvs("V8.2.3")
def test_a_neighbour_who_sees_the_session_sees_no_photo(city, sign_in):
    key = logged(city)
    send(sign_in(city.siti), key, picture())
    with writing(city.db):
        hers = city.db.get_one(Account, city.siti.account_id).area_id
        city.db.get_one(Account, city.budi.account_id).area_id = hers
    browser = sign_in(city.budi)

    page = browser.get(f"/s/{key}")

    assert page.status == 203
    assert "Photo" not in page.text
    assert browser.client.get(f"/s/{key}/foto/{kept(city)[0].id}").status_code == 404
    assert browser.get(f"/s/{key}/foto").status == 404


@pytest.mark.asvs("V8.2.2")
def test_a_photo_of_another_session_is_not_found_under_this_one(city, sign_in):
    one, two, browser = logged(city, once="a"), logged(city, once="b"), sign_in(city.siti)
    send(browser, one, picture())
    photo = kept(city)[0].id

    assert browser.client.get(f"/s/{two}/foto/{photo}").status_code == 404
    assert browser.get(f"/s/{two}/foto/{photo}/hapus").status == 404


def test_a_photo_can_be_taken_away_with_its_file(city, sign_in, folder):
    key, browser = logged(city), sign_in(city.siti)
    page = send(browser, key, picture())

    form = page.link("Take away").form("/hapus")
    after, again = form.submit(), form.submit()  # a second tap, or the first answer was lost on the way

    assert (after.status, again.status, again.path) == (203, 203, after.path)
    assert "Photo 1" not in after.text
    assert (kept(city), list(folder.glob("*"))) == ([], [])


def test_a_photo_whose_line_cannot_be_taken_away_keeps_its_file(city, sign_in, folder, monkeypatch):
    def full(*_given):
        raise OperationalError("full", {}, Exception())

    form = send(sign_in(city.siti), logged(city), picture()).link("Take away").form("/hapus")
    monkeypatch.setattr(photo_commands.done_once, "remember", full)

    assert form.submit().status == 503
    assert [file.name for file in folder.glob("*")] == [f"{kept(city)[0].id}.jpg"]


def test_who_may_look_at_a_photo_is_not_offered_to_take_it_away(city, sign_in):
    key = logged(city)
    send(sign_in(city.siti), key, picture())

    asked = sign_in(city.lina).get(f"/s/{key}/foto/{kept(city)[0].id}/hapus")

    assert asked.status == 404
    assert len(kept(city)) == 1


def test_files_that_no_session_knows_are_swept_and_others_stay(city, sign_in, folder):
    send(sign_in(city.siti), logged(city), picture())
    (folder / ".broken.part").write_bytes(b"half")

    said = city.app.test_cli_runner().invoke(args=["sessions", "sweep-photos"])

    assert said.output == "1 files removed.\n"
    assert [file.stem for file in folder.glob("*")] == [str(kept(city)[0].id)]


@pytest.mark.asvs("V5.3.1")
def test_photos_never_lie_where_an_address_leads(tmp_path):
    inside = f"{photos.__file__.rsplit('/portal/', 1)[0]}/portal/web/static/photos"

    with pytest.raises(BadSettings, match="PORTAL_PHOTOS_DIR"):
        Settings.from_environment({"PORTAL_PHOTOS_DIR": inside})
    assert Settings.from_environment({"PORTAL_PHOTOS_DIR": str(tmp_path)}).photos_dir == tmp_path
