"""Folders of images: their layouts, their pixels, and every file that cannot be taken as it is, by name."""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from shoal.data.files import load_own
from shoal.errors import DataError

Image = pytest.importorskip("PIL.Image", reason="pip install 'shoal[images]'")
GRAY = np.arange(12, dtype=np.uint8).reshape(4, 3) * 20
COLOUR = np.stack([GRAY, GRAY[::-1], GRAY[:, ::-1]], axis=-1)


def save(path: Path, pixels: np.ndarray = GRAY, mode: str | None = None, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode, palette=Image.Palette.ADAPTIVE)).save(path, **options)
    return path


def animals(folder: Path) -> Path:
    """Two classes of two images."""
    for i, name in enumerate(("dog/1.png", "dog/2.png", "cat/a.png", "cat/b.bmp")):
        save(folder / name, GRAY + i)
    return folder


def test_each_folder_is_a_class_and_images_come_in_the_order_of_their_names(tmp_path: Path):
    data = load_own(str(animals(tmp_path)))
    assert data.classes == ("cat", "dog")
    assert data.train.labels.tolist() == [0, 0, 1, 1]
    expected = np.stack([GRAY + 2, GRAY + 3, GRAY, GRAY + 1])[..., None]
    np.testing.assert_array_equal(data.train.inputs, expected)
    assert data.test is None


def test_train_and_test_may_lie_above_the_classes(tmp_path: Path):
    animals(tmp_path / "train")
    save(tmp_path / "test" / "dog" / "x.png", GRAY + 9)
    data = load_own(str(tmp_path))
    assert len(data.train) == 4
    assert data.test is not None
    assert data.test.labels.tolist() == [1]
    np.testing.assert_array_equal(data.test.inputs[0, ..., 0], GRAY + 9)


def test_classes_may_be_called_train_and_test(tmp_path: Path):
    save(tmp_path / "train" / "1.png")
    save(tmp_path / "test" / "1.png")
    assert load_own(str(tmp_path)).classes == ("test", "train")


def test_colour_makes_all_images_have_three_channels(tmp_path: Path):
    save(animals(tmp_path) / "dog" / "0.png", COLOUR)
    data = load_own(str(tmp_path))
    np.testing.assert_array_equal(data.train.inputs[2], COLOUR)
    np.testing.assert_array_equal(data.train.inputs[3], np.stack([GRAY] * 3, axis=-1))
    assert data.notes == ("4 gray images among 5 were given three equal channels",)


@pytest.mark.parametrize(
    ("name", "mode"), [("p.png", "P"), ("p.gif", "P"), ("p.png", "RGBA"), ("p.tif", "RGB")]
)
def test_palettes_and_opaque_alpha_are_colours(tmp_path: Path, name: str, mode: str):
    save(animals(tmp_path) / "dog" / name, COLOUR[:, :, :1].repeat(3, axis=-1), mode)
    data = load_own(str(tmp_path))
    np.testing.assert_array_equal(data.train.inputs[-1, ..., 0], GRAY)


def test_hidden_files_and_what_systems_leave_behind_are_ignored(tmp_path: Path):
    animals(tmp_path)
    before = load_own(str(tmp_path))
    save(tmp_path / ".thumbnails" / "1.png")
    save(tmp_path / "cat" / ".hidden.png", COLOUR[:2])
    save(tmp_path / "__MACOSX" / "dog" / "1.png")
    (tmp_path / "cat" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "cat" / "Thumbs.db").write_bytes(b"x")
    after = load_own(str(tmp_path))
    assert after.fingerprint == before.fingerprint
    assert after.source == before.source
    assert after.notes == ()


def test_other_files_are_left_out_with_a_note(tmp_path: Path):
    (animals(tmp_path) / "cat" / "licence.txt").write_text("free")
    assert load_own(str(tmp_path)).notes == ("files of other kinds were left out: 1, as licence.txt",)


def test_the_source_changes_with_a_files_bytes_and_name(tmp_path: Path):
    first = load_own(str(animals(tmp_path))).source
    (tmp_path / "dog" / "2.png").rename(tmp_path / "dog" / "3.png")
    second = load_own(str(tmp_path)).source
    save(tmp_path / "dog" / "3.png", GRAY + 50)
    assert len({first, second, load_own(str(tmp_path)).source}) == 3


def test_unequal_sizes_name_two_files_and_their_sizes(tmp_path: Path):
    save(animals(tmp_path) / "dog" / "wide.png", GRAY.T)
    with pytest.raises(DataError, match=r"wide\.png has 3 rows and 4 columns .*a\.png has 4 and 3; 1 of 5"):
        load_own(str(tmp_path))


@pytest.mark.parametrize("keep", [0, 20, 45])
def test_an_unreadable_image_is_named(tmp_path: Path, keep: int):
    broken = animals(tmp_path) / "dog" / "1.png"
    broken.write_bytes(broken.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"dog/1\.png is damaged or no image"):
        load_own(str(tmp_path))


def test_another_format_under_an_images_name_is_not_opened(tmp_path: Path):
    (animals(tmp_path) / "dog" / "1.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 3\n")
    with pytest.raises(DataError, match=r"dog/1\.png is damaged or no image"):
        load_own(str(tmp_path))


def test_a_decompression_bomb_is_refused_by_its_header(tmp_path: Path):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    (animals(tmp_path) / "dog" / "1.png").write_bytes(bomb)
    with pytest.raises(DataError, match=r"dog/1\.png .*(60000 x 60000|3600000000)"):
        load_own(str(tmp_path))


def test_more_than_eight_bits_transparency_and_animation_are_refused(tmp_path: Path):
    odd = tmp_path / "dog" / "odd.png"
    save(animals(tmp_path) / "dog" / "odd.png", GRAY.astype(np.uint16))
    with pytest.raises(DataError, match=r"odd\.png has pixels of more than 8 bits"):
        load_own(str(tmp_path))
    save(odd, np.dstack([COLOUR, GRAY]))
    with pytest.raises(DataError, match=r"odd\.png has transparent pixels"):
        load_own(str(tmp_path))
    odd.unlink()
    frames = [Image.fromarray(GRAY), Image.fromarray(GRAY[::-1].copy())]
    frames[0].save(tmp_path / "dog" / "odd.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(DataError, match=r"odd\.gif holds 2 images"):
        load_own(str(tmp_path))


def test_folders_that_make_no_classes_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="has no folders in it"):
        load_own(str(tmp_path))
    animals(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty has no images; its class would have no examples"):
        load_own(str(tmp_path))
    (tmp_path / "empty" / "note.txt").touch()
    with pytest.raises(DataError, match=r"empty has no images, only note\.txt"):
        load_own(str(tmp_path))
    (tmp_path / "empty" / "deeper").mkdir()
    with pytest.raises(DataError, match="deeper is a folder within the folder of a class"):
        load_own(str(tmp_path))
    save(tmp_path / "stray.png")
    with pytest.raises(DataError, match=r"stray\.png lies beside the folders of the classes"):
        load_own(str(tmp_path))


def test_a_validation_folder_beside_train_is_refused(tmp_path: Path):
    animals(tmp_path / "train")
    animals(tmp_path / "val")
    with pytest.raises(DataError, match="has val/ beside train/"):
        load_own(str(tmp_path))


def test_without_pillow_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    animals(tmp_path)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(DataError, match="Pillow, which is not installed") as error:
        load_own(str(tmp_path))
    assert error.value.remedy == "pip install 'shoal[images]'"


def test_a_folder_has_no_target(tmp_path: Path):
    with pytest.raises(DataError, match="has no columns to choose from"):
        load_own(str(animals(tmp_path)), target="species")
