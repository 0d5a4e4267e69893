"""The arrays of an HDF5 file, checked and read in a process of its own: `python -m shoal.runs.hdf5_file`.

libhdf5 loops for ever, crashes or asks for any amount of memory where a file is damaged or crafted, and
whatever is in one process with it goes down too. So this process, within limits of time and memory, takes a
file's bytes from its input, checks what it declares before reading it, and gives back plain arrays. It knows
no more than Shoal writes: one group of hard-linked datasets of numbers or text, stored in the file itself.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import h5py
import numpy as np

from shoal.processes import limit_process
from shoal.runs.hdf5_limits import (
    LEAST_INFLATED,
    MOST_ATTRIBUTES,
    MOST_CHUNK_BYTES,
    MOST_INFLATED,
    MOST_NUMBERS,
    MOST_OBJECTS,
    MOST_TEXT_BYTES,
    READ,
    REFUSED,
    memory_for,
    seconds_for,
)
from shoal.runs.safe_arrays import MOST_DIMENSIONS, to_bytes
from shoal.text import printable

_REFERENCE = 16  # bytes in a file that say where a text lies
_h5: Any = h5py  # whose low-level modules have no types
_FILTERS = (_h5.h5z.FILTER_DEFLATE, _h5.h5z.FILTER_SHUFFLE, _h5.h5z.FILTER_FLETCHER32)
_CHUNKED, _LAYOUTS = _h5.h5d.CHUNKED, (_h5.h5d.CONTIGUOUS, _h5.h5d.COMPACT, _h5.h5d.CHUNKED)
_TEXT, _NUMBERS = _h5.h5t.STRING, (_h5.h5t.INTEGER, _h5.h5t.FLOAT)
_DIMENSION_ALONE = b"This is a netCDF dimension but not a netCDF variable"
_NETCDF = (  # what tells dimensions from variables, and what says how values were written
    *("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"),
    *("_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties", "_FillValue"),
)


class RefusedError(Exception):
    """What is wrong with the file, as the end of a sentence."""


def main() -> None:
    """Input: the file's bytes. Output: READ and a safetensors file, or REFUSED and why."""
    content = sys.stdin.buffer.read()
    limit_process(memory_for(len(content)), seconds_for(len(content)))
    try:
        answer = READ + to_bytes(*read(content))
    except RefusedError as error:
        answer = REFUSED + str(error).encode(errors="replace")
    sys.stdout.buffer.write(answer)


