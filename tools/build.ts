import { basename } from "node:path"
import { parseArgs } from "node:util"
import { firmware, readManifest, type Program } from "./firmware"

function print(program: Program, wall: number): void {
    console.log(`${program.entry} -> built/${basename(program.imagePath)}`)
    const rows = [...program.folderBytes].sort((a, b) => b[1] - a[1])
    for (const [folder, bytes] of rows) console.log(`  ${String(bytes).padStart(6)}  ${folder}`)
    console.log(
        `  ${String(program.codeBytes).padStart(6)}  code in the image (compiled ${program.compiledBytes}), ` +
            `${wall - program.codeBytes} bytes below the wall of ${wall}; image ${program.imageBytes} bytes`,
    )
}

const { values } = parseArgs({
    options: {
        /** Prints the end of the code after each step of the optimizer. */
        report: { type: "boolean", default: false },
    },
})

function printStep(step: string, codeEnd: number): void {
    console.log(`  ${String(codeEnd).padStart(6)}  after ${step}`)
}

const manifest = readManifest()
const { codeBytes, codeBytesWall, imageBytes } = manifest.budgets
for (const entry of [manifest.entries.board, manifest.entries.simulator]) {
    try {
        const program = await firmware(entry, {
            force: true,
            ...(values.report ? { report: printStep } : {}),
        })
        print(program, codeBytesWall)
        if (program.codeBytes > codeBytes || program.imageBytes > imageBytes) {
            console.error(
                `${entry} is over its budget: code ${program.codeBytes} of ${codeBytes} bytes, ` +
                    `image ${program.imageBytes} of ${imageBytes} bytes`,
            )
            process.exitCode = 1
        }
    } catch (failure) {
        console.error((failure as Error).message)
        process.exitCode = 1
    }
}
// The runtime that verified the images keeps a timer running.
process.exit()
