import { type History, logKey, SentFile } from "../../src/upload/history"
import { DeviceBuffer } from "./devicebuffer"

/** The server's number in the lines that noteSent() makes. */
const notedServer = 7

/** Makes the history note that `bytes` bytes of a file on the card were confirmed. */
export async function noteSent(
    history: History,
    name: string,
    bytes: number,
    remoteName: string,
    generation: number,
    sizeBytes = bytes,
): Promise<void> {
    const file = new SentFile(logKey(DeviceBuffer.from(name) as never, 0), sizeBytes)
    file.remoteName = remoteName
    file.server = notedServer
    await history.addLine(file, bytes, generation)
}

/** A history line of firmware that did not mark files. */
export function oldLine(name: string, bytes: number | string, remoteName: string): string {
    return `${name},${bytes},2026-11-22 12:00:00,${remoteName}\r\n`
}