def read(content: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays by number, and a header that says which attribute or variable each is.

    {"attributes": {name: text or number of an array},
     "variables": [{"name", "dims", "attributes", "array": number} or, of text, {..., "text", "shape"}]}
    Raises RefusedError, or whatever h5py raises where the library finds the file damaged.
    """
    with h5py.File(io.BytesIO(content), "r") as file:
        reader = _Reader(file, len(content))
        header = {"attributes": reader.attributes(file), "variables": list(reader.variables())}
        return reader.arrays, header


class _Reader:
    def __init__(self, file: h5py.File, size: int) -> None:
        self.file, self.size = file, size
        self.arrays: dict[str, np.ndarray] = {}
        self.text_bytes = 0

    def variables(self) -> Iterator[dict[str, Any]]:
        datasets = self._datasets()
        self._check_sizes(datasets)
        alone = {name for name, one in datasets.items() if _names_dimension_alone(one)}
        lengths = {name: one.shape[0] for name, one in datasets.items() if len(one.shape) == 1}
        for name, one in datasets.items():
            if name in alone:
                continue
            dims = self._dims(name, one)
            if len(set(dims)) < len(dims) or tuple(lengths.get(dim) for dim in dims) != one.shape:
                _refuse(f"the dimensions of {_shown(name)} do not fit its shape")
            found = {"name": name, "dims": list(dims), "attributes": self.attributes(one, name)}
            if one.id.get_type().get_class() == _TEXT:
                yield {**found, "text": self._texts(one, name), "shape": list(one.shape)}
            else:
                yield {**found, "array": self._keep(one[()])}

    def _datasets(self) -> dict[str, h5py.Dataset]:
        count = self.file.id.get_num_objs()
        if count > MOST_OBJECTS:
            _refuse(f"it holds {count:,} objects; at most {MOST_OBJECTS:,} were expected")
        found = {}
        for name in map(str, self.file):
            place = name.encode(errors="surrogateescape")
            if self.file.id.links.get_info(place).type != _h5.h5l.TYPE_HARD:
                _refuse(f"{_shown(name)} is a link to something elsewhere")
            if _h5.h5o.get_info(self.file.id, place).type != _h5.h5o.TYPE_DATASET:
                _refuse(f"{_shown(name)} is a group or a type; expected arrays alone")
            found[self._text(name, "a name")] = h5py.Dataset(_h5.h5d.open(self.file.id, place))
        return found

    def _check_sizes(self, datasets: dict[str, h5py.Dataset]) -> None:
        """Before anything is read: what is declared is in the file, and no more than it can hold."""
        stored, inflated = 0, 0
        for name, one in datasets.items():
            _check_kind(name, one)
            declared = _declared(one)
            if one.id.get_create_plist().get_layout() == _CHUNKED:
                inflated += declared
            elif not _names_dimension_alone(one):
                if one.id.get_storage_size() != declared:
                    _refuse(f"{_shown(name)} declares {declared:,} bytes that it does not have")
                stored += declared
        if stored > self.size:
            _refuse(f"it declares {stored:,} bytes; it has {self.size:,}")
        most = LEAST_INFLATED + MOST_INFLATED * self.size
        if inflated > most:
            _refuse(f"it declares {inflated:,} bytes; at most {most:,} were expected of its size")

    def _dims(self, name: str, one: h5py.Dataset) -> tuple[str, ...]:
        if not one.shape:
            return ()
        if one.attrs.get("CLASS") == b"DIMENSION_SCALE":
            return (name,)
        if "DIMENSION_LIST" not in one.attrs:
            _refuse(f"{_shown(name)} has no dimensions")
        listed: Any = one.attrs["DIMENSION_LIST"]
        return tuple(str(self.file[references[-1]].name).rpartition("/")[2] for references in listed)

    def attributes(self, one: h5py.File | h5py.Dataset, name: str = "the file") -> dict[str, str | int]:
        count = _h5.h5a.get_num_attrs(one.id)
        if count > MOST_ATTRIBUTES:
            _refuse(f"{_shown(name)} has {count:,} attributes; at most {MOST_ATTRIBUTES} were expected")
        return {
            self._text(own, "a name"): self._attribute(one, own) for own in one.attrs if own not in _NETCDF
        }

    def _attribute(self, one: h5py.File | h5py.Dataset, name: str) -> str | int:
        stored = one.attrs.get_id(name)
        kind, shape = stored.get_type().get_class(), stored.shape
        size = -1 if shape is None else int(np.prod(shape, dtype=object))
        if kind == _TEXT and size == 1:
            value = one.attrs[name]
            value = value.ravel()[0] if isinstance(value, np.ndarray) else value
            return self._text(value, f"the attribute {_shown(name)}")
        if kind not in _NUMBERS or not 1 <= size <= MOST_NUMBERS or stored.dtype.itemsize > 8:
            _refuse(f"the attribute {_shown(name)} is neither a text nor a few numbers")
        return self._keep(np.asarray(one.attrs[name]))

    def _texts(self, one: h5py.Dataset, name: str) -> list[str]:
        texts = [self._text(value, _shown(name)) for value in np.asarray(one[()], object).ravel().tolist()]
        if len(texts) * max(map(len, texts), default=0) > MOST_TEXT_BYTES:  # as many letters for each
            _refuse(f"{_shown(name)} holds texts too long for their number")
        return texts

    def _text(self, value: Any, what: str) -> str:
        try:
            text = value.decode() if isinstance(value, bytes) else str(value)
            self.text_bytes += len(text.encode())
        except UnicodeError:
            _refuse(f"{what} is no text in UTF-8")
        if self.text_bytes > MOST_TEXT_BYTES:
            _refuse(f"it holds more than {MOST_TEXT_BYTES:,} bytes of text")
        return text

    def _keep(self, values: Any) -> int:
        values = np.asarray(values)
        self.arrays[str(len(self.arrays))] = values.astype(values.dtype.newbyteorder("="), copy=False)
        return len(self.arrays) - 1


def _check_kind(name: str, one: h5py.Dataset) -> None:
    kind, settings = one.id.get_type(), one.id.get_create_plist()
    if settings.get_external_count():
        _refuse(f"the values of {_shown(name)} lie in another file")
    if settings.get_layout() not in _LAYOUTS:
        _refuse(f"{_shown(name)} is put together from other datasets")
    filters = [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]
    if not set(filters) <= set(_FILTERS):
        _refuse(f"{_shown(name)} is stored by a filter other than gzip and shuffle")
    if kind.get_class() not in (*_NUMBERS, _TEXT) or (
        kind.get_class() in _NUMBERS and kind.get_size() not in (1, 2, 4, 8)
    ):
        _refuse(f"{_shown(name)} holds neither numbers nor text")
    if one.shape is None or len(one.shape) > MOST_DIMENSIONS:
        _refuse(f"{_shown(name)} has more than {MOST_DIMENSIONS} dimensions, or no values")
    if one.chunks is not None and int(np.prod(one.chunks, dtype=object)) * kind.get_size() > MOST_CHUNK_BYTES:
        _refuse(f"{_shown(name)} is stored in pieces of more than {MOST_CHUNK_BYTES:,} bytes")


def _declared(one: h5py.Dataset) -> int:
    """The bytes of its values in the file; of text of any length those of references to it."""
    kind = one.id.get_type()
    text = kind.get_class() == _TEXT and kind.is_variable_str()
    return int(np.prod(one.shape, dtype=object)) * (_REFERENCE if text else kind.get_size())


def _names_dimension_alone(one: h5py.Dataset) -> bool:
    """Whether it stands for a dimension without values of its own."""
    name = one.attrs.get("NAME", b"") if "NAME" in one.attrs else b""
    return isinstance(name, bytes) and name.startswith(_DIMENSION_ALONE)


def _shown(name: str) -> str:
    return printable(repr(name), 80)


def _refuse(wrong: str) -> NoReturn:
    raise RefusedError(wrong)


if __name__ == "__main__":
    main()
