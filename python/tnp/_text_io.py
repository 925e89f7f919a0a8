"""Arrays from text and to text: fromstring, fromfile, loadtxt, genfromtxt, savetxt."""

from __future__ import annotations

import bz2
import contextlib
import csv
import gzip
import itertools
import lzma
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as _np

from . import _core
from ._dtypes import dtype as _dtype

if TYPE_CHECKING:
    from . import ndarray
    from .typing import ArrayLike, DTypeLike, FileLike

__all__ = ["fromfile", "fromstring", "genfromtxt", "loadtxt", "savetxt"]

_functions = _core.functions
_floats_of = _functions["_floats_of"]
_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".lzma": lzma.open}


def _parser(dtype: Any) -> Callable[[str], Any]:
    """What makes an element of such a type of text."""
    kind = dtype.kind
    if kind == "U":
        return str
    if kind == "S":
        return lambda text: text.encode("latin1")
    if kind == "b":
        return lambda text: bool(int(float(text)))
    if kind in "iu":
        return _integer
    if kind == "c":
        return lambda text: complex(text.replace(" ", "").replace("+-", "-").replace("i", "j"))
    if kind == "f":
        return float
    raise TypeError(f"text can not be read as elements of type {dtype.name}")


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        value = float(text)
        if value != int(value):
            raise
        return int(value)


def _numbers(text: str, dtype: Any, count: int, sep: str) -> Any:
    separator = sep.strip()
    words = text.split(separator) if separator else text.split()  # space around numbers means nothing to them
    if words and (words[-1] == "" or words[-1].isspace()):
        words.pop()
    if count >= 0:
        words = words[:count]
    try:
        if dtype.kind == "f":
            numbers = _floats_of(words)
            return numbers if numbers.dtype is dtype else numbers.astype(dtype)
        return _core.asarray(list(map(_parser(dtype), words)), dtype) if words else _functions["zeros"]((0,), dtype)
    except ValueError as error:
        raise ValueError("string or file could not be read to its end due to unmatched data") from error


def fromstring(
    string: str | bytes, dtype: DTypeLike = float, count: int = -1, *, sep: str, like: ArrayLike | None = None
) -> ndarray:
    """A vector of the numbers in a text, which `sep` separates."""
    if sep == "":
        raise ValueError("The binary mode of fromstring is removed, use frombuffer instead")
    d = _dtype(dtype)
    if d.kind in "US":
        raise ValueError("don't know how to read character strings with that array type")
    return _numbers(string if isinstance(string, str) else bytes(string).decode("latin1"), d, count, sep)


def fromfile(
    file: FileLike,
    dtype: DTypeLike | None = float,
    count: int = -1,
    sep: str = "",
    offset: int = 0,
    *,
    like: ArrayLike | None = None,
) -> ndarray:
    """A vector of the elements in a file: their bytes, or text where `sep` separates them."""
    spec: Any = float if dtype is None else dtype  # NumPy's may have a width or an order of bytes, which tnp's have not
    d = _dtype(spec)
    itemsize = d.itemsize or _np.dtype(getattr(spec, "numpy_dtype", spec)).itemsize
    if itemsize == 0 or (sep and d.kind in "US"):
        raise ValueError(f"fromfile: elements of type {d.name} can not be read so: their width is not known")
    own = isinstance(file, (str, bytes, os.PathLike))
    source: Any = file
    with open(source, "rb") if own else contextlib.nullcontext(source) as stream:
        if sep:
            if offset:
                raise TypeError("'offset' argument only permitted for binary files")
            text = stream.read()
            return _numbers(text if isinstance(text, str) else text.decode("latin1"), d, count, sep)
        if offset:
            stream.seek(offset, os.SEEK_CUR)
        data = stream.read() if count < 0 else stream.read(count * itemsize)
    whole = len(data) // itemsize * itemsize
    return _functions["frombuffer"](data[:whole], spec) if whole else _functions["zeros"]((0,), d)


