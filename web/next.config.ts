import type { NextConfig } from "next";

const config: NextConfig = {
  // Files only: the API serves them, and no Node runs beside it.
  output: "export",
  // `make web-checks` does, once.
  typescript: { ignoreBuildErrors: true },
  reactStrictMode: true,
  poweredByHeader: false,
  devIndicators: false,
};

export default config;
