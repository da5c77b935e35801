/* The figures of a run: what the volumes did, and how the maps differ. */

const WIDE = { width: 1200, height: 240 };

function figureParts(report) {
  const { signal, motion, histograms, agreement } = report.figures;
  const roles = report.volumes.volumes.map(({ role }) => role);
  return [
    ...(signal ? [signalFigure(signal, report.volumes.volumes)] : []),
    ...(motion ? motionFigures(motion, roles) : []),
    ...histograms.map((histogram) => histogramFigure(histogram, report.unit)),
    ...(agreement ? [agreementFigure(agreement, report.unit)] : []),
  ];
}

/** Mean signal of each volume in the brain; volumes beyond the range of control and label stand at its upper end. */
function signalFigure({ values, range }, volumes) {
  const made = chart("Signal of each volume", { range: [-1, values.length], title: "Volume (the first is 0)", whole: true },
    { range, title: "Mean in the brain, a.u." }, WIDE);
  const inside = (value) => Math.min(Math.max(value, range[0]), range[1]);
  const shown = volumes.map((volume, t) => ({ ...volume, t, value: values[t] }));
  for (const role of ["control", "label", "deltam"]) {
    const line = shown.filter((v) => v.role === role).map((v) => [v.t, inside(v.value)]);
    made.add(polyline(made, line, `line ${role}`));
  }
  for (const { role, used, reason, t, value } of shown) {
    const place = [made.x(t), made.y(inside(value))];
    const kind = role === "n/a" ? "none" : role;
    const beyond = value === inside(value) ? "" : " (beyond the range)";
    const title = `Volume ${t}: ${ROLES[role][1]}, ${Number(value.toPrecision(5))}${beyond}${used ? "" : `; left out${reason ? `: ${reason}` : ""}`}`;
    made.add(dot(place, `dot ${kind}`, title));
    if (!used) made.add(cross(place));
  }
  const roles = Object.keys(ROLES).filter((role) => volumes.some((v) => v.role === role));
  const keys = roles.map((role) => [`fill ${role === "n/a" ? "none" : role}`, ROLES[role][1]]);
  const out = shown.filter((v) => !v.used);
  const above = shown.filter((v) => v.value !== inside(v.value));
  const sentences = [out.length ? `Crossed out: volume ${ranges(out.map((v) => v.t))}, left out.` : "Every volume was used."];
  if (above.length) sentences.push(`Volume ${ranges(above.map((v) => v.t))} lies beyond the range shown.`);
  return figure("Signal of each volume", made.node, keys, sentences.join(" "), "wide");
}

function cross([x, y]) {
  const at = 5;
  const path = `M${x - at} ${y - at}L${x + at} ${y + at}M${x - at} ${y + at}L${x + at} ${y - at}`;
  return svg("path", { d: path, class: "cross" });
}

function histogramFigure({ region, range, conventional, denoised }, unit) {
  const top = Math.max(...conventional, ...denoised) * 1.08 || 1;
  const title = `Histogram, ${region}`;
  const made = chart(title, { range, title: unit }, { range: [0, top], title: "Voxels, %" });
  const width = (range[1] - range[0]) / conventional.length;
  const outline = (shares) => [
    [range[0], 0], ...shares.flatMap((share, n) => [[range[0] + n * width, share], [range[0] + (n + 1) * width, share]]), [range[1], 0],
  ];
  made.add(polyline(made, outline(conventional), "area conventional"), polyline(made, outline(denoised), "area denoised"));
  if (range[0] < 0) made.add(svg("line", { x1: made.x(0), x2: made.x(0), y1: made.y(0), y2: made.y(top), class: "zero" }));
  return figure(title, made.node, [["fill conventional", "conventional"], ["fill denoised", "denoised"]],
    `${range[0] < 0 ? "Left of the dashed line is negative flow, which only noise or error makes. " : ""}99 % of the values are shown.`);
}

/** Difference over mean of both maps in each voxel, with its mean and 95 % limits. */
function agreementFigure({ region, voxels, shown, bias, lower, upper, mean, difference }, unit) {
  const spread = (values, ...more) => {
    const sorted = [...values].sort((a, b) => a - b);
    const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
    const [low, high] = [Math.min(at(0.002), ...more), Math.max(at(0.998), ...more)];
    const margin = 0.05 * (high - low) || 1;
    return [low - margin, high + margin];
  };
  const across = spread(mean);
  const up = spread(difference, lower, upper, 0);
  const made = chart(`Bland-Altman, ${region}`, { range: across, title: `Mean of both maps, ${unit}` },
    { range: up, title: "Denoised − conventional" });
  const within = (value, [low, high]) => value >= low && value <= high;
  mean.forEach((value, n) => {
    if (!within(value, across) || !within(difference[n], up)) return;
    made.add(svg("circle", { cx: made.x(value).toFixed(1), cy: made.y(difference[n]).toFixed(1), r: 1.6, class: "point" }));
  });
  const level = (value, className) => svg("line",
    { x1: made.box.left, x2: made.box.width - made.box.right, y1: made.y(value), y2: made.y(value), class: className });
  made.add(level(0, "zero"), level(bias, "bias"), level(lower, "limit"), level(upper, "limit"));
  const digits = Math.abs(upper - lower) >= 10 ? 1 : 3;
  const some = shown < voxels ? ` ${shown} of ${voxels} voxels are drawn.` : "";
  return figure(`Bland-Altman, ${region}`, made.node, [["fill bias", "mean difference"], ["fill limit", "95 % limits"]],
    `Mean difference ${signed(bias, digits)}, 95 % limits ${signed(lower, digits)} to ${signed(upper, digits)} ${unit}.${some}`
    + " Points slope down where one map is noisier than the other, even without any bias.");
}
