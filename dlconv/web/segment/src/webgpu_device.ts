// A device of WebGPU with all that its adapter has to give.

import { BackendError } from "./errors.ts";

const FEATURES: readonly GPUFeatureName[] = ["shader-f16", "subgroups"];
const LIMITS = [
  "maxBufferSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
] as const;

/** Rejects with BackendError where there is none. */
export async function openDevice(): Promise<GPUDevice> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new BackendError("this browser has no WebGPU on this device");
  const requiredFeatures = FEATURES.filter((name) => adapter.features.has(name));
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  return adapter.requestDevice({ requiredFeatures, requiredLimits });
}

/** What a device runs on, empty where the browser does not say. */
export function nameOf({ adapterInfo }: GPUDevice): string {
  const { vendor, architecture, device, description } = adapterInfo ?? {};
  return [vendor, architecture, device, description].filter(Boolean).join(" ");
}
