"""Write scikit-learn's 1,797 handwritten digits as PNG files, a folder for each class: images/0/0000.png, ..."""

from pathlib import Path

from PIL import Image
from sklearn.datasets import load_digits

digits = load_digits()
for row, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
    path = Path(__file__).with_name("images") / str(label) / f"{row:04}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((image * 255 / 16).astype("uint8")).save(path)
