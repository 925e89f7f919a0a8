"""Arrays in files: save, savez, savez_compressed, load. The format itself is read and written by the extension."""

from __future__ import annotations

import io
import mmap
import os
import zipfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as _np

from . import _core

if TYPE_CHECKING:
    from . import ndarray
    from .typing import ArrayLike, FileLike

_MAGIC = b"\x93NUMPY"


def _writable(value: Any) -> Any:
    """The value as an array that can be written."""
    x = _core.functions["asarray"](value)
    if x.dtype.kind == "O":
        raise ValueError("Object arrays cannot be saved: they would be pickles")
    return x


def _write(file: Any, value: Any) -> None:
    x = _writable(value)
    if x.dtype.kind in "SU":
        x = _np.asarray(x)
        if x.dtype.hasobject:
            x = x.astype("U")
        file.write(_core._npy_header(x.dtype.str, x.shape))
        file.write(x.tobytes())
        return
    file.write(_core._npy_header(x.dtype.str, x.shape))
    data = _np.asarray(x)
    if data.size == 0:
        return
    flat: Any = _np.ascontiguousarray(data).reshape(-1).view(_np.uint8)
    for start in range(0, flat.nbytes, 1 << 26):
        file.write(memoryview(flat[start : start + (1 << 26)]))


def _need(file: Any, count: int, what: str) -> bytes:
    """Exactly so many bytes; a file that is no regular one may give fewer at a time."""
    parts, left = [], count
    while left > 0:
        part = file.read(min(left, 1 << 28))
        if not part:
            raise ValueError(f"EOF: reading {what}, expected {count} bytes got {count - left}")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _read_header(file: Any, max_header_size: int) -> bytes:
    version = _need(file, 2, "the version")
    if version not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise ValueError(f"we only support format version (1,0), (2,0), and (3,0), not {tuple(version)}")
    size = int.from_bytes(_need(file, 2 if version[0] == 1 else 4, "array header length"), "little")
    if size > max_header_size:
        raise ValueError(f"Header info length ({size}) is large and may not be safe to load: pass max_header_size")
    return _need(file, size, "array header")


def _read(file: Any, max_header_size: int) -> Any:
    """The array at this place of a file, which begins with the magic."""
    if _need(file, len(_MAGIC), "magic string") != _MAGIC:
        raise ValueError("the magic string is not correct; expected b'\\x93NUMPY'")
    header = _read_header(file, max_header_size)
    descr, shape, fortran, count = _core._npy_parse(header)
    data = _need(file, count, "array data")
    if descr[1] in "SU":
        x = _np.frombuffer(data, descr) if count else _np.empty(shape, descr)
        return _core.functions["asarray"](x.reshape(shape, order="F" if fortran else "C"))
    return _core._npy_elements(header, data)


def _map(file: Any, mode: str, max_header_size: int) -> Any:
    """The array of a file, in the file's memory."""
    if mode not in ("r", "c"):
        raise ValueError(f"mmap_mode {mode!r}: arrays are immutable, so that only 'r' and 'c' (the same) can be")
    file.seek(len(_MAGIC))
    descr, shape, fortran, count = _core._npy_parse(_read_header(file, max_header_size))
    memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if len(memory) < file.tell() + count:
        raise ValueError("mmap length is greater than file size")
    kind: Any = descr
    if descr[1] == "V":
        import ml_dtypes

        kind = ml_dtypes.bfloat16
    x = _np.frombuffer(memory, _np.uint8, count, file.tell()).view(kind)
    return _core.functions["asarray"](x.reshape(shape, order="F" if fortran else "C"))


def _opened(file: Any, mode: str, ending: str = "") -> tuple[Any, bool]:
    """A file object, and whether it is ours to close."""
    if hasattr(file, "write" if "w" in mode else "read"):
        return file, False
    path = os.fspath(file)
    if ending and not path.endswith(ending):
        path += ending
    return open(path, mode), True


def save(file: FileLike, arr: ArrayLike, allow_pickle: bool = True) -> None:
    """Writes an array to a .npy file, which NumPy reads; bfloat16 as bytes in pairs ('V2'), which it has no code for."""
    x = _writable(arr)  # before the file is made
    out, ours = _opened(file, "wb", ".npy")
    try:
        _write(out, x)
    finally:
        if ours:
            out.close()


