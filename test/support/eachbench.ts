import { afterEach, beforeEach } from "vitest"
import { SimulatorBench } from "./simulator"

/**
 * A simulator bench of its own for each test of the file, or of the suite it is called in; it goes
 * with its test.
 * @returns that of the test that runs
 */
export function benchOfEachTest(): () => SimulatorBench {
    let bench: SimulatorBench
    beforeEach(() => {
        bench = new SimulatorBench()
    })
    afterEach(async () => await bench.close())
    return () => bench
}
