// What a person who opens an artifact can be told.

/** An artifact that is missing, damaged, or not one that dlconv made. */
export class ArtifactError extends Error {
  override name = "ArtifactError";
}

/** A backend that this browser, or this device, does not have. */
export class BackendError extends Error {
  override name = "BackendError";
}
