/* How the head moved: shift, rotation and framewise displacement of every volume that shows it. */

const AXES = [["x", "right"], ["y", "front"], ["z", "up"]];

function motionFigures({ shift, rotation, displacement, volumes, corrected }, roles) {
  const across = { range: [-1, roles.length], title: "Volume (the first is 0)", whole: true };
  const done = corrected ? "Corrected" : "Not corrected, because the head kept still";
  return [
    axesFigure("Shift of the head", "mm", shift, volumes, across, `${done}. Against where the head mostly was.`),
    axesFigure("Rotation of the head", "degrees", rotation, volumes, across,
      "About the axis that points there, right-handed, through the middle of the image."),
    displacementFigure(displacement, volumes, roles, across),
  ];
}

function axesFigure(title, unit, rows, volumes, across, caption) {
  const largest = Math.max(...rows.flat().map(Math.abs), 0.1) * 1.08;
  const made = chart(title, across, { range: [-largest, largest], title: unit });
  made.add(svg("line", { x1: made.x(across.range[0]), x2: made.x(across.range[1]), y1: made.y(0), y2: made.y(0), class: "zero" }));
  AXES.forEach(([axis], n) => made.add(polyline(made, volumes.map((t) => [t, rows[n][t]]), `path ${axis}`)));
  return figure(title, made.node, AXES.map(([axis, name]) => [`fill ${axis}`, name]), caption);
}

function displacementFigure(values, volumes, roles, across) {
  const shown = volumes.map((t) => values[t]);
  const made = chart("Framewise displacement", across, { range: [0, Math.max(...shown, 0.1) * 1.08], title: "mm" });
  for (const t of volumes) {
    made.add(svg("line", { x1: made.x(t), x2: made.x(t), y1: made.y(0), y2: made.y(values[t]), class: "stem" }),
      dot([made.x(t), made.y(values[t])], `dot ${roles[t]}`, `Volume ${t}: ${values[t].toFixed(2)} mm`, 2));
  }
  const mean = shown.reduce((sum, value) => sum + value, 0) / shown.length;
  const kinds = Object.keys(ROLES).filter((role) => volumes.some((t) => roles[t] === role));
  return figure("Framewise displacement", made.node, kinds.map((role) => [`fill ${role}`, ROLES[role][1]]),
    `Against the volume before of the same kind; mean ${mean.toFixed(2)} mm, largest ${Math.max(...shown).toFixed(2)} mm.`);
}