def _opened(fname: Any, mode: str, encoding: str | None) -> Any:
    if isinstance(fname, (str, os.PathLike)):
        opener = _OPENERS.get(os.path.splitext(os.fspath(fname))[1], open)
        return (
            opener(fname, mode, encoding=encoding or "utf-8") if "t" in mode or opener is open else opener(fname, mode)
        )
    return contextlib.nullcontext(fname)


def _lines(fname: Any, encoding: str | None) -> Iterator[str]:
    with _opened(fname, "rt", None if encoding == "bytes" else encoding) as source:
        for line in source:
            yield (
                line.decode(encoding if encoding and encoding != "bytes" else "latin1")
                if isinstance(line, bytes)
                else line
            )


def _without_comment(line: str, comments: Any) -> str:
    for mark in comments:
        line = line.split(mark, 1)[0]
    return line


def _marks(comments: Any) -> list[str]:
    if comments is None:
        return []
    if isinstance(comments, (str, bytes)):
        comments = [comments]
    return [c.decode("latin1") if isinstance(c, bytes) else c for c in comments]


def _columns(usecols: Any) -> list[int] | None:
    if usecols is None:
        return None
    return [int(usecols)] if not hasattr(usecols, "__iter__") else [int(c) for c in usecols]


def _shaped(x: Any, ndmin: int, unpack: bool) -> Any:
    if ndmin not in (0, 1, 2):
        raise ValueError(f"Illegal value of ndmin keyword: {ndmin}")
    if x.ndim > ndmin:
        x = _functions["squeeze"](x)
    if x.ndim < ndmin:
        x = x.reshape((1,) * (ndmin - x.ndim) + tuple(x.shape)) if ndmin == 1 or x.ndim == 0 else x.reshape((-1, 1))
    return x.T if unpack else x


def loadtxt(
    fname: FileLike | Iterable[str] | Iterable[bytes],
    dtype: DTypeLike = float,
    comments: str | bytes | Sequence[str] | None = "#",
    delimiter: str | None = None,
    converters: dict[int, Callable[[str], Any]] | Callable[[str], Any] | None = None,
    skiprows: int = 0,
    usecols: int | Sequence[int] | None = None,
    unpack: bool = False,
    ndmin: Literal[0, 1, 2] = 0,
    encoding: str | None = None,
    max_rows: int | None = None,
    *,
    quotechar: str | None = None,
    like: ArrayLike | None = None,
) -> ndarray:
    """The numbers, or texts, in a text file, a row a line; all lines have as many."""
    kind = _dtype(dtype)
    parse = _parser(kind)
    strip = kind.kind not in "US"
    marks, chosen = _marks(comments), _columns(usecols)
    rows: list[list[Any]] = []
    width = None
    for line in itertools.islice(_lines(fname, encoding), skiprows, None):
        if max_rows is not None and len(rows) >= max_rows:
            break
        text = _without_comment(line, marks).strip("\r\n") if quotechar is None else line.strip("\r\n")
        if not text.strip():
            continue
        words = _words(text, delimiter, quotechar, strip)
        if width is None:
            width = len(words)
        elif chosen is None and len(words) != width:
            raise ValueError(
                f"the number of columns changed from {width} to {len(words)} at row {len(rows) + 1}; "
                "use `usecols` to select a subset and avoid this error"
            )
        picked = range(len(words)) if chosen is None else chosen
        row = []
        for k, column in enumerate(picked):
            if not -len(words) <= column < len(words):
                raise ValueError(f"invalid column index {column} at row {len(rows) + 1} with {len(words)} columns")
            convert = converters if callable(converters) else (converters or {}).get(column, parse)
            try:
                row.append(convert(words[column]))
            except ValueError as error:
                raise ValueError(
                    f"could not convert string {words[column]!r} to {kind.name} at row {len(rows)}, column {k + 1}."
                ) from error
        rows.append(row)
    if not rows:
        import warnings

        warnings.warn(f'loadtxt: input contained no data: "{fname}"', UserWarning, stacklevel=2)
        return _shaped(_functions["zeros"]((0,), kind), ndmin, unpack)
    return _shaped(_core.asarray(rows).astype(kind), ndmin, unpack)


