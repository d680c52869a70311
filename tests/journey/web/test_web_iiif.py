"""What the validator of the IIIF Image API 3 asks of level 2 (https://iiif.io/api/image/validator/), and what it does not."""

import io
import json

import numpy as np
import pytest
from PIL import Image

# the validator's own picture: 10 × 10 squares of 100 pixels, each of one colour
RNG = np.random.default_rng(1)
SQUARES = RNG.integers(0, 256, (10, 10), dtype=np.uint8)
COLOURS = RNG.integers(0, 256, (10, 10, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def truth():
    rng = np.random.default_rng(1665)
    waves = np.add.outer(np.sin(np.arange(1300) / 40), np.cos(np.arange(2100) / 60))
    return {
        "grey.mrc": np.kron(SQUARES, np.ones((100, 100), np.uint8)).astype(np.int16),
        "colour.tif": np.kron(COLOURS, np.ones((100, 100, 1), np.uint8)),
        "tomo.mrc": rng.normal(0, 1, (8, 30, 40)).astype(np.float32),
        "micrograph.mrc": (1000 * waves + rng.normal(0, 300, waves.shape)).astype(np.float32),
    }


@pytest.fixture(scope="module")
def web(web_of, truth):
    return web_of(truth)


@pytest.fixture(scope="module")
def bases(web):
    return {i["path"]: i["links"]["iiif"] for i in web.get("/api/v1/images").json()["items"]}


@pytest.fixture(scope="module")
def picture(web):
    def get(address):
        answer = web.get(address)
        assert answer.status_code == 200, f"{address}: {answer.text}"
        return Image.open(io.BytesIO(answer.content))

    return get


@pytest.fixture
def grey(bases):
    return bases["grey.mrc"] + ":min=0,max=255"


def squares_of(picture, side=100):
    """Colours in the middle of each square."""
    return np.asarray(picture)[side // 2 :: side, side // 2 :: side]


def test_info_json(web, bases):
    answer = web.get(bases["grey.mrc"] + "/info.json")
    info = answer.json()
    assert info["@context"] == "http://iiif.io/api/image/3/context.json"
    assert (info["type"], info["protocol"], info["profile"]) == ("ImageService3", "http://iiif.io/api/image", "level2")
    assert (info["width"], info["height"]) == (1000, 1000)
    assert info["id"] == "http://archive.example" + bases["grey.mrc"]
    assert info["tiles"] == [{"width": 512, "height": 512, "scaleFactors": [1, 2]}]
    assert {"width": 500, "height": 500} in info["sizes"] and {"width": 1000, "height": 1000} in info["sizes"]
    assert answer.headers["access-control-allow-origin"] == "*" and answer.headers["content-type"] == "application/json"
    assert info["service"][0]["physicalScale"] == pytest.approx(2.5e-7) and info["service"][0]["physicalUnits"] == "mm"


def test_info_json_as_linked_data(web, bases):
    answer = web.get(bases["grey.mrc"] + "/info.json", headers={"accept": "application/ld+json"})
    assert answer.headers["content-type"] == 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'
    assert json.loads(answer.content)["profile"] == "level2"


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_base_leads_to_info_json(web, bases, slash):
    answer = web.get(bases["grey.mrc"] + slash)
    assert answer.status_code == 303 and answer.headers["location"] == f"http://archive.example{bases['grey.mrc']}/info.json"


@pytest.mark.parametrize(
    ("name", "kind", "mode"), [("jpg", "JPEG", None), ("png", "PNG", None), ("webp", "WEBP", None), ("tif", "TIFF", None)]
)
def test_formats(web, grey, name, kind, mode):
    answer = web.get(f"{grey}/full/max/0/default.{name}")
    shown = Image.open(io.BytesIO(answer.content))
    assert shown.format == kind and answer.headers["content-type"] == Image.MIME[kind]
    assert np.abs(squares_of(shown.convert("L")).astype(int) - SQUARES).max() <= 4


@pytest.mark.parametrize("quality", ["default", "gray", "color", "bitonal"])
def test_qualities(picture, bases, grey, quality):
    shown = picture(f"{bases['colour.tif']}/full/max/0/{quality}.png")
    assert {"default": "RGB", "color": "RGB", "gray": "L", "bitonal": "1"}[quality] == shown.mode
    if quality in ("default", "color"):
        assert np.array_equal(squares_of(shown), COLOURS)
    assert picture(f"{grey}/full/max/0/{quality}.png").mode == {"default": "L", "color": "RGB", "gray": "L", "bitonal": "1"}[quality]


@pytest.mark.parametrize("at", [(0, 0), (3, 7), (9, 9)])
def test_regions_by_pixels_and_percent(picture, grey, at):
    y, x = at
    for region in (f"{x * 100},{y * 100},100,100", f"pct:{x * 10},{y * 10},10,10"):
        shown = picture(f"{grey}/{region}/max/0/default.png")
        assert shown.size == (100, 100) and (np.asarray(shown) == SQUARES[y, x]).all()


def test_a_region_is_cut_off_at_the_edge(picture, grey):
    assert picture(f"{grey}/950,950,100,100/max/0/default.png").size == (50, 50)


def test_a_region_is_scaled_and_turned_after_it_is_cut_out(picture, grey):
    part = SQUARES[2:5, 1:6]
    for size, side in (("max", 100), ("250,150", 50), ("pct:40", 40), (",150", 50)):
        shown = picture(f"{grey}/100,200,500,300/{size}/0/default.png")
        assert np.abs(squares_of(shown, side).astype(int) - part).max() <= 4
    turned = picture(f"{grey}/100,200,500,300/max/!90/default.png")
    assert turned.size == (300, 500) and np.array_equal(squares_of(turned), np.rot90(part[:, ::-1], -1))


def test_every_site_may_read_and_ask_what_it_may(web, grey):
    for path in ("/info.json", "/full/max/0/default.jpg"):
        answer = web.get(grey + path, headers={"origin": "https://viewer.example"})
        assert answer.headers["access-control-allow-origin"] == "*" and "Link" in answer.headers["access-control-expose-headers"]
        assert 'rel="profile"' in answer.headers["link"]


def test_every_plane_has_a_picture(web, bases):
    assert all(bases.values()) and len(bases) == 4


def test_square(picture, bases):
    assert picture(f"{bases['micrograph.mrc']}/square/max/0/default.jpg").size == (1300, 1300)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("max", (1000, 1000)),
        ("500,", (500, 500)),
        (",250", (250, 250)),
        ("pct:30", (300, 300)),
        ("333,777", (333, 777)),
        ("!400,900", (400, 400)),
        ("!2000,3000", (1000, 1000)),
        ("^max", (8192, 8192)),
        ("^1500,", (1500, 1500)),
        ("^!1200,1600", (1200, 1200)),
        ("^pct:110", (1100, 1100)),
    ],
)
def test_sizes(picture, grey, size, expected):
    shown = picture(f"{grey}/full/{size}/0/default.png")
    assert shown.size == expected
    middles = [
        [np.asarray(shown)[round((r + 0.5) * expected[1] / 10), round((c + 0.5) * expected[0] / 10)] for c in range(10)] for r in range(10)
    ]
    assert np.abs(np.asarray(middles, int) - SQUARES).max() <= 4


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", ["", "!"])
def test_rotations_and_mirrors(picture, grey, rotation, mirror):
    shown = squares_of(picture(f"{grey}/full/max/{mirror}{rotation}/default.png"))
    expected = SQUARES[:, ::-1] if mirror else SQUARES
    assert np.array_equal(shown, np.rot90(expected, -rotation // 90))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("1000,0,10,10/max/0/default.jpg", 400),
        ("0,0,0,0/max/0/default.jpg", 400),
        ("wrong/max/0/default.jpg", 400),
        ("full/1001,/0/default.jpg", 400),
        ("full/0,0/0/default.jpg", 400),
        ("full/wrong/0/default.jpg", 400),
        ("full/full/0/default.jpg", 400),
        ("full/max/13x/default.jpg", 400),
        ("full/max/-1/default.jpg", 400),
        ("full/max/361/default.jpg", 400),
        ("full/max/22.5/default.jpg", 501),
        ("full/max/0/native.jpg", 400),
        ("full/max/0/default.exe", 400),
        ("full/max/0/default", 404),
        ("full/max/0", 404),
        ("full/^99999999,/0/default.png", 400),
        ("full/max/0/../../default.png", 404),
    ],
)
def test_what_makes_no_sense_is_refused(web, grey, request_, status):
    answer = web.get(f"{grey}/{request_}")
    assert answer.status_code == status and len(answer.json()["message"]) > 20


@pytest.mark.parametrize(
    "identifier", ["nothing", "MG-10001.1.99", "MG-99999.1.1", "MG-10001.1.1:q=1", "MG-10001.1.1:z=99", "%2Fetc%2Fpasswd", "a%00b"]
)
def test_what_is_not_there_is_not_found(web, identifier):
    for rest in ("", "/info.json", "/full/max/0/default.jpg"):
        assert web.get(f"/iiif/3/{identifier}{rest}").status_code == 404


def test_links_name_the_canonical_address(web, grey):
    answer = web.get(f"{grey}/0,0,1000,1000/pct:50/0/default.jpg")
    base = "http://archive.example" + grey
    assert f'<{base}/full/500,500/0/default.jpg>;rel="canonical"' in answer.headers["link"]
    assert '<http://iiif.io/api/image/3/level2.json>;rel="profile"' in answer.headers["link"]
    again = web.get(f"{grey}/full/500,500/0/default.jpg", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_tiles_make_up_the_picture(web, picture, bases):
    base = bases["micrograph.mrc"]
    info = web.get(base + "/info.json").json()
    whole = np.asarray(picture(f"{base}/full/max/0/default.png"))
    for factor in info["tiles"][0]["scaleFactors"]:
        step = 512 * factor
        width, height = -(-info["width"] // factor), -(-info["height"] // factor)
        sheet = np.zeros((height, width), np.uint8)
        for y in range(0, info["height"], step):
            for x in range(0, info["width"], step):
                w, h = min(step, info["width"] - x), min(step, info["height"] - y)
                size = (-(-w // factor), -(-h // factor))
                tile = picture(f"{base}/{x},{y},{w},{h}/{size[0]},{size[1]}/0/default.png")
                assert tile.size == size
                sheet[y // factor : y // factor + size[1], x // factor : x // factor + size[0]] = tile
        shown = np.asarray(picture(f"{base}/full/{width},{height}/0/default.png")) if factor > 1 else whole
        assert np.abs(sheet.astype(int) - shown).mean() < 2


def test_sections_and_projections(web, picture, bases, truth):
    base, volume = bases["tomo.mrc"], truth["tomo.mrc"]
    for options, plane in (
        ("z=3", volume[3]),
        ("y=3", volume[:, 3]),
        ("x=3", volume[..., 3]),
        ("projection=mean", volume.mean(axis=0)),
        ("projection=max", volume.max(axis=0)),
    ):
        shown = np.asarray(picture(f"{base}:{options}/full/max/0/default.png"))
        assert shown.shape == plane.shape and np.corrcoef(shown.ravel(), plane.ravel())[0, 1] > 0.95
    middle = np.asarray(picture(f"{base}/full/max/0/default.png"))
    assert np.array_equal(middle, np.asarray(picture(f"{base}:z=4/full/max/0/default.png")))
    assert web.get(f"{base}:z=4/info.json").json()["id"].endswith(":z=4")


def test_contrast_and_colour(picture, bases, truth):
    base, plane = bases["tomo.mrc"] + ":z=2,min=-1,max=1", truth["tomo.mrc"][2]
    expected = np.clip((plane + 1) / 2 * 255, 0, 255)
    shown = np.asarray(picture(f"{base}/full/max/0/default.png"), float)
    assert np.abs(shown - expected).max() < 1
    assert np.array_equal(255 - shown, np.asarray(picture(f"{base},invert=1/full/max/0/default.png")))
    red = np.asarray(picture(f"{base},colour=ff0000/full/max/0/default.png"))
    assert np.array_equal(red[..., 0], shown) and not red[..., 1:].any()


def test_a_picture_is_read_in_bands_and_comes_out_the_same(monkeypatch, picture, bases):
    from micrographia.web.iiif import render

    address = bases["micrograph.mrc"] + ":min=-2000,max=2000/100,50,1900,1200/301,190/0/default.png"
    whole = np.asarray(picture(address))
    monkeypatch.setattr(render, "_BAND_BYTES", 40_000)
    assert np.array_equal(whole, np.asarray(picture(address)))
