import { Connection } from "../../console/connection"
import { deploy, StartLog } from "../../console/deployment"
import { openLine } from "../../console/ports"
import { ProgramManager } from "../../console/programmanager"

/** Zeros: the board has no program. */
export const noProgram = "00".repeat(32)

/** The hash of the program on the board at a serial port. */
export async function heldProgram(port: string): Promise<string> {
    const connection = await Connection.reach(await openLine(port), () => undefined)
    try {
        return await (await ProgramManager.find(connection.bus, connection.lost)).programHash()
    } finally {
        await connection.close()
    }
}

/** Deploys once, as the command does. @returns its report; throws the command's error */
export async function deployOnce(
    port: string,
    image: Uint8Array,
    onProgress: (done: number) => void = () => undefined,
): Promise<string> {
    const log = new StartLog()
    const connection = await Connection.reach(await openLine(port), line => log.take(line))
    try {
        const manager = await ProgramManager.find(connection.bus, connection.lost)
        return await deploy(connection, manager, image, log, { onProgress })
    } finally {
        await connection.close()
    }
}