def _save_archive(file: Any, args: tuple[Any, ...], named: dict[str, Any], compression: int) -> None:
    arrays = dict(named)
    for i, value in enumerate(args):
        name = f"arr_{i}"
        if name in arrays:
            raise ValueError(f"Cannot use un-named variables and keyword {name}")
        arrays[name] = value
    arrays = {name: _writable(value) for name, value in arrays.items()}
    target = file if hasattr(file, "write") else os.fspath(file)
    if isinstance(target, str) and not target.endswith(".npz"):
        target += ".npz"
    with zipfile.ZipFile(target, mode="w", compression=compression, allowZip64=True) as archive:
        for name, x in arrays.items():
            with archive.open(name + ".npy", "w", force_zip64=True) as out:
                _write(out, x)


def savez(file: FileLike, *args: ArrayLike, allow_pickle: bool = True, **kwds: ArrayLike) -> None:
    """Writes several arrays to a .npz file: the names are those of keywords, else arr_0, arr_1, …"""
    _save_archive(file, args, kwds, zipfile.ZIP_STORED)


def savez_compressed(file: FileLike, *args: ArrayLike, allow_pickle: bool = True, **kwds: ArrayLike) -> None:
    """Writes several arrays to a compressed .npz file."""
    _save_archive(file, args, kwds, zipfile.ZIP_DEFLATED)


class NpzFile(Mapping[str, "ndarray"]):
    """The arrays of a .npz file, each read when it is asked for."""

    def __init__(self, file: Any, ours: bool, max_header_size: int) -> None:
        """`file`: a file object; `ours`: whether close() closes it."""
        self.fid = file if ours else None
        self._max_header_size = max_header_size
        self.zip: Any = zipfile.ZipFile(file)
        self._names = self.zip.namelist()
        self.files = [name.removesuffix(".npy") for name in self._names]

    def __getitem__(self, key: str) -> ndarray:
        """The array of this name; the bytes of a member that is none."""
        if self.zip is None:
            raise ValueError("the file is closed")
        name = key if key in self._names else f"{key}.npy"
        if name not in self._names:
            raise KeyError(f"{key} is not a file in the archive")
        with self.zip.open(name) as member:
            if not member.peek(len(_MAGIC)).startswith(_MAGIC):
                return member.read()
            return _read(member, self._max_header_size)

    def __contains__(self, key: object) -> bool:
        """Whether there is an array of this name."""
        return key in self.files or key in self._names

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self.files)

    def __len__(self) -> int:
        """How many arrays there are."""
        return len(self.files)

    def __enter__(self) -> NpzFile:
        """Itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Closes the file."""
        self.close()

    def close(self) -> None:
        """Closes the file; its arrays cannot be read any more."""
        if self.zip is not None:
            self.zip.close()
            self.zip = None
        if self.fid is not None:
            self.fid.close()
            self.fid = None

    def __repr__(self) -> str:
        """The names."""
        return f"NpzFile with keys: {', '.join(self.files)}"


def load(
    file: FileLike,
    mmap_mode: Literal["r", "c"] | None = None,
    allow_pickle: bool = False,
    fix_imports: bool = True,
    encoding: str = "ASCII",
    *,
    max_header_size: int = 10000,
) -> Any:
    """The array of a .npy file, or the arrays of a .npz file by name.

    Pickles are refused whatever `allow_pickle` says, as tnp has no arrays of objects. With `mmap_mode` "r" the array lies in
    the file's memory.
    """
    if encoding not in ("ASCII", "latin1", "bytes"):
        raise ValueError("encoding must be 'ASCII', 'latin1', or 'bytes'")
    source, ours = _opened(file, "rb")
    try:
        start = source.read(len(_MAGIC))
        if not start:
            raise EOFError("No data left in file")
        source.seek(-len(start), io.SEEK_CUR)
        if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            archive = NpzFile(source, ours, max_header_size)
            ours = False
            return archive
        if start != _MAGIC:
            raise ValueError("This file contains pickled data, or is no .npy file: tnp loads no pickles")
        if mmap_mode is not None:
            return _map(source, mmap_mode, max_header_size)
        return _read(source, max_header_size)
    finally:
        if ours:
            source.close()
