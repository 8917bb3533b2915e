import { afterEach, beforeEach } from "vitest"
import { SimulatorBench } from "./simulator"

/**
 * Gives each test of the file, or of the enclosing suite, its own simulator bench, closed after
 * the test.
 * @returns a function that gives the running test's bench
 */
export function benchOfEachTest(): () => SimulatorBench {
    let bench: SimulatorBench
    beforeEach(() => {
        bench = new SimulatorBench()
    })
    afterEach(async () => await bench.close())
    return () => bench
}
