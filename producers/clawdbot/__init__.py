"""The Clawdbot source: sessions of Clawdbot, Moltbot and OpenClaw, which are one family."""
