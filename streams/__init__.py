"""How events become records of sessions, messages and tool calls: pure stages, and the Faust app that runs them."""
