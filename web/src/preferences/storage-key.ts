/** Where the browser keeps the preferences: read by them, and before anything is painted. */
export const STORAGE_KEY = "sessiontrack.preferences";
