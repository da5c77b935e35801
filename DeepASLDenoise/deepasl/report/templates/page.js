/* Put the document into the page. */

function fillHead(report) {
  document.title = `${report.name} · DeepASL report`;
  put("name", report.name);
  put("summary", summaryOf(report));
  const verdict = document.getElementById("verdict");
  const count = report.warnings;
  verdict.className = count ? "verdict doubtful" : "verdict";
  if (count) {
    const link = element("a", { href: "#findings-section", textContent: count === 1 ? "Read it" : "Read them" });
    verdict.append(element("strong", { textContent: `${count} ${count === 1 ? "warning" : "warnings"}.` }), " ",
      link, " before relying on these maps.");
  } else {
    verdict.append("No check of this run raised a warning.");
  }
}

/** The scan in one line. */
function summaryOf({ parameters, volumes, geometry, maps }) {
  const said = new Map(parameters.filter((p) => p.source).map((p) => [p.field, p.value]));
  const parts = [
    [said.get("readout"), said.get("labeling_type")].filter(Boolean).join(" "),
    said.get("magnetic_field_strength"),
    said.has("labeling_duration") && `labeling ${said.get("labeling_duration")}`,
    said.has("post_labeling_delay") && `${said.get("labeling_type") === "PASL" ? "TI" : "PLD"} ${said.get("post_labeling_delay")}`,
    volumes.pairs > 0 && `${volumes.pairs} ${volumes.pairs === 1 ? "pair" : "pairs"}`,
    geometry,
    maps.grid.plane + (maps.grid.tiltDegrees >= 1 ? `, tilted ${maps.grid.tiltDegrees.toFixed(0)}°` : ""),
  ];
  return parts.filter(Boolean).join(" · ");
}

function storageNote({ layers }) {
  const stored = layers.filter((layer) => layer.data);
  const exact = (value) => Number(value.toPrecision(2));
  const [map] = stored;
  const beyond = stored.filter((layer) => layer.beyond).map((layer) => ` ${layer.beyond} voxels of ${layer.title} lie`
    + ` beyond ±${exact(32767 * layer.step)} ${layer.unit} and are shown as that.`);
  const ofDifference = layers.some((layer) => layer.minus) ? `, in the difference ${exact(map.step)}` : "";
  return `Difference and removed noise are conventional − denoised: red was lowered by the network, blue was raised.`
    + ` Values here are rounded to steps of ${exact(map.step)} ${map.unit} (error at most ${exact(map.step / 2)}`
    + `${ofDifference}); the image files of this result hold them in full.${beyond.join("")}`;
}

function statisticsNote(tissueOrigin) {
  return element("p", { className: "quiet", textContent: "SD and CoV (SD / mean) are over the voxels of a region. Grey and"
    + ` white matter: ${tissueOrigin}, in the same voxels for both maps. Change: denoised minus conventional.` });
}

/** A section of its own, or none where there is nothing to show. */
function fillOrRemove(id, parts) {
  if (parts.length) put(id, ...parts);
  else document.getElementById(`${id}-section`).remove();
}

const report = JSON.parse(document.getElementById("data").textContent);
fillHead(report);
put("storage", storageNote(report.maps));
document.getElementById("statistics-title").textContent = `Statistics (${report.unit})`;
put("findings", ...findingsParts(report.findings));
put("statistics", statisticsTable(report.statistics), statisticsNote(report.tissue));
put("figures", ...figureParts(report));
fillOrRemove("quality", report.quality ? qualityParts(report.quality) : []);
fillOrRemove("labels", report.labels.length ? [statisticsTable(report.labels)] : []);
fillOrRemove("steps", report.steps.length ? [stepsTable(report.steps)] : []);
put("parameters", ...parametersTable(report.parameters));
put("volumes", ...volumesStrip(report.volumes, report.m0));
put("model", modelDescription(report));
put("run", runDescription(report));
put("methods", ...methodsText(report.methods));
const unpacked = unpackMaps(report.maps);
startMontage(unpacked, startViewer(unpacked));
