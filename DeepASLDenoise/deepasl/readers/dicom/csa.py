"""The private headers of Siemens scanners: the CSA list of named items, and the measurement protocol.

The layout of a CSA header (``SV10``) is described in the documentation of NiBabel, "Siemens format DICOM with CSA
header".
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset

TAG = struct.Struct("<64si4s3i")
ITEM = struct.Struct("<4i")

PROTOCOL = re.compile(rb"### ASCCONV BEGIN[^\n]*\n(.*?)### ASCCONV END", re.DOTALL)


@dataclass(frozen=True)
class MeasurementProtocol:
    """The protocol a Siemens scan was run with: the part between the ASCCONV marks.

    Attributes:
        values: Text by name, such as ``"1200000.0"`` for ``"sWipMemBlock.adFree[2]"``.
    """

    values: Mapping[str, str]

    @property
    def sequence(self) -> str:
        """Name of the pulse sequence in lower case, e.g. ``tgse_pcasl_ve11c``; empty if unknown."""
        return re.split(r"[\\/]", self.values.get("tSequenceFileName", ""))[-1].lower()

    def number(self, name: str) -> float | None:
        """A number of the protocol; zeros are left out by the scanner, so None may mean 0."""
        text = self.values.get(name, "")
        try:
            return float(int(text, 16)) if text.startswith("0x") else float(text)
        except ValueError:
            return None

    def seconds(self, name: str) -> float | None:
        """A time of the protocol, which has microseconds, in s."""
        microseconds = self.number(name)
        return None if microseconds is None else round(microseconds * 1e-6, 6)


def measurement_protocol(header: bytes) -> MeasurementProtocol:
    """The protocol within a CSA series header or an XA protocol; without values if there is none."""
    found = PROTOCOL.search(header)
    if found is None:
        return MeasurementProtocol({})
    lines = (line.partition("=") for line in found[1].decode("latin-1").splitlines())
    return MeasurementProtocol({name.strip(): value.strip().strip('"') for name, _, value in lines if value})


def csa_item(header: bytes, name: str) -> tuple[str, ...]:
    """The values of one item of a CSA header; none if it is absent or the header is damaged."""
    if header[:4] != b"SV10":
        return ()
    try:
        (count,) = struct.unpack_from("<i", header, 8)
        offset = 16
        for _ in range(count):
            label, _, _, _, items, _ = TAG.unpack_from(header, offset)
            offset += TAG.size
            texts = []
            for _ in range(items):
                length = ITEM.unpack_from(header, offset)[1]
                offset += ITEM.size
                texts.append(header[offset : offset + length].split(b"\0")[0].decode("latin-1").strip())
                offset += -(-length // 4) * 4
            if label.split(b"\0")[0].decode("latin-1") == name:
                return tuple(text for text in texts if text)
    except struct.error:
        return ()
    return ()


def sequence_in_base64(coded: str) -> Dataset:
    """A DICOM data set without file header (explicit VR, little endian) from its base64 text; empty if damaged."""
    from pydicom import Dataset, dcmread

    try:
        return dcmread(io.BytesIO(base64.b64decode(coded)), force=True)
    except (binascii.Error, EOFError, ValueError, KeyError, NotImplementedError):
        return Dataset()
