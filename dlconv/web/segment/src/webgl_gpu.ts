// TF.js's WebGL backend, on a canvas of ours, so that tensors can be drawn on it.

import { type MathBackendWebGL, setWebGLContext } from "@tensorflow/tfjs-backend-webgl";
import * as tf from "@tensorflow/tfjs-core";

import type { Gpu } from "./gpu.ts";
import { Loss } from "./loss.ts";

const ATTRIBUTES = {
  alpha: true,
  antialias: false,
  depth: false,
  stencil: false,
  failIfMajorPerformanceCaveat: true,
} as const;

const GONE = "its WebGL context is gone";

const VERTICES = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3 : -1, gl_VertexID == 2 ? 3 : -1, 0, 1);
}`;

// A canvas has premultiplied alpha, and its first row is the last one of WebGL.
const PIXELS = `#version 300 es
precision highp float;
uniform sampler2D image;
out vec4 colour;
void main() {
  ivec2 place = ivec2(gl_FragCoord.xy);
  vec4 rgba = texelFetch(image, ivec2(place.x, textureSize(image, 0).y - 1 - place.y), 0);
  colour = vec4(rgba.rgb * rgba.a, rgba.a);
}`;

/** Make the canvas that the backend is going to use when it starts next. */
export async function prepareWebgl(): Promise<() => Gpu> {
  const canvas = ownCanvas();
  const gl = canvas?.getContext("webgl2", ATTRIBUTES);
  if (gl) setWebGLContext(2, gl);
  return () => gpuOf(gl === backend().gpgpu.gl ? canvas : null);
}

/** In Safari a canvas without a document has no fences: TF.js takes another one there. */
function ownCanvas(): OffscreenCanvas | null {
  if (typeof OffscreenCanvas === "undefined" || tf.env().getBool("IS_SAFARI")) return null;
  return new OffscreenCanvas(1, 1);
}

function backend(): MathBackendWebGL {
  return tf.backend() as MathBackendWebGL;
}

function gpuOf(canvas: OffscreenCanvas | null): Gpu {
  const { gpgpu } = backend();
  const gl = gpgpu.gl as WebGL2RenderingContext;
  const loss = new Loss(() => (gl.isContextLost() ? GONE : null));
  gl.canvas.addEventListener("webglcontextlost", () => loss.tell(GONE));
  const program = canvas && newProgram(gl);

  function draw(rgba: tf.Tensor3D): ImageBitmap {
    const [height, width] = rgba.shape;
    const { texture, tensorRef } = rgba.dataToGPU({ customTexShape: [height, width] });
    if (canvas!.width !== width || canvas!.height !== height) {
      canvas!.width = width;
      canvas!.height = height;
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, width, height);
    gl.scissor(0, 0, width, height);
    gl.useProgram(program);
    gl.bindVertexArray(null);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture!);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.bindTexture(gl.TEXTURE_2D, null);
    tensorRef.dispose();
    return canvas!.transferToImageBitmap();
  }

  return {
    loss,
    draws: Boolean(program) && tf.env().getBool("WEBGL_RENDER_FLOAT32_ENABLED"),
    draw,
    done: () => gpgpu.createAndWaitForFence(),
  };
}

function newProgram(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTICES],
    [gl.FRAGMENT_SHADER, PIXELS],
  ] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  return program;
}
