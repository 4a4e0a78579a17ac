// Canvases: sharp on every screen, with plane coordinates, and drawn at most once a frame.

/** A context cleared and scaled so that one unit is a CSS pixel, with the canvas's CSS size. */
export function prepare(canvas) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const density = Math.min(3, devicePixelRatio || 1);
  const [w, h] = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, width, height);
  Object.assign(context, { lineJoin: "round", lineCap: "round", textAlign: "left", textBaseline: "alphabetic" });
  return { context, width, height };
}

/** Plane to pixels, the second coordinate upwards. */
export function frame([left, right, bottom, top], [x0, x1, y0, y1]) {
  const [sx, sy] = [(x1 - x0) / (right - left), (y1 - y0) / (top - bottom)];
  return {
    x: (x) => x0 + (x - left) * sx,
    y: (y) => y1 - (y - bottom) * sy,
    back: (px, py) => [left + (px - x0) / sx, bottom + (y1 - py) / sy],
  };
}

export function tracePolygon(context, at, points) {
  for (let i = 0; i < points.length; i++) {
    const [x, y] = points[i];
    if (i === 0) context.moveTo(at.x(x), at.y(y));
    else context.lineTo(at.x(x), at.y(y));
  }
  context.closePath();
}

/**
 * Fill polygons. Smoothing leaves seams: borders drawn on top hide them, else a hairline of the same colour
 * closes them, which takes as long again.
 */
export function fillPolygons(context, at, polygons, colours, { hairline = true } = {}) {
  context.lineWidth = 0.7;
  for (let k = 0; k < polygons.length; k++) {
    context.beginPath();
    tracePolygon(context, at, polygons[k]);
    context.fillStyle = colours[k];
    context.fill();
    if (!hairline) continue;
    context.strokeStyle = colours[k];
    context.stroke();
  }
}

/** A function that runs `draw` in the next frame, once however often it is called before. */
export function oncePerFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

export const centroid = (points) => {
  let [area, x, y] = [0, 0, 0];
  const [ox, oy] = points[0];
  points.forEach(([px, py], i) => {
    const [qx, qy] = points[(i + 1) % points.length];
    const cross = (px - ox) * (qy - oy) - (qx - ox) * (py - oy);
    area += cross;
    x += cross * (px + qx - 2 * ox);
    y += cross * (py + qy - 2 * oy);
  });
  return area > 0 ? [ox + x / (3 * area), oy + y / (3 * area)] : points[0];
};

export function polygonArea(points) {
  const [ox, oy] = points[0];
  return points.reduce((sum, [px, py], i) => {
    const [qx, qy] = points[(i + 1) % points.length];
    return sum + ((px - ox) * (qy - oy) - (qx - ox) * (py - oy)) / 2;
  }, 0);
}
