import { type History, logKey, SentFile } from "../../src/upload/history"
import { DeviceBuffer } from "./devicebuffer"

/** What stands for the server in the lines that noteSent() makes. */
const notedServer = 7

/** Has the history note that so many bytes of a file on the card were confirmed. */
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

/** A history line as it was before files were marked. */
export function oldLine(name: string, bytes: number | string, remoteName: string): string {
    return `${name},${bytes},2026-11-22 12:00:00,${remoteName}\r\n`
}