def _words(text: str, delimiter: str | None, quotechar: str | None, strip: bool) -> list[str]:
    if quotechar is not None:
        separator = delimiter or " "
        return next(csv.reader([text], delimiter=separator, quotechar=quotechar, skipinitialspace=delimiter is None))
    if delimiter is None:
        return text.split()
    return [w.strip() for w in text.split(delimiter)] if strip else text.split(delimiter)


def genfromtxt(
    fname: FileLike | Iterable[str] | Iterable[bytes],
    dtype: DTypeLike | None = float,
    comments: str | bytes | Sequence[str] | None = "#",
    delimiter: str | int | Iterable[int] | None = None,
    skip_header: int = 0,
    skip_footer: int = 0,
    converters: dict[int, Callable[[str], Any]] | None = None,
    missing_values: str | Sequence[str] | None = None,
    filling_values: Any = None,
    usecols: int | Sequence[int] | None = None,
    names: None = None,
    excludelist: Sequence[str] | None = None,
    deletechars: str = " !#$%&'()*+,-./:;<=>?@[\\]^{|}~",
    replace_space: str = "_",
    autostrip: bool = False,
    case_sensitive: bool = True,
    defaultfmt: str = "f%i",
    unpack: bool | None = None,
    usemask: bool = False,
    loose: bool = True,
    invalid_raise: bool = True,
    max_rows: int | None = None,
    encoding: str | None = None,
    *,
    ndmin: Literal[0, 1, 2] = 0,
    like: ArrayLike | None = None,
) -> ndarray:
    """The numbers, or texts, in a text file, a row a line; what is missing or no number is filled in.

    `names` and `usemask` ask for records and masks, which tnp's arrays have not.
    """
    if names is not None or usemask:
        raise ValueError("genfromtxt: tnp has no records (names=) and no masked arrays (usemask=)")
    marks, chosen = _marks(comments), _columns(usecols)
    lines = list(itertools.islice(_lines(fname, encoding), skip_header, None))
    if skip_footer:
        lines = lines[:-skip_footer]
    texts = [t for line in lines if (t := _without_comment(line, marks).strip("\r\n")).strip()]
    if max_rows is not None:
        texts = texts[:max_rows]
    strip = autostrip or dtype is None or _dtype(dtype).kind not in "US"
    rows = [_cells(t, delimiter, strip) for t in texts]
    if not rows:
        import warnings

        warnings.warn(f'genfromtxt: Empty input file: "{fname}"', stacklevel=2)
        return _shaped(_functions["zeros"]((0,), _dtype(float if dtype is None else dtype)), ndmin, bool(unpack))
    width = len(rows[0])
    wrong = [i for i, row in enumerate(rows) if len(row) != width] if chosen is None else []
    if wrong and invalid_raise:
        raise ValueError(
            f"Some errors were detected !\n    Line #{wrong[0] + 1} (got {len(rows[wrong[0]])} columns instead of {width})"
        )
    rows = [row for row in rows if len(row) == width or chosen is not None]
    picked = range(width) if chosen is None else chosen
    missing = {"", *([missing_values] if isinstance(missing_values, str) else missing_values or ())}
    kind = _guessed(rows, picked, missing) if dtype is None else _dtype(dtype)
    parse = _truth if kind.kind == "b" else _parser(kind)

    def value(word: str, column: int) -> Any:
        fill = filling_values.get(column) if isinstance(filling_values, dict) else filling_values
        if isinstance(fill, (list, tuple)):
            fill = fill[column]
        if fill is None:
            fill = float("nan") if kind.kind in "fc" else -1 if kind.kind in "iu" else False
        if converters and column in converters:
            return converters[column](word)
        if word in missing and kind.kind not in "US":
            return fill
        try:
            return parse(word)
        except ValueError:
            if not loose:
                raise ValueError(f"Cannot convert string '{word}'") from None
            return fill

    table = [[value(row[c], c % width) for c in picked] for row in rows]
    return _shaped(_core.asarray(table).astype(kind), ndmin, bool(unpack))


