"""Generated scenes: photos of shapes with the label map that is true for them.

A seed fixes a scene to the last pixel. Shapes are drawn over a textured background and carry
textures of their own; colour, texture, size, rotation, aspect and place are drawn independently of
the class, so only the outline gives the class away. Photos come in several aspect ratios and fit
the crop of the sample model. Only numpy is needed, and every pixel comes from plain arithmetic.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLASSES = ("background", "disc", "rectangle", "triangle", "ring")
SIZES = ((129, 129), (97, 129), (129, 97), (113, 129), (129, 113), (105, 105))

Floats = NDArray[np.float64]

RADII = {
    "disc": (25.0, 40.0),
    "rectangle": (30.0, 46.0),
    "triangle": (36.0, 52.0),
    "ring": (29.0, 42.0),
}
MOST_SHAPES = 3
MOST_HIDDEN = 0.06
LEAST_CONTRAST = 100.0
PLACEMENTS = 40


@dataclass(frozen=True)
class Scene:
    """A photo, uint8 [H, W, 3], and its label map, uint8 [H, W] of class ids."""

    photo: NDArray[np.uint8]
    labels: NDArray[np.uint8]


@dataclass(frozen=True)
class Frame:
    """Where a shape stands: its centre, circumradius (pixels) and turn (radians)."""

    x: float
    y: float
    radius: float
    turn: float


def scene(seed: int) -> Scene:
    """Return the scene of a seed."""
    random = np.random.default_rng(seed)
    height, width = SIZES[int(random.integers(len(SIZES)))]
    colours: list[Floats] = [random.uniform(20, 235, size=3)]
    photo = _texture(random, height, width, colours[0])
    labels = np.zeros((height, width), np.uint8)
    areas: list[NDArray[np.bool_]] = []
    for _ in range(int(random.integers(1, MOST_SHAPES + 1))):
        class_id = int(random.integers(1, len(CLASSES)))
        distance = _place(random, class_id, height, width, areas)
        if distance is None:
            continue
        colours.append(_contrasting(random, colours))
        cover = np.clip(0.5 - distance, 0, 1)[..., None]
        photo = photo * (1 - cover) + _texture(random, height, width, colours[-1]) * cover
        labels[distance < 0] = class_id
        areas.append(distance < 0)
    photo += random.uniform(-6, 6, size=photo.shape)
    return Scene(np.clip(np.rint(photo), 0, 255).astype(np.uint8), labels)


def _place(
    random: np.random.Generator,
    class_id: int,
    height: int,
    width: int,
    areas: list[NDArray[np.bool_]],
) -> Floats | None:
    """Return the signed distance [H, W] of a shape that hides little of ``areas``, if one fits."""
    for _ in range(PLACEMENTS):
        frame = Frame(
            x=random.uniform(18, width - 18),
            y=random.uniform(18, height - 18),
            radius=random.uniform(*RADII[CLASSES[class_id]]),
            turn=random.uniform(0, 2 * math.pi),
        )
        distance = _distance(class_id, frame, random.uniform(0.6, 1), height, width)
        reach = _distance(1, frame, 1, height, width) < 0
        inside = reach.sum() / (math.pi * frame.radius**2)
        hidden = max(((area & (distance < 1)).sum() / area.sum() for area in areas), default=0)
        if inside > 0.8 and hidden < MOST_HIDDEN:
            return distance
    return None


def _distance(class_id: int, frame: Frame, form: float, height: int, width: int) -> Floats:
    """Return the signed distance [H, W] to a shape's outline, negative inside it.

    ``form`` in 0.6..1 is the side ratio of a rectangle, the slimness of a triangle and the width
    of a ring's band.
    """
    x: Floats = np.arange(width, dtype=np.float64)[None, :] - frame.x
    y: Floats = np.arange(height, dtype=np.float64)[:, None] - frame.y
    from_centre: Floats = np.sqrt(x * x + y * y)
    if CLASSES[class_id] == "disc":
        return np.subtract(from_centre, frame.radius)
    if CLASSES[class_id] == "ring":
        band = frame.radius * (0.3 + 0.3 * form)
        return np.subtract(np.abs(from_centre - (frame.radius - band / 2)), band / 2)
    corners = _corners(class_id, form)
    edges = []
    for start, end in zip(corners, [*corners[1:], corners[0] + 2 * math.pi], strict=True):
        normal = frame.turn + (start + end) / 2
        offset = frame.radius * math.cos((end - start) / 2)
        edges.append(x * math.cos(normal) + y * math.sin(normal) - offset)
    outline: Floats = np.max(edges, axis=0)
    return outline


def _corners(class_id: int, form: float) -> list[float]:
    """Return the angles at which a polygon's corners stand on its circumcircle, ascending."""
    if CLASSES[class_id] == "rectangle":
        half = math.atan(form)
        return [-half, half, math.pi - half, math.pi + half]
    half = math.pi * (0.5 + form / 6)
    return [-half, 0.0, half]


def _contrasting(random: np.random.Generator, colours: list[Floats]) -> Floats:
    """Return a colour [3] that stands out from all the others.

    There is one for up to seven others: each of them rules out at most one corner of the cube.
    """
    while True:
        colour = random.uniform(10, 245, size=3)
        if all(np.abs(colour - other).max() > LEAST_CONTRAST for other in colours):
            return colour


def _texture(random: np.random.Generator, height: int, width: int, colour: Floats) -> Floats:
    """Return a float64 texture [H, W, 3] about a colour: a gradient, noise and perhaps stripes."""
    y, x = np.arange(height)[:, None] / height, np.arange(width)[None, :] / width
    slope = random.uniform(-25, 25, size=(2, 3))
    texture: Floats = colour + (x[..., None] - 0.5) * slope[0] + (y[..., None] - 0.5) * slope[1]
    for cell in (32, 12, 5):
        texture += _noise(random, height, width, cell) * random.uniform(0, 10)
    if random.uniform() < 0.4:
        turn = random.uniform(0, math.pi)
        period = random.uniform(6, 20)
        along = (x * width * math.cos(turn) + y * height * math.sin(turn)) / period
        wave = np.abs((along - np.floor(along)) * 4 - 2) - 1
        texture += wave[..., None] * random.uniform(-14, 14, size=3)
    return texture


def _noise(random: np.random.Generator, height: int, width: int, cell: int) -> Floats:
    """Return smooth noise [H, W, 3] in -1..1 whose features are ``cell`` pixels wide."""
    rows, columns = height // cell + 2, width // cell + 2
    grid = random.uniform(-1, 1, size=(rows, columns, 3))
    y, x = np.arange(height) / cell, np.arange(width) / cell
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    down, right = (y - top)[:, None, None], (x - left)[None, :, None]
    tall = grid[top] * (1 - down) + grid[top + 1] * down
    noise: Floats = tall[:, left] * (1 - right) + tall[:, left + 1] * right
    return noise
