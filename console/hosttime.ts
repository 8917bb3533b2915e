const now = /^\s*time\s+set\s+now\s*$/

/**
 * The line for the board: "time set now" becomes the host's time in Unix seconds ("time set
 * @1795345200"), because the zones of host and board may differ.
 * @param nowMs the host's time, Unix ms
 */
export function withHostTime(
    line: string | Uint8Array,
    nowMs: number = Date.now(),
): string | Uint8Array {
    const text = typeof line === "string" ? line : new TextDecoder("latin1").decode(line)
    return now.test(text) ? `time set @${Math.round(nowMs / 1000)}` : line
}