def _cells(text: str, delimiter: Any, strip: bool) -> list[str]:
    """The columns of a line; a number, or numbers, for a delimiter are widths."""
    if delimiter is None:
        return text.split()
    if isinstance(delimiter, str):
        cells = text.strip(" ").split(delimiter)
    elif isinstance(delimiter, int):
        cells = [text[i : i + delimiter] for i in range(0, len(text), delimiter)]
    else:
        ends = list(itertools.accumulate(delimiter))
        cells = [text[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    return [c.strip() for c in cells] if strip else cells


def _truth(word: str) -> bool:
    if word.upper() not in ("TRUE", "FALSE"):
        raise ValueError(word)
    return word.upper() == "TRUE"


def _is_text(word: str) -> bool:
    try:
        complex(word)
    except ValueError:
        return word.upper() not in ("TRUE", "FALSE")
    return False


def _guessed(rows: list[list[str]], picked: Any, missing: set[str]) -> Any:
    """The first of bool, int, float, complex that all words are, or text where each column has some."""
    kinds: list[tuple[type, Callable[[str], Any]]] = [(bool, _truth), (int, int), (float, float), (complex, complex)]
    for kind, read in kinds:
        try:
            for row in rows:
                for c in picked:
                    if row[c] not in missing:
                        read(row[c])
        except ValueError:
            continue
        return _dtype(kind)
    if all(any(_is_text(row[c]) for row in rows if row[c] not in missing) for c in picked):
        return _dtype(str)
    raise ValueError("genfromtxt: the columns are not all numbers, and tnp has no records")


def savetxt(
    fname: FileLike,
    X: ArrayLike,
    fmt: str | Sequence[str] = "%.18e",
    delimiter: str = " ",
    newline: str = "\n",
    header: str = "",
    footer: str = "",
    comments: str = "# ",
    encoding: str | None = None,
) -> None:
    """Writes a vector or a matrix as text, a row a line."""
    x = _core.asarray(X)
    if x.ndim not in (1, 2):
        raise ValueError(f"Expected 1D or 2D array, got {x.ndim}D array instead")
    table = x.reshape((-1, 1)) if x.ndim == 1 else x
    columns = table.shape[1]
    is_complex = x.dtype.kind == "c"
    if not isinstance(fmt, str):
        if len(fmt) != columns:
            raise AttributeError(f"fmt has wrong shape.  {fmt}")
        line_format = delimiter.join(fmt)
    elif fmt.count("%") == 1:
        one = f" ({fmt}+{fmt}j)" if is_complex else fmt
        line_format = delimiter.join([one] * columns)
    elif fmt.count("%") in ((columns, 2 * columns) if is_complex else (columns,)):
        line_format = fmt
    else:
        raise ValueError(f"fmt has wrong number of % formats:  {fmt}")
    with _opened(fname, "wt", encoding or "latin1") as out:
        write = _writer(out)
        if header:
            write(comments + header.replace("\n", "\n" + comments) + newline)
        for row in table.tolist():
            values = tuple(itertools.chain(*((v.real, v.imag) for v in row))) if is_complex else tuple(row)
            try:
                text = line_format % values
            except TypeError as error:
                raise TypeError(
                    f"Mismatch between array dtype ('{x.dtype.name}') and format specifier ('{line_format}')"
                ) from error
            write(text.replace("+-", "-") + newline)
        if footer:
            write(comments + footer.replace("\n", "\n" + comments) + newline)


def _writer(out: Any) -> Callable[[str], Any]:
    """Writes text, as bytes where the file takes no text."""

    def write(text: str) -> None:
        try:
            out.write(text)
        except TypeError:
            out.write(text.encode("latin1"))

    return write
