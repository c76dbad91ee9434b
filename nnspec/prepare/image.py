"""Images from files, read with pillow before the exported file sees them."""

import base64
import binascii
import io
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Literal

from pydantic import Field

from nnspec.diagnostics import SpecError
from nnspec.prepare.step import RowError, Rows, State, Step, namespace
from nnspec.shapes import ShapeError, Tensor

MAX_PIXELS = 80_000_000  # of a file: a small one can unpack to a picture of any size
MAX_BYTES = 500_000_000
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
CHANNELS = {"RGB": 3, "L": 1}
SIXTEEN_BITS = 257  # 65535 / 255
DATA = "data:"

Side = Annotated[int, Field(ge=1, le=2**14)]


class Image(Step):
    """The image in a file, as numbers from 0 to 255, brought to one size.

    (n, 1) -> (n, h, w, c)

    A text is a path, seen from the folder of the file that names it, or a data URI. As in pillow: bilinear, smoothed
    where it gets smaller. A photograph is turned as its EXIF says; of an animation the first picture counts; what is
    transparent stands on white; palettes, CMYK and 16 bits become 8 bits of red, green and blue, or of grey.
    """

    size: list[Side] = Field(min_length=2, max_length=2, description="height and width that every image gets")
    mode: Literal["RGB", "L"] = Field(default="RGB", description="RGB for three channels, L for grey")

    examples = {
        "string n 1 -> uint8 n 4 6 3": dict(size=[4, 6]),
        "string n 1 -> uint8 n 5 5 1": dict(size=[5, 5], mode="L"),
    }
    sample = (
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAF0lEQVR42mPgEpH7z8Dwn4GB8T8DFAAAKhwDO2qldAwAAAAASUVORK5CYII=",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHElEQVR42mPkEpH7lvOQgYGBkaHhPwMDAwMDAwAxUQQBvJpbQwAAAABJRU5ErkJggg==",
    )
    takes = ("string",)
    outside = True
    reads_files = True

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        if x.shape[1:] != (1,):
            raise ShapeError(f"needs one file for each row, got {x}", help="name one column, as in `column: image`")
        height, width = self.size
        return Tensor((x.shape[0], height, width, CHANNELS[self.mode]), "uint8")

    def apply(self, rows: Rows, state: State) -> Rows:
        xp, (height, width), texts = namespace(rows), self.size, rows.reshape(-1).tolist()
        images = xp.empty((len(rows), height, width, CHANNELS[self.mode]), dtype="uint8")
        _require_pillow()

        def read(row: int) -> None:
            images[row] = xp.asarray(self._image(texts[row], row)).reshape(height, width, -1)

        # pillow lets other threads work while it decodes. What it warns of is dealt with here.
        with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
            warnings.simplefilter("ignore")
            for _ in pool.map(read, range(len(rows))):
                pass
        return images

    def _image(self, text: str, row: int) -> Any:
        from PIL import Image as Pillow
        from PIL import UnidentifiedImageError

        name = f"{text[:20]!r}…" if text.startswith(DATA) else repr(os.path.basename(text))  # noqa: PTH119
        try:
            with Pillow.open(_opened(text), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise Pillow.DecompressionBombError
                return self._fitted(image)
        except Pillow.DecompressionBombError:
            raise RowError(row, f"{name} has more than {MAX_PIXELS:,} pixels", help="make it smaller") from None
        except FileNotFoundError:
            raise RowError(row, f"there is no file {name}" if text else "the value is missing") from None
        except UnidentifiedImageError:
            message = f"{name} is not an image that can be read"
            raise RowError(row, message, help=f"{', '.join(FORMATS)} can be") from None
        except (OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, ZeroDivisionError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).replace(text, "it")[:100]
            message = f"{name} is damaged or cannot be read: {reason}"
            raise RowError(row, message, help="replace it, or leave the row out") from None

    def _fitted(self, image: Any) -> Any:
        from PIL import Image as Pillow
        from PIL import ImageOps

        image.seek(0)
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):
            image = image.point(lambda value: value / SIXTEEN_BITS).convert("L")
        if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA"):
            image = image.convert("RGBA")
            image = Pillow.alpha_composite(Pillow.new("RGBA", image.size, "white"), image)
        height, width = self.size
        return image.convert(self.mode).resize((width, height), Pillow.Resampling.BILINEAR)


def size_of(text: str) -> tuple[int, int, bool] | None:
    """Height, width, and whether it is grey, by an image's first bytes; None where they do not say."""
    _require_pillow()
    from PIL import Image as Pillow

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Pillow.open(_opened(text), formats=FORMATS) as image:
                return image.height, image.width, image.mode in ("1", "L")
    except (Pillow.DecompressionBombError, OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError):
        return None


def _opened(text: str) -> Any:
    """What pillow opens: a regular file, for a pipe would wait for ever, or the bytes in a data URI."""
    if text.startswith(DATA):
        head, _, body = text.partition(",")
        if not head.endswith(";base64"):
            raise ValueError("a data URI is to be written in base64")
        try:
            return io.BytesIO(base64.b64decode(body, validate=True))
        except binascii.Error as error:
            raise ValueError(f"its base64 is broken: {error}") from None
    if not os.path.isfile(text):  # noqa: PTH113
        raise FileNotFoundError if not os.path.exists(text) else OSError("it is a folder, a pipe or a device")  # noqa: PTH110
    if os.path.getsize(text) > MAX_BYTES:  # noqa: PTH202
        raise OSError(f"it has more than {MAX_BYTES:,} bytes")
    return text


def _require_pillow() -> None:
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        message = "images are read with pillow, which is not installed"
        raise SpecError.of("missing-extra", message, help="pip install 'nnspec[data]'") from None
