import { withoutSecret } from "../console/secrets"
import { beginsImport, endsImport } from "../console/setupfile"
import { runEvent, type ScriptStep } from "./events"
import type { LinePrinter } from "./lineprinter"
import type { Simulation } from "./simulation"

/** Runs the steps of an --exec file in order. @returns the number refused without a leading `-` */
export async function runScript(
    steps: readonly ScriptStep[],
    simulation: Simulation,
    printer: LinePrinter,
): Promise<number> {
    let refused = 0
    /** The board has refused an import: its block's lines alone would be half a set-up. */
    let skipping = false
    for (const step of steps) {
        if (skipping) {
            skipping = !endsImport(step.line)
            continue
        }
        printer.line("> " + withoutSecret(step.line))
        const accepted = await runStep(step, simulation, printer)
        if (!accepted && !(step.kind !== "sleep" && step.allowed)) refused++
        skipping = !accepted && beginsImport(step.line)
        if (skipping) printer.line("refused, so its whole block is skipped")
    }
    return refused
}

async function runStep(
    step: ScriptStep,
    simulation: Simulation,
    printer: LinePrinter,
): Promise<boolean> {
    try {
        if (step.kind === "sleep") await simulation.clock.sleep(step.boardMs)
        else if (step.kind === "event") await runEvent(step.line, simulation)
        else return await runCommand(step.line, step.bytes, simulation)
        return true
    } catch (failure) {
        printer.line((failure as Error).message)
        return false
    }
}

/** Waits for a requested reset to finish before the next line. */
async function runCommand(
    line: string,
    bytes: Uint8Array,
    simulation: Simulation,
): Promise<boolean> {
    const resets = simulation.board.resets
    const accepted = (await simulation.execute(bytes)) === 0
    if (accepted && line.trim() === "reset now") await simulation.resetAfter(resets)
    return accepted
}
