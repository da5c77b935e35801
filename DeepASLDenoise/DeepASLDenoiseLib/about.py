"""What the module says of itself: what it is for, where the method comes from, how to cite it."""

from __future__ import annotations

from DeepASLDenoiseLib.translation import tr as _

PAPER_ADDRESS = "https://doi.org/10.1007/978-3-030-00928-1_4"

CITATION = (
    "Ulas C, Tetteh G, Kaczmarz S, Preibisch C, Menze BH. DeepASL: Kinetic Model Incorporated Loss for Denoising "
    "Arterial Spin Labeled MRI via Deep Residual Learning. MICCAI 2018, LNCS 11070, pp. 30-38. "
    f"{PAPER_ADDRESS}"
)
"""The paper that introduced the method."""


def notice() -> str:
    """What must be in view wherever maps are made."""
    return _("Research use only. Not a medical device. Nothing leaves this computer.")


def helpText() -> str:
    """The help of the module, as HTML."""
    steps = (
        _("<b>Scan</b>: load an ASL scan, or choose a sequence or volume of the scene, and M0 if it is separate."),
        _("<b>Acquisition</b>: check what was understood, and correct what is wrong."),
        _("<b>Denoise</b>: press Apply. Cancel leaves the scene as it was."),
        _("<b>Compare</b> and <b>Numbers</b>: see what the network changed before you believe it."),
        _("<b>Keep</b>: save maps, report and tables; the scene keeps everything too."),
    )
    purpose = _(
        "Denoises arterial spin labeling (ASL) MRI with the DeepASL network, computes cerebral blood flow (CBF), and "
        "shows conventional and denoised maps side by side."
    )
    more = _("Every control has a tooltip. If something fails, send the environment report of the Software section.")
    items = "".join(f"<li>{step}</li>" for step in steps)
    return f"<p>{purpose}</p><ol>{items}</ol><p>{more}</p><p><b>{notice()}</b></p>"


def acknowledgementText() -> str:
    """Whose method it is, and what to cite, as HTML."""
    method = _("The method is that of the following paper; please cite it when you use this module.")
    constants = _("Blood flow is computed as the ASL white paper recommends (Alsop et al. 2015, {address}).")
    alsop = '<a href="https://doi.org/10.1002/mrm.25197">doi:10.1002/mrm.25197</a>'
    return f"<p>{method}</p><p>{citationAsHtml()}</p><p>{constants.format(address=alsop)}</p>"


def citationAsHtml() -> str:
    """The citation with its address as a link."""
    return CITATION.replace(PAPER_ADDRESS, f'<a href="{PAPER_ADDRESS}">{PAPER_ADDRESS}</a>')
